// What the attention kernels of sm_90a share: operands in shared memory as wgmma reads them, how they get there, and products.
//
// An operand is 64 heads of W elements, zero behind the D of a head, as panels of 64 × 64: rows of 128 bytes whose chunks of 16
// are exchanged by the 128-byte swizzle of wgmma. It begins at a multiple of 1024 bytes. TMA writes a panel as one box where
// the 64 rows follow one another in memory. Where they do not, or lie in a cache in float32, a warpgroup writes it with
// ordinary stores: the same bytes, so that the products need not know.
#pragma once
#include "attention_bf16.cuh"
#include "sm90.cuh"
#ifdef HAVE_SM90A

enum { PANEL = 64 * 64 };

// Where 8 elements lie.
DEV int panel_place(int row, int chunk) { return chunk / 8 * PANEL + row * 64 + ((chunk % 8 ^ (row & 7)) << 3); }

// Copies head at(r) of x to row r of an operand, for its 64 rows; zeros where at(r) < 0. By the threads of a warpgroup, each of
// which then runs fence_async.
template <int W, class At> DEV void copy_panels(bf16 *dst, const bf16 *x, At at) {
  int chunk = threadIdx.x % (W / 8);
#pragma unroll 8
  for (int r = threadIdx.x % WG / (W / 8); r < 64; r += WG / (W / 8)) {
    int h = at(r);
    uint4 v = {};
    if (h >= 0) v = gld((const uint4 *)(x + (long long)h * W + chunk * 8));
    sst((uint4 *)(dst + panel_place(r, chunk)), v);
  }
}
// The same from float32 heads of D elements, which may be a cache's.
template <int W, class At> DEV void round_panels(bf16 *dst, const float *x, int D, At at) {
  bool whole = D % 4 == 0 && (u64)x % 16 == 0;
  int chunk = threadIdx.x % (W / 8);
#pragma unroll 4
  for (int r = threadIdx.x % WG / (W / 8); r < 64; r += WG / (W / 8))
    sst((uint4 *)(dst + panel_place(r, chunk)), round_chunk(x, at(r), chunk, D, whole));
}
// Starts copies of the 64 rows from row on, W columns from column on, of the matrix of a tensor map.
template <int W> DEV void copy_boxes(bf16 *dst, const TensorMap *map, int row, int column, u64 *full) {
  mbar_expect(full, 128 * W);
#pragma unroll
  for (int p = 0; p < W / 64; p++) tma_load_2d(dst + p * PANEL, map, column + p * 64, row, full);
}

// Queues s (64,64) = a · bᵀ, both (64,W).
template <int W> DEV void queue_scores(float (&s)[32], const bf16 *a, const bf16 *b) {
  keep(s);
  wgmma_fence();
#pragma unroll
  for (int k = 0; k < W; k += 16)
    wgmma_ss<64, 0>(s, desc_k128(a + k / 64 * PANEL + k % 64), desc_k128(b + k / 64 * PANEL + k % 64), k);
  wgmma_commit();
}
// Queues sum (64,N) += p · b, where p are fragments (64,64), and b has 64 rows.
template <int N> DEV void queue_sum(float (&sum)[N / 2], const u32 (&p)[4][4], const bf16 *b) {
  wgmma_fence();
#pragma unroll
  for (int k = 0; k < 4; k++) wgmma_rs<N, 1>(sum, p[k], desc_mn128(b + k * 16 * 64, PANEL * 2), 1);
  wgmma_commit();
}
// The fragments of p in bfloat16: accumulators lie as wgmma takes its first operand.
DEV void round_fragments(u32 (&to)[4][4], const float (&p)[32]) {
#pragma unroll
  for (int i = 0; i < 16; i++) to[i / 4][i % 4] = pack2(p[2 * i], p[2 * i + 1]);
}
#endif
