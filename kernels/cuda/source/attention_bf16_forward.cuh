// The forward pass of attention with bfloat16 products.
#pragma once
#include "attention_bf16.cuh"

template <int W> struct Forward : Rows { bf16 q[ROWS * W], k[TILE * W], v[TILE * W]; };

#define ATTEND                                                                                                           \
  float *out, float *lse, const bf16 *q, const void *k, const void *v, float *slots, const Item *items,                  \
      const Query *queries, const int *tiles, const int *rows, int H, int G, int D, float scale, float cap, int window, int span
#define ATTEND_ARGS out, lse, q, k, v, slots, items, queries, tiles, rows, H, G, D, scale, cap, window, span

// out (Tq,H·D) and lse (Tq,H) of the rows of item blockIdx.x under key/value head blockIdx.y. q is (Tq,H,W). k and v are (rows,G,W)
// in bfloat16, or, CACHE, (rows,G,D) in float32: the same bits come of both. Keys and values arrive while the products before
// are computed. While spans follow, out holds the sums of those before.
template <int W, bool CACHE> DEV void attend(ATTEND) {
  SHARED_DYN(Forward<W>, s);
  int tid = threadIdx.x, lane = tid & 31, row = tid / 32 * 16 + lane / 4, perGroup = H / G, lowest, highest;
  Item it = fetch(items + blockIdx.x);
  find_rows(*s, it, queries, H, perGroup, &lowest, &highest);
  int first = max(it.from, first_seen(lowest, window) / TILE);

  auto load = [&](bf16 *dst, const void *x, int tile) {
    if (tile < it.to) {
      int entry = gld(tiles + it.tiles + tile), n = min(TILE, it.keys - tile * TILE);
      auto at = [&](int j) {
        int r = tile_row(entry, rows, j, n);
        return r < 0 ? -1 : r * G + (int)blockIdx.y;
      };
      if (CACHE) round_heads<W, TILE>(dst, (const float *)x, D, at);
      else copy_heads<W, TILE>(dst, (const bf16 *)x, at);
    }
    cp_commit(); // an empty group at the end keeps the count right
  };
  copy_heads<W, ROWS>(s->q, q, [&](int r) { return s->query[r]; });
  load(s->k, k, first);
  load(s->v, v, first);

  State now[2], before[2];
  float acc[W / 8][4] = {};
  bool later = false; // whether there are spans before
  auto at_slot = [&](int i) { // the slot of row number i
    int query = (it.lo + row + 8 * i) / perGroup;
    return slot(slots, gld(&queries[it.query + query].slot) + it.from / span, s->query[row + 8 * i] % H, H, D);
  };
  auto turn = [&] { // a span ends
    forget(out), forget(row);
    float own[2], other[2];
#pragma unroll
    for (int i = 0; i < 2; i++) {
      if (!later) before[i] = empty_state();
      add_span<Binary>(before[i], now[i], &own[i], &other[i]);
      now[i] = empty_state();
    }
    each_element<W / 8>(*s, row, D, [&](int i, int j, int e, int c) {
      float *o = out + (long long)s->query[row + 8 * i] * D + c, x = acc[j][e] * other[i];
      gst(o, later ? fmaf(gld(o), own[i], x) : x);
    });
#pragma unroll
    for (int j = 0; j < W / 8; j++)
#pragma unroll
      for (int e = 0; e < 4; e++) acc[j][e] = 0;
    later = true;
  };

#pragma unroll
  for (int i = 0; i < 2; i++) {
    now[i] = empty_state();
    if ((it.flags & RESUME) && s->query[row + 8 * i] >= 0) {
      const float *p = at_slot(i);
      now[i] = {gld(p), gld(p + 1)};
    }
  }
  if (it.flags & RESUME) each_element<W / 8>(*s, row, D, [&](int i, int j, int e, int c) { acc[j][e] = gld(at_slot(i) + SLOT_SUMS + c); });

  for (int tile = first; tile < it.to; tile++) {
    if (tile > first && tile % span == 0) turn();
    cp_wait<1>(); // keys are there
    __syncthreads();
    float p[TILE / 8][4] = {};
    rows_by_rows<W>(p, s->q, tid / 32 * 16, s->k);
    __syncthreads();
    load(s->k, k, tile + 1);
    bool all = lowest >= tile * TILE + TILE - 1 && first_seen(highest, window) <= tile * TILE;
#pragma unroll
    for (int i = 0; i < 2; i++) {
      int pos = s->pos[row + 8 * i], key = tile * TILE + (lane & 3) * 2;
      float top = now[i].max, sum = 0;
#pragma unroll
      for (int j = 0; j < TILE / 8; j++)
#pragma unroll
        for (int e = 0; e < 2; e++) {
          float &x = p[j][2 * i + e];
          x = score<Binary>(x, scale, cap);
          if (!all && !sees(pos, key + j * 8 + e, window)) x = empty_state().max;
          top = fmaxf(top, x);
        }
      top = quad_max(top);
#pragma unroll
      for (int j = 0; j < TILE / 8; j++)
#pragma unroll
        for (int e = 0; e < 2; e++) {
          float &x = p[j][2 * i + e];
          x = x == empty_state().max ? 0.f : exp2f(x - top);
          sum += x;
        }
      float f = carry<Binary>(now[i].max, top);
      now[i] = {top, fmaf(now[i].sum, f, quad_sum(sum))};
#pragma unroll
      for (int j = 0; j < W / 8; j++) acc[j][2 * i] *= f, acc[j][2 * i + 1] *= f;
    }
    cp_wait<1>(); // values are there
    __syncthreads();
    weights_by_rows<W>(acc, p, s->v, 0);
    __syncthreads();
    load(s->v, v, tile + 1);
  }
  cp_wait<0>();              // q's copies, where no tile was seen
  forget(out), forget(row); // else the addresses of the end occupy registers all the time

  if (it.flags & LEAVE) {
    each_element<W / 8>(*s, row, D, [&](int i, int j, int e, int c) { gst(at_slot(i) + SLOT_SUMS + c, acc[j][e]); });
#pragma unroll
    for (int i = 0; i < 2; i++)
      if (lane % 4 == 0 && s->query[row + 8 * i] >= 0) {
        float *p = at_slot(i);
        gst(p, now[i].max), gst(p + 1, now[i].sum);
      }
    return;
  }
  bool spans = later;
  if (spans) turn();
  each_element<W / 8>(*s, row, D, [&](int i, int j, int e, int c) {
    float *o = out + (long long)s->query[row + 8 * i] * D + c;
    gst(o, fmaf(spans ? gld(o) : acc[j][e], 1.f / (spans ? before[i].sum : now[i].sum), 0.f));
  });
#pragma unroll
  for (int i = 0; i < 2; i++)
    if (lse && lane % 4 == 0 && s->query[row + 8 * i] >= 0) gst(lse + s->query[row + 8 * i], log_sum<Binary>(spans ? before[i] : now[i]));
}
