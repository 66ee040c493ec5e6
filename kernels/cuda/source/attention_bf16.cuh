// Forest attention with bfloat16 products and float32 sums: 64 rows by tiles of 64 keys, four warps of 16 rows each. Operands
// are rows of W elements, zero behind the D of a head. In a fragment a lane has the rows lane/4 and lane/4 + 8 of its warp,
// and of every 8 columns 2·(lane%4) and the next.
#pragma once
#include "attention.cuh"

enum { ROWS = 64, THREADS = 128 };

// Where 8 elements lie, chunk by chunk: so that the 8 rows of an ldmatrix fall into 32 different banks.
template <int W> DEV int place(int row, int chunk) {
  int turn = W % 64 == 0 ? row & 7 : W % 32 == 0 ? row >> 1 & 3 : row >> 2 & 1;
  return row * W + ((chunk ^ turn) << 3);
}
// Copies head at(r) of x to row r of dst, for N rows; zeros where at(r) < 0. The copies are under way until cp_wait.
template <int W, int N, class At> DEV void copy_heads(bf16 *dst, const bf16 *x, At at) {
  int chunk = threadIdx.x % (W / 8);
#pragma unroll 4
  for (int r = threadIdx.x / (W / 8); r < N; r += THREADS / (W / 8)) {
    int h = at(r);
    cp_async16(dst + place<W>(r, chunk), x + (long long)max(h, 0) * W + chunk * 8, h >= 0);
  }
}
// Chunk number chunk of float32 head h of D elements, rounded; zeros behind the D and where h < 0: rows that hold nothing are not
// touched. whole: chunks may be read 16 bytes at a time.
DEV uint4 round_chunk(const float *x, int h, int chunk, int D, bool whole) {
  float4 lo = {}, hi = {};
  const float *p = x + (long long)max(h, 0) * D + chunk * 8;
  int left = h < 0 ? 0 : D - chunk * 8;
  if (whole) {
    if (left >= 4) lo = gld((const float4 *)p);
    if (left >= 8) hi = gld((const float4 *)p + 1);
  } else {
    float *to[8] = {&lo.x, &lo.y, &lo.z, &lo.w, &hi.x, &hi.y, &hi.z, &hi.w};
#pragma unroll
    for (int e = 0; e < 8; e++)
      if (e < left) *to[e] = gld(p + e);
  }
  return {pack2(lo.x, lo.y), pack2(lo.z, lo.w), pack2(hi.x, hi.y), pack2(hi.z, hi.w)};
}
// copy_heads from float32 heads of D elements, which may be a cache's.
template <int W, int N, class At> DEV void round_heads(bf16 *dst, const float *x, int D, At at) {
  bool whole = D % 4 == 0 && (u64)x % 16 == 0;
  int chunk = threadIdx.x % (W / 8);
#pragma unroll 4
  for (int r = threadIdx.x / (W / 8); r < N; r += THREADS / (W / 8))
    *(uint4 *)(dst + place<W>(r, chunk)) = round_chunk(x, at(r), chunk, D, whole);
}

// s (16 by 8·N) += a · bᵀ: the 16 rows of a from row0 on, N·8 rows of b, both of W columns.
template <int W, int N> DEV void rows_by_rows(float (&s)[N][4], const bf16 *a, int row0, const bf16 *b) {
  int lane = threadIdx.x & 31;
#pragma unroll(W > 128 ? 4 : 8) // addresses of 256 columns would not fit into registers
  for (int k = 0; k < W / 8; k += 2) {
    u32 x[4], y[4];
    ldmatrix_x4(x, a + place<W>(row0 + (lane & 15), k + (lane >> 4)));
#pragma unroll
    for (int j = 0; j < N; j += 2) {
      ldmatrix_x4(y, b + place<W>(j * 8 + (lane & 7) + (lane >> 4 << 3), k + (lane >> 3 & 1)));
      mma_bf16(s[j], x, y[0], y[1]);
      mma_bf16(s[j + 1], x, y[2], y[3]);
    }
  }
}
// acc (16 by 8·N) += p · b: p are fragments (16 by 8·K), b has 8·K rows of W columns, of which those from chunk c0 on.
template <int W, int N, int K> DEV void weights_by_rows(float (&acc)[N][4], const float (&p)[K][4], const bf16 *b, int c0) {
  int lane = threadIdx.x & 31;
#pragma unroll
  for (int k = 0; k < K; k += 2) {
    u32 x[4] = {pack2(p[k][0], p[k][1]), pack2(p[k][2], p[k][3]), pack2(p[k + 1][0], p[k + 1][1]), pack2(p[k + 1][2], p[k + 1][3])}, y[4];
#pragma unroll
    for (int j = 0; j < N; j += 2) {
      ldmatrix_x4_trans(y, b + place<W>(k * 8 + (lane & 15), c0 + j + (lane >> 4)));
      mma_bf16(acc[j], x, y[0], y[1]);
      mma_bf16(acc[j + 1], x, y[2], y[3]);
    }
  }
}
// Over the four lanes that share a row.
DEV float quad_max(float x) {
  x = fmaxf(x, __shfl_xor_sync(0xffffffffu, x, 1));
  return fmaxf(x, __shfl_xor_sync(0xffffffffu, x, 2));
}
DEV float quad_sum(float x) {
  x += __shfl_xor_sync(0xffffffffu, x, 1);
  return x + __shfl_xor_sync(0xffffffffu, x, 2);
}

// The rows of an item: (row of q)·H + head, −1 beyond the last; positions, and between which they lie.
struct Rows { int query[ROWS], pos[ROWS]; };
DEV void find_rows(Rows &s, Item it, const Query *queries, int H, int perGroup, int *lowest, int *highest) {
  if (threadIdx.x < ROWS) {
    int r = it.lo + threadIdx.x;
    bool ok = r < it.hi;
    Query q = fetch(queries + it.query + (ok ? r / perGroup : 0));
    s.query[threadIdx.x] = ok ? q.row * H + (int)blockIdx.y * perGroup + r % perGroup : -1;
    s.pos[threadIdx.x] = ok ? q.pos : -1;
  }
  __syncthreads();
  *lowest = 0x7fffffff, *highest = 0;
  for (int r = 0; r < it.hi - it.lo; r++) *lowest = min(*lowest, s.pos[r]), *highest = max(*highest, s.pos[r]);
}
// The elements of this lane in fragments of N·8 columns: of its row number i, fragment j, element e, column c.
template <int N, class F> DEV void each_element(const Rows &s, int row, int D, F use) {
#pragma unroll
  for (int i = 0; i < 2; i++)
#pragma unroll
    for (int j = 0; j < N; j++)
#pragma unroll
      for (int e = 0; e < 2; e++) {
        int c = j * 8 + (threadIdx.x & 3) * 2 + e;
        if (s.query[row + 8 * i] >= 0 && c < D) use(i, j, 2 * i + e, c);
      }
}
