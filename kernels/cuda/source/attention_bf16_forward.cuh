// The forward pass of attention with bfloat16 products.
#pragma once
#include "attention_bf16_sums.cuh"

template <int W> struct Forward : Rows { bf16 q[ROWS * W], k[TILE * W], v[TILE * W]; };

// out (Tq,H·D) and lse (Tq,H) of the rows of item blockIdx.x under key/value head blockIdx.y. q is (Tq,H,W). k and v are (rows,G,W)
// in bfloat16, or, CACHE, (rows,G,D) in float32: the same bits come of both. Keys and values arrive while the products before
// are computed.
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

  Results to = {out, lse, slots, queries, it, it.lo, H, perGroup, D, span};
  Sums<W> sums;
  begin_sums(sums, to, *s, row);
  for (int tile = first; tile < it.to; tile++) {
    if (tile > first && tile % span == 0) turn(sums, to, *s, row);
    cp_wait<1>(); // keys are there
    __syncthreads();
    float p[TILE / 8][4] = {};
    rows_by_rows<W>(p, s->q, tid / 32 * 16, s->k);
    __syncthreads();
    load(s->k, k, tile + 1);
    bool all = lowest >= tile * TILE + TILE - 1 && first_seen(highest, window) <= tile * TILE;
#pragma unroll
    for (int i = 0; i < 2; i++) {
      float f = soften(sums.now[i], [&](int j, int e) -> float & { return p[j][2 * i + e]; }, s->pos[row + 8 * i],
                       tile * TILE + (lane & 3) * 2, all, scale, cap, window);
#pragma unroll
      for (int j = 0; j < W / 8; j++) sums.acc[j][2 * i] *= f, sums.acc[j][2 * i + 1] *= f;
    }
    cp_wait<1>(); // values are there
    __syncthreads();
    weights_by_rows<W>(sums.acc, p, s->v, 0);
    __syncthreads();
    load(s->v, v, tile + 1);
  }
  cp_wait<0>(); // q's copies, where no tile was seen
  end_sums(sums, to, *s, row);
}
