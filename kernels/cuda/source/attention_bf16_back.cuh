// The gradient of attention with bfloat16 products: q's by blocks of queries, k's and v's by blocks of keys, so that every sum
// has one order and no two threads add to the same place. See kernels/cpu/attention_backward.go for the formulas. All
// operands are bfloat16 rows of W elements: q and dout (T,H,W), k and v (T,G,W).
#pragma once
#include "attention_bf16.cuh"

// Keys of a step: 64, or 16 where heads are so wide that registers allow no more.
template <int W> struct StepOf { static constexpr int KEYS = W > 128 ? 16 : 64; };

template <int W> struct QueryGradient : Rows { bf16 q[ROWS * W], dout[ROWS * W], k[StepOf<W>::KEYS * W], v[StepOf<W>::KEYS * W]; };

#define GRADIENT_OF_Q                                                                                                    \
  float *dq, const bf16 *dout, const float *lse, const float *delta, const bf16 *q, const bf16 *k, const bf16 *v,       \
      const Item *items, const Query *queries, const int *tiles, const int *rows, int H, int G, int D, float scale, float cap, int window
#define GRADIENT_OF_Q_ARGS dq, dout, lse, delta, q, k, v, items, queries, tiles, rows, H, G, D, scale, cap, window

// dq (T,H·D) of the rows of item blockIdx.x under key/value head blockIdx.y: Σ over the keys of dS · k.
template <int W> DEV void gradient_of_q(GRADIENT_OF_Q) {
  constexpr int KEYS = StepOf<W>::KEYS, STEPS = TILE / KEYS;
  SHARED_DYN(QueryGradient<W>, s);
  int lane = threadIdx.x & 31, row0 = threadIdx.x / 32 * 16, row = row0 + lane / 4, lowest, highest;
  Item it = fetch(items + blockIdx.x);
  find_rows(*s, it, queries, H, H / G, &lowest, &highest);
  int step = max(it.from, first_seen(lowest, window) / TILE) * STEPS, end = (it.keys + KEYS - 1) / KEYS;

  auto load = [&](bf16 *dst, const bf16 *x, int step) {
    if (step < end) {
      int entry = gld(tiles + it.tiles + step / STEPS), from = step % STEPS * KEYS, n = min(TILE, it.keys - step / STEPS * TILE);
      copy_heads<W, KEYS>(dst, x, [&](int j) {
        int r = tile_row(entry, rows, from + j, n);
        return r < 0 ? -1 : r * G + (int)blockIdx.y;
      });
    }
    cp_commit();
  };
  copy_heads<W, ROWS>(s->q, q, [&](int r) { return s->query[r]; });
  copy_heads<W, ROWS>(s->dout, dout, [&](int r) { return s->query[r]; });
  load(s->v, v, step);
  load(s->k, k, step);
  float acc[W / 8][4] = {}, sum[2], mean[2];
#pragma unroll
  for (int i = 0; i < 2; i++) {
    int at = s->query[row + 8 * i];
    sum[i] = at < 0 ? 0 : gld(lse + at), mean[i] = at < 0 ? 0 : gld(delta + at);
  }
  for (; step < end; step++) {
    float p[KEYS / 8][4] = {}, dp[KEYS / 8][4] = {};
    cp_wait<1>(); // values are there
    __syncthreads();
    rows_by_rows<W>(dp, s->dout, row0, s->v);
    __syncthreads();
    load(s->v, v, step + 1);
    cp_wait<1>(); // keys are there
    __syncthreads();
    rows_by_rows<W>(p, s->q, row0, s->k);
#pragma unroll
    for (int j = 0; j < KEYS / 8; j++)
#pragma unroll
      for (int e = 0; e < 4; e++) {
        bool ok = sees(s->pos[row + e / 2 * 8], step * KEYS + j * 8 + (lane & 3) * 2 + e % 2, window);
        float ds;
        weight<Binary>(p[j][e], dp[j][e], sum[e / 2], mean[e / 2], scale, cap, &ds);
        p[j][e] = ok ? ds : 0.f;
      }
    weights_by_rows<W>(acc, p, s->k, 0);
    __syncthreads();
    load(s->k, k, step + 1);
  }
  forget(dq), forget(row); // else the addresses of the end occupy registers all the time
  each_element<W / 8>(*s, row, D, [&](int i, int j, int e, int c) { gst(dq + (long long)s->query[row + 8 * i] * D + c, acc[j][e]); });
}

// Rows of a step over the queries, and columns that a block sums up.
enum { STEP = 32 };
template <int W> struct SliceOf { static constexpr int COLUMNS = W > 128 ? 128 : W, STAGES = W > 128 ? 1 : 2; };

template <int W> struct KeyGradient {
  bf16 k[TILE * W], v[TILE * W], q[SliceOf<W>::STAGES][STEP * W], dout[SliceOf<W>::STAGES][STEP * W];
  int pos[STEP];
  float lse[STEP], delta[STEP];
};

#define GRADIENT_OF_KEYS                                                                                                 \
  float *dk, float *dv, const bf16 *dout, const float *lse, const float *delta, const bf16 *q, const bf16 *k,            \
      const bf16 *v, const Keys *keys, const Run *runs, int H, int G, int D, float scale, float cap, int window
#define GRADIENT_OF_KEYS_ARGS dk, dv, dout, lse, delta, q, k, v, keys, runs, H, G, D, scale, cap, window

// The next STEP rows of those that see a block of keys, run by run.
struct Walk { int i, base, lo, hi; Run run; };

// dk and dv (T,G·D) of the keys of block blockIdx.x, key/value head blockIdx.y, columns from blockIdx.z·COLUMNS on: Σ over the rows
// that see them of dS · q and P · dout. A warp has 16 keys; scores are computed transposed, (keys, rows).
template <int W> DEV void gradient_of_keys(GRADIENT_OF_KEYS) {
  constexpr int COLUMNS = SliceOf<W>::COLUMNS, STAGES = SliceOf<W>::STAGES;
  SHARED_DYN(KeyGradient<W>, s);
  int tid = threadIdx.x, lane = tid & 31, key0 = tid / 32 * 16, key = key0 + lane / 4, g = blockIdx.y, c0 = blockIdx.z * COLUMNS, perGroup = H / G;
  Keys block = fetch(keys + blockIdx.x);
  auto at_key = [&](int j) { return j < block.n ? (block.row + j) * G + g : -1; };
  copy_heads<W, TILE>(s->k, k, at_key);
  copy_heads<W, TILE>(s->v, v, at_key);
  float sumk[COLUMNS / 8][4] = {}, sumv[COLUMNS / 8][4] = {};

  Walk ahead = {block.from - 1, 0, 0, 0, {}}; // where the next rows are to be loaded from
  auto advance = [&] {
    for (ahead.base += STEP; ahead.base >= ahead.hi * perGroup && ahead.i < block.to;)
      if (++ahead.i < block.to) {
        ahead.run = fetch(runs + ahead.i);
        seen_by(block, ahead.run, window, &ahead.lo, &ahead.hi);
        ahead.base = ahead.lo * perGroup;
      }
    return ahead.i < block.to;
  };
  auto head_of = [&](const Walk &w, int r) { // (row of q)·H + head of row r of a step
    int query = (w.base + r) / perGroup;
    return query < w.hi ? (w.run.row + query) * H + g * perGroup + (w.base + r) % perGroup : -1;
  };
  auto load = [&](int stage) {
    copy_heads<W, STEP>(s->q[stage], q, [&](int r) { return head_of(ahead, r); });
    copy_heads<W, STEP>(s->dout[stage], dout, [&](int r) { return head_of(ahead, r); });
  };
  bool more = advance();
  Walk now = ahead;
  if (more) load(0);
  cp_commit();
  for (int stage = 0; more; stage = (stage + 1) % STAGES) {
    if (tid < STEP) {
      int at = head_of(now, tid);
      s->pos[tid] = at < 0 ? -1 : now.run.pos + (now.base + tid) / perGroup;
      s->lse[tid] = at < 0 ? 0 : gld(lse + at), s->delta[tid] = at < 0 ? 0 : gld(delta + at);
    }
    more = advance();
    if (STAGES > 1) {
      if (more) load(stage ^ 1);
      cp_commit();
      cp_wait<1>();
    } else cp_wait<0>();
    __syncthreads();
    float p[STEP / 8][4] = {}, ds[STEP / 8][4] = {};
    rows_by_rows<W>(p, s->k, key0, s->q[stage]);
    rows_by_rows<W>(ds, s->v, key0, s->dout[stage]);
#pragma unroll
    for (int j = 0; j < STEP / 8; j++)
#pragma unroll
      for (int e = 0; e < 4; e++) {
        int r = j * 8 + (lane & 3) * 2 + e % 2, at = key + e / 2 * 8;
        bool ok = at < block.n && sees(s->pos[r], block.pos + at, window);
        p[j][e] = weight<Binary>(p[j][e], ds[j][e], s->lse[r], s->delta[r], scale, cap, &ds[j][e]);
        if (!ok) p[j][e] = ds[j][e] = 0;
      }
    weights_by_rows<W>(sumv, p, s->dout[stage], c0 / 8);
    weights_by_rows<W>(sumk, ds, s->q[stage], c0 / 8);
    __syncthreads();
    now = ahead;
    if (STAGES == 1) {
      if (more) load(0);
      cp_commit();
    }
  }
  cp_wait<0>();
  forget(dk), forget(dv), forget(key);
#pragma unroll
  for (int j = 0; j < COLUMNS / 8; j++)
#pragma unroll
    for (int e = 0; e < 4; e++) {
      int c = c0 + j * 8 + (lane & 3) * 2 + e % 2, at = key + e / 2 * 8;
      if (at >= block.n || c >= D) continue;
      gst(dk + (long long)at_key(at) * D + c, sumk[j][e]), gst(dv + (long long)at_key(at) * D + c, sumv[j][e]);
    }
}
