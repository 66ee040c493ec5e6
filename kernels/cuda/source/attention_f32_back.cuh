// The gradient of float32 attention: q's by blocks of queries, k's and v's by blocks of keys, so that every sum is one chain
// in a fixed order and no two threads add to the same place. See kernels/cpu/attention_backward.go for the formulas.
#pragma once
#include "attention_f32.cuh"

#define GRADIENT_OF_Q                                                                                                      \
  float *dq, const float *dout, const float *lse, const float *delta, const float *q, const float *k, const float *v,     \
      const Item *items, const Query *queries, const int *tiles, const int *rows, int H, int G, int D, float scale, float cap, int window
#define GRADIENT_OF_Q_ARGS dq, dout, lse, delta, q, k, v, items, queries, tiles, rows, H, G, D, scale, cap, window

// dq (Tq,H·D) of the rows of item blockIdx.x under key/value head blockIdx.y: Σ over the keys of dS · k.
template <int W> DEV void gradient_of_q(GRADIENT_OF_Q) {
  constexpr int C = W < 64 ? W : 64, N = W / 16;
  SHARED(Block<C>, s);
  int tx = threadIdx.x % 16, r0 = threadIdx.x / 16 * 4;
  Item it = fetch(items + blockIdx.x);
  find_rows(s, it, queries, H, H / G);
  __syncthreads();
  float acc[4][N] = {}, sum[4], mean[4];
#pragma unroll
  for (int i = 0; i < 4; i++) {
    int at = s.query[r0 + i];
    sum[i] = at < 0 ? 0 : gld(lse + at), mean[i] = at < 0 ? 0 : gld(delta + at);
  }
  for (int tile = max(it.from, first_tile(s, window)); tile < it.to; tile++) {
    __syncthreads();
    find_keys(s, gld(tiles + it.tiles + tile), rows, min(TILE, it.keys - tile * TILE), G);
    float p[4][4] = {}, dp[4][4] = {};
    dots_of_heads<W>(p, s, q, k, D);
    dots_of_heads<W>(dp, s, dout, v, D);
#pragma unroll
    for (int i = 0; i < 4; i++)
#pragma unroll
      for (int j = 0; j < 4; j++) {
        weight<Natural>(p[i][j], dp[i][j], sum[i], mean[i], scale, cap, &dp[i][j]);
        s.p[r0 + i][tx + 16 * j] = sees(s.pos[r0 + i], tile * TILE + tx + 16 * j, window) ? dp[i][j] : 0.f;
      }
#pragma unroll
    for (int c = 0; c < W; c += C) {
      __syncthreads();
      load<C>(s.b, k, s.key, c, D);
      __syncthreads();
      weigh<C>(acc, c / 16, s.p, s.b);
    }
  }
#pragma unroll
  for (int i = 0; i < 4; i++)
#pragma unroll
    for (int j = 0; j < N; j++)
      if (s.query[r0 + i] >= 0 && tx + 16 * j < D) gst(dq + (long long)s.query[r0 + i] * D + tx + 16 * j, acc[i][j]);
}

template <int C> struct KeyBlock32 : Block<C> {
  float ds[ROWS][TILE + 4]; // the gradient of q·k
  float lse[ROWS], delta[ROWS];
};
// acc[i][j] += Σ over the rows, in order, of p[row][8·ty+i] · a[row][tx+16·j]
template <int C> DEV void gather(float (&acc)[8][C / 16], const float (&p)[ROWS][TILE + 4], const float (&a)[ROWS][C + 4]) {
  int ty = threadIdx.x / 16, tx = threadIdx.x % 16;
#pragma unroll 4
  for (int r = 0; r < ROWS; r++)
#pragma unroll
    for (int j = 0; j < C / 16; j++)
#pragma unroll
      for (int i = 0; i < 8; i++) acc[i][j] = fmaf(p[r][8 * ty + i], a[r][tx + 16 * j], acc[i][j]);
}

#define GRADIENT_OF_KEYS                                                                                                  \
  float *dk, float *dv, const float *dout, const float *lse, const float *delta, const float *q, const float *k,          \
      const float *v, const Keys *keys, const Run *runs, int H, int G, int D, float scale, float cap, int window
#define GRADIENT_OF_KEYS_ARGS dk, dv, dout, lse, delta, q, k, v, keys, runs, H, G, D, scale, cap, window

// dk and dv (rows,G·D) of the keys of block blockIdx.x, key/value head blockIdx.y, columns from blockIdx.z·C on: Σ over the rows
// that see them of dS · q and P · dout, run by run.
template <int W> DEV void gradient_of_keys(GRADIENT_OF_KEYS) {
  constexpr int C = W < 64 ? W : 64;
  SHARED(KeyBlock32<C>, s);
  int tid = threadIdx.x, ty = tid / 16, tx = tid % 16, r0 = ty * 4, g = blockIdx.y, c0 = blockIdx.z * C, perGroup = H / G;
  Keys block = fetch(keys + blockIdx.x);
  if (tid < TILE) s.key[tid] = tid < block.n ? (block.row + tid) * G + g : -1;
  float sumk[8][C / 16] = {}, sumv[8][C / 16] = {};
  for (int i = block.from; i < block.to; i++) {
    Run run = fetch(runs + i);
    int lo, hi;
    seen_by(block, run, window, &lo, &hi);
    for (int base = lo * perGroup; base < hi * perGroup; base += ROWS) {
      __syncthreads();
      if (tid < ROWS) {
        int r = base + tid, query = r / perGroup;
        int at = query < hi ? (run.row + query) * H + g * perGroup + r % perGroup : -1;
        s.query[tid] = at;
        s.pos[tid] = at < 0 ? -1 : run.pos + query;
        s.lse[tid] = at < 0 ? 0 : gld(lse + at), s.delta[tid] = at < 0 ? 0 : gld(delta + at);
      }
      float p[4][4] = {}, dp[4][4] = {};
      dots_of_heads<W>(p, s, q, k, D);
      dots_of_heads<W>(dp, s, dout, v, D);
#pragma unroll
      for (int i = 0; i < 4; i++)
#pragma unroll
        for (int j = 0; j < 4; j++) {
          int r = r0 + i, key = tx + 16 * j;
          p[i][j] = weight<Natural>(p[i][j], dp[i][j], s.lse[r], s.delta[r], scale, cap, &dp[i][j]);
          bool ok = key < block.n && sees(s.pos[r], block.pos + key, window);
          s.p[r][key] = ok ? p[i][j] : 0.f, s.ds[r][key] = ok ? dp[i][j] : 0.f;
        }
      __syncthreads();
      load<C>(s.a, dout, s.query, c0, D);
      __syncthreads();
      gather<C>(sumv, s.p, s.a);
      __syncthreads();
      load<C>(s.a, q, s.query, c0, D);
      __syncthreads();
      gather<C>(sumk, s.ds, s.a);
    }
  }
#pragma unroll
  for (int i = 0; i < 8; i++)
#pragma unroll
    for (int j = 0; j < C / 16; j++) {
      int key = 8 * ty + i, c = c0 + tx + 16 * j;
      if (key >= block.n || c >= D) continue;
      long long at = ((long long)(block.row + key) * G + g) * D + c;
      gst(dk + at, sumk[i][j]), gst(dv + at, sumv[i][j]);
    }
}
