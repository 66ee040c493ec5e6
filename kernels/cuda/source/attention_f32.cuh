// Forest attention in float32: a score is one chain of fused multiply-adds over the head width, a sum of values one chain over
// the keys. 32 rows by tiles of 64 keys, 128 threads: thread (ty, tx) has the rows 4·ty … 4·ty+3, and of keys and columns
// every sixteenth from tx on. Heads of up to W columns pass through shared memory C = min(W, 64) columns at a time.
#pragma once
#include "attention.cuh"

enum { ROWS = 32, THREADS = 128 };

template <int C> struct Block {
  float a[ROWS][C + 4], b[TILE][C + 4]; // columns of queries, of keys
  float p[ROWS][TILE + 4];              // probabilities
  int query[ROWS], pos[ROWS];           // (row of q)·H + head, −1 beyond the last; its position
  int key[TILE];                        // (row of k)·G + g, −1 beyond the last
};

// Columns c0 … c0+C−1 of the heads at[…] of x, zero where there are none.
template <int C, int N> DEV void load(float (&dst)[N][C + 4], const float *x, const int (&at)[N], int c0, int D) {
  for (int i = threadIdx.x; i < N * C; i += THREADS) {
    int r = i / C, c = i % C;
    dst[r][c] = at[r] >= 0 && c0 + c < D ? gld(x + (long long)at[r] * D + c0 + c) : 0.f;
  }
}
// s[i][j] += a[4·ty+i] · b[tx+16·j]
template <int C> DEV void dots(float (&s)[4][4], const float (&a)[ROWS][C + 4], const float (&b)[TILE][C + 4]) {
  int ty = threadIdx.x / 16, tx = threadIdx.x % 16;
#pragma unroll 4
  for (int c = 0; c < C; c += 4) {
    float4 x[4], y[4];
#pragma unroll
    for (int i = 0; i < 4; i++) x[i] = *(const float4 *)&a[4 * ty + i][c], y[i] = *(const float4 *)&b[tx + 16 * i][c];
#pragma unroll
    for (int i = 0; i < 4; i++)
#pragma unroll
      for (int j = 0; j < 4; j++)
        s[i][j] = fmaf(x[i].w, y[j].w, fmaf(x[i].z, y[j].z, fmaf(x[i].y, y[j].y, fmaf(x[i].x, y[j].x, s[i][j]))));
  }
}
// acc[i][j0+j] += Σ over the keys, in order, of p[4·ty+i][key] · b[key][tx+16·j]
template <int C, int N> DEV void weigh(float (&acc)[4][N], int j0, const float (&p)[ROWS][TILE + 4], const float (&b)[TILE][C + 4]) {
  int ty = threadIdx.x / 16, tx = threadIdx.x % 16;
#pragma unroll 4
  for (int key = 0; key < TILE; key++)
#pragma unroll
    for (int j = 0; j < C / 16; j++)
#pragma unroll
      for (int i = 0; i < 4; i++) acc[i][j0 + j] = fmaf(p[4 * ty + i][key], b[key][tx + 16 * j], acc[i][j0 + j]);
}
// The rows of an item, and the positions of a tile.
template <class B> DEV void find_rows(B &s, Item it, const Query *queries, int H, int perGroup) {
  if (threadIdx.x >= ROWS) return;
  int r = it.lo + threadIdx.x;
  bool ok = r < it.hi;
  Query q = fetch(queries + it.query + (ok ? r / perGroup : 0));
  s.query[threadIdx.x] = ok ? q.row * H + (int)blockIdx.y * perGroup + r % perGroup : -1;
  s.pos[threadIdx.x] = ok ? q.pos : -1;
}
template <class B> DEV void find_keys(B &s, int entry, const int *rows, int n, int G) {
  if (threadIdx.x >= TILE) return;
  int r = tile_row(entry, rows, threadIdx.x, n);
  s.key[threadIdx.x] = r < 0 ? -1 : r * G + (int)blockIdx.y;
}
// s[i][j] += x · y over the whole width, for the heads of the block's rows and keys.
template <int W, class B> DEV void dots_of_heads(float (&p)[4][4], B &s, const float *x, const float *y, int D) {
  constexpr int C = W < 64 ? W : 64;
#pragma unroll
  for (int c = 0; c < W; c += C) {
    __syncthreads();
    load<C>(s.a, x, s.query, c, D);
    load<C>(s.b, y, s.key, c, D);
    __syncthreads();
    dots<C>(p, s.a, s.b);
  }
}
// The first tile that any row of the block sees.
template <class B> DEV int first_tile(const B &s, int window) {
  int first = 0x7fffffff;
  for (int r = 0; r < ROWS; r++)
    if (s.query[r] >= 0) first = min(first, first_seen(s.pos[r], window) / TILE);
  return first;
}
// Over the 16 threads that share rows.
DEV float row_max(float x) {
#pragma unroll
  for (int o = 8; o; o >>= 1) x = fmaxf(x, __shfl_xor_sync(0xffffffffu, x, o));
  return x;
}
DEV float row_sum(float x) {
#pragma unroll
  for (int o = 8; o; o >>= 1) x += __shfl_xor_sync(0xffffffffu, x, o);
  return x;
}

// The columns of this thread: of its row number i, its number j, column c.
template <int N, class B, class F> DEV void each_column(const B &s, int D, F use) {
  int tx = threadIdx.x % 16, r0 = threadIdx.x / 16 * 4;
#pragma unroll
  for (int i = 0; i < 4; i++)
#pragma unroll
    for (int j = 0; j < N; j++)
      if (s.query[r0 + i] >= 0 && tx + 16 * j < D) use(i, j, tx + 16 * j);
}

#define ATTEND                                                                                                            \
  float *out, float *lse, const float *q, const float *k, const float *v, float *slots, const Item *items,               \
      const Query *queries, const int *tiles, const int *rows, int H, int G, int D, float scale, float cap, int window, int span
#define ATTEND_ARGS out, lse, q, k, v, slots, items, queries, tiles, rows, H, G, D, scale, cap, window, span

// out (Tq,H·D) and lse (Tq,H) of the rows of item blockIdx.x under key/value head blockIdx.y. While spans follow, out holds
// the sums of those before.
template <int W> DEV void attend(ATTEND) {
  constexpr int C = W < 64 ? W : 64, N = W / 16;
  SHARED(Block<C>, s);
  int tx = threadIdx.x % 16, r0 = threadIdx.x / 16 * 4, perGroup = H / G;
  Item it = fetch(items + blockIdx.x);
  find_rows(s, it, queries, H, perGroup);
  __syncthreads();

  State now[4], before[4];
  float acc[4][N] = {};
  bool later = false; // whether there are spans before
  auto place = [&](int i, int tile) { // the slot of row r0+i
    int r = it.lo + r0 + i;
    return slot(slots, gld(&queries[it.query + r / perGroup].slot) + tile / span, s.query[r0 + i] % H, H, D);
  };
  auto turn = [&] { // a span ends
    float own[4], other[4];
#pragma unroll
    for (int i = 0; i < 4; i++) {
      if (!later) before[i] = empty_state();
      add_span<Natural>(before[i], now[i], &own[i], &other[i]);
      now[i] = empty_state();
    }
    each_column<N>(s, D, [&](int i, int j, int c) {
      float *o = out + (long long)s.query[r0 + i] * D + c, x = acc[i][j] * other[i];
      gst(o, later ? fmaf(gld(o), own[i], x) : x);
      acc[i][j] = 0;
    });
    later = true;
  };

#pragma unroll
  for (int i = 0; i < 4; i++) {
    now[i] = empty_state();
    if ((it.flags & RESUME) && s.query[r0 + i] >= 0) {
      const float *p = place(i, it.from);
      now[i] = {gld(p), gld(p + 1)};
    }
  }
  if (it.flags & RESUME) each_column<N>(s, D, [&](int i, int j, int c) { acc[i][j] = gld(place(i, it.from) + SLOT_SUMS + c); });

  int first = max(it.from, first_tile(s, window));
  for (int tile = first; tile < it.to; tile++) {
    if (tile > first && tile % span == 0) turn();
    __syncthreads();
    find_keys(s, gld(tiles + it.tiles + tile), rows, min(TILE, it.keys - tile * TILE), G);
    float p[4][4] = {};
    dots_of_heads<W>(p, s, q, k, D);
#pragma unroll
    for (int i = 0; i < 4; i++) {
      int pos = s.pos[r0 + i];
      float top = now[i].max, sum = 0;
#pragma unroll
      for (int j = 0; j < 4; j++) {
        p[i][j] = score<Natural>(p[i][j], scale, cap);
        if (sees(pos, tile * TILE + tx + 16 * j, window)) top = fmaxf(top, p[i][j]);
      }
      top = row_max(top);
#pragma unroll
      for (int j = 0; j < 4; j++) {
        p[i][j] = sees(pos, tile * TILE + tx + 16 * j, window) ? exp_(p[i][j] - top) : 0.f;
        s.p[r0 + i][tx + 16 * j] = p[i][j];
        sum += p[i][j];
      }
      float f = carry<Natural>(now[i].max, top);
      now[i] = {top, fmaf(now[i].sum, f, row_sum(sum))};
#pragma unroll
      for (int j = 0; j < N; j++) acc[i][j] *= f;
    }
#pragma unroll
    for (int c = 0; c < W; c += C) {
      __syncthreads();
      load<C>(s.b, v, s.key, c, D);
      __syncthreads();
      weigh<C>(acc, c / 16, s.p, s.b);
    }
  }

  if (it.flags & LEAVE) {
    each_column<N>(s, D, [&](int i, int j, int c) { gst(place(i, it.from) + SLOT_SUMS + c, acc[i][j]); });
#pragma unroll
    for (int i = 0; i < 4; i++)
      if (tx == 0 && s.query[r0 + i] >= 0) {
        float *p = place(i, it.from);
        gst(p, now[i].max), gst(p + 1, now[i].sum);
      }
    return;
  }
  bool spans = later;
  if (spans) turn();
  each_column<N>(s, D, [&](int i, int j, int c) {
    float *o = out + (long long)s.query[r0 + i] * D + c;
    gst(o, fmaf(spans ? gld(o) : acc[i][j], 1.f / (spans ? before[i].sum : now[i].sum), 0.f));
  });
#pragma unroll
  for (int i = 0; i < 4; i++)
    if (lse && tx == 0 && s.query[r0 + i] >= 0) gst(lse + s.query[r0 + i], log_sum<Natural>(spans ? before[i] : now[i]));
}
