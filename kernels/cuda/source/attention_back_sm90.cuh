// The gradient of attention for sm_90a, with the contract of attention_bf16_back.cuh: the same lists, the same order of sums,
// products by wgmma. A block is one warpgroup with 64 rows or 64 keys; several share a multiprocessor, so that one computes
// weights while another multiplies.
//
// Since the rows of a forest lie where they lie, threads copy them one by one (cp.async) and not by TMA. The same panels serve
// twice: as they are for scores, and transposed where rows are summed up. Weights and their gradients never leave the
// registers, in which wgmma takes them as its first operand.
#include "attention_bf16_back.cuh"
#include "attention_sm90.cuh"
#ifdef HAVE_SM90A

// Copies heads at(0) … at(63) of x and y to the rows of a and b; zeros where at(r) < 0.
template <int W, class At> DEV void copy_both(bf16 *a, const bf16 *x, bf16 *b, const bf16 *y, At at) {
  int chunk = threadIdx.x % 8;
#pragma unroll
  for (int r = threadIdx.x / 8; r < 64; r += THREADS / 8) {
    int h = at(r), to = r * 64 + ((chunk ^ r % 8) << 3);
    long long from = (long long)max(h, 0) * W + chunk * 8;
#pragma unroll
    for (int p = 0; p < W / 64; p++) {
      cp_async16(a + p * PANEL + to, x + from + p * 64, h >= 0);
      cp_async16(b + p * PANEL + to, y + from + p * 64, h >= 0);
    }
  }
  cp_commit();
}
// All copies have landed, where wgmma sees them.
DEV void all_there() {
  cp_wait<0>();
  fence_async();
  __syncthreads();
}

template <int W> struct QueryOperands {
  bf16 q[64 * W], dout[64 * W], k[2][64 * W], v[2][64 * W];
  Rows rows;
};

// dq (T,H·D) of the rows of item blockIdx.x under key/value head blockIdx.y: Σ over the keys of dS · k.
template <int W> DEV void gradient_of_q_sm90(GRADIENT_OF_Q) {
  SHARED_DYN(char, raw);
  auto &s = *align1024<QueryOperands<W>>(raw);
  int lane = threadIdx.x & 31, row = threadIdx.x / 32 * 16 + lane / 4, lowest, highest, stage = 0;
  Item it = fetch(items + blockIdx.x);
  find_rows(s.rows, it, queries, H, H / G, &lowest, &highest);
  int tile = max(it.from, first_seen(lowest, window) / TILE);
  auto load = [&](int stage, int tile) {
    if (tile >= it.to) return;
    int entry = gld(tiles + it.tiles + tile), n = it.keys - tile * TILE;
    copy_both<W>(s.k[stage], k, s.v[stage], v, [&](int j) {
      int r = tile_row(entry, rows, j, n);
      return r < 0 ? -1 : r * G + (int)blockIdx.y;
    });
  };
  copy_both<W>(s.q, q, s.dout, dout, [&](int r) { return s.rows.query[r]; });
  load(0, tile);
  float acc[W / 2] = {}, p[32], ds[32], sum[2], mean[2];
  u32 weights[4][4];
#pragma unroll
  for (int i = 0; i < 2; i++) {
    int at = s.rows.query[row + 8 * i];
    sum[i] = at < 0 ? 0 : gld(lse + at), mean[i] = at < 0 ? 0 : gld(delta + at);
  }
  keep(acc);
  for (; tile < it.to; tile++, stage ^= 1) {
    all_there();
    queue_scores<W>(p, s.q, s.k[stage]);
    queue_scores<W>(ds, s.dout, s.v[stage]);
    wgmma_wait<2>(); // the sum of the tile before, for this warp
    __syncthreads(); // and for all: its stage is free
    load(stage ^ 1, tile + 1);
    wgmma_wait<0>(p);
    keep(ds);
    int key = tile * TILE + (lane & 3) * 2;
#pragma unroll
    for (int i = 0; i < 32; i++) weight<Binary>(p[i], ds[i], sum[i / 2 % 2], mean[i / 2 % 2], scale, cap, &ds[i]);
    if (lowest < tile * TILE + TILE - 1 || tile * TILE < first_seen(highest, window))
#pragma unroll
      for (int i = 0; i < 32; i++)
        if (!sees(s.rows.pos[row + i / 2 % 2 * 8], key + i / 4 * 8 + i % 2, window)) ds[i] = 0;
    round_fragments(weights, ds);
    queue_sum<W>(acc, weights, s.k[stage]);
  }
  wgmma_wait<0>(acc);
  forget(dq), forget(row); // else the addresses of the end occupy registers all the time
#pragma unroll
  for (int i = 0; i < W / 2; i++) {
    int at = s.rows.query[row + i / 2 % 2 * 8], c = i / 4 * 8 + (lane & 3) * 2 + i % 2;
    if (at >= 0 && c < D) gst(dq + (long long)at * D + c, acc[i]);
  }
}

template <int W> struct KeyOperands {
  bf16 k[64 * W], v[64 * W], q[2][64 * W], dout[2][64 * W];
  int pos[2][64];
  float lse[2][64], delta[2][64];
};

// dk and dv (T,G·D) of the keys of block blockIdx.x, key/value head blockIdx.y, columns from blockIdx.z·N on: Σ over the rows that
// see them of dS · q and P · dout. Scores are computed transposed, (keys, rows).
template <int W> DEV void gradient_of_keys_sm90(GRADIENT_OF_KEYS) {
  constexpr int N = W > 128 ? 128 : W;
  SHARED_DYN(char, raw);
  auto &s = *align1024<KeyOperands<W>>(raw);
  int tid = threadIdx.x, lane = tid & 31, key = tid / 32 * 16 + lane / 4, g = blockIdx.y, c0 = blockIdx.z * N, perGroup = H / G, stage = 0;
  Keys block = fetch(keys + blockIdx.x);
  auto at_key = [&](int j) { return j < block.n ? (block.row + j) * G + g : -1; };

  Walk ahead = {block.from - 1, 0, 0, 0, {}}; // where the next rows are to be loaded from
  auto advance = [&] {
    for (ahead.base += 64; ahead.base >= ahead.hi * perGroup && ahead.i < block.to;)
      if (++ahead.i < block.to) {
        ahead.run = fetch(runs + ahead.i);
        seen_by(block, ahead.run, window, &ahead.lo, &ahead.hi);
        ahead.base = ahead.lo * perGroup;
      }
    return ahead.i < block.to;
  };
  auto head_of = [&](int r) { // (row of q)·H + head of row r of a step
    int query = (ahead.base + r) / perGroup;
    return query < ahead.hi ? (ahead.run.row + query) * H + g * perGroup + (ahead.base + r) % perGroup : -1;
  };
  auto load = [&](int stage) {
    copy_both<W>(s.q[stage], q, s.dout[stage], dout, head_of);
    if (tid < 64) {
      int at = head_of(tid);
      s.pos[stage][tid] = at < 0 ? -1 : ahead.run.pos + (ahead.base + tid) / perGroup;
      s.lse[stage][tid] = at < 0 ? 0 : gld(lse + at), s.delta[stage][tid] = at < 0 ? 0 : gld(delta + at);
    }
  };
  copy_both<W>(s.k, k, s.v, v, at_key);
  bool more = advance();
  if (more) load(0);
  float sumk[N / 2] = {}, sumv[N / 2] = {}, p[32], ds[32];
  u32 weights[4][4], gradients[4][4];
  keep(sumk), keep(sumv);
  for (; more; stage ^= 1) {
    int first = ahead.run.pos + ahead.base / perGroup, last = ahead.run.pos + (ahead.base + 63) / perGroup;
    bool whole = first >= block.pos + block.n - 1 && block.pos >= first_seen(last, window); // rows and keys that are not there are zero
    all_there();
    queue_scores<W>(p, s.k, s.q[stage]);
    queue_scores<W>(ds, s.v, s.dout[stage]);
    wgmma_wait<2>(); // the sums of the step before, for this warp
    __syncthreads(); // and for all: its stage is free
    more = advance();
    if (more) load(stage ^ 1);
    wgmma_wait<0>(p);
    keep(ds);
#pragma unroll
    for (int i = 0; i < 32; i++) {
      int r = i / 4 * 8 + (lane & 3) * 2 + i % 2;
      p[i] = weight<Binary>(p[i], ds[i], s.lse[stage][r], s.delta[stage][r], scale, cap, &ds[i]);
    }
    if (!whole)
#pragma unroll
      for (int i = 0; i < 32; i++) {
        int r = i / 4 * 8 + (lane & 3) * 2 + i % 2, at = key + i / 2 % 2 * 8;
        if (!sees(s.pos[stage][r], block.pos + at, window)) p[i] = ds[i] = 0;
      }
    round_fragments(weights, p);
    round_fragments(gradients, ds);
    queue_sum<N>(sumv, weights, s.dout[stage] + c0 * 64);
    queue_sum<N>(sumk, gradients, s.q[stage] + c0 * 64);
  }
  cp_wait<0>();
  wgmma_wait<0>(sumk);
  keep(sumv);
  forget(dk), forget(dv), forget(key);
#pragma unroll
  for (int i = 0; i < N / 2; i++) {
    int c = c0 + i / 4 * 8 + (lane & 3) * 2 + i % 2, at = key + i / 2 % 2 * 8;
    if (at >= block.n || c >= D) continue;
    gst(dk + (long long)at_key(at) * D + c, sumk[i]), gst(dv + (long long)at_key(at) * D + c, sumv[i]);
  }
}
#endif
