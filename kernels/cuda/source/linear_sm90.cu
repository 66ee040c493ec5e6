// Matrix products in bfloat16 for sm_90a, with the contract of linear_bf16.cu: C (M,N) = start + A · B + A2 · B2, an element
// being one chain of wgmma over groups of 16 of k. TMA copies, wgmma multiplies.
//
// A block has a producer warp and two consumer warpgroups. Operands go through a ring of STAGES steps of 64 of k, as panels
// of 64 × 64 elements: rows of 128 bytes, exchanged by the 128-byte swizzle that TMA writes and wgmma reads. A panel is the
// box of every tensor map, so that a matrix has one map whatever its part. Where k is contiguous in memory (ALONG), the panels of an
// operand are 64 rows each; where it is not, 64 columns each, and wgmma reads them transposed. What lies outside of a matrix
// comes as zeros. Blocks stay and take every gridDim.x-th tile.
#include "sm90.cuh"
#include "tiles.cuh"

enum { PANEL = 64 * 64 };
template <int BN, int STAGES> struct Ring {
  bf16 a[STAGES][2 * PANEL], b[STAGES][BN / 64 * PANEL];
  u64 full[STAGES], empty[STAGES];
};
// The descriptor of 16 of k, from k on, of the panels of an operand.
template <bool ALONG> DEV u64 operand(const bf16 *panels, int k) {
  return ALONG ? desc_k128(panels + k) : desc_mn128(panels + k * 64, PANEL * 2);
}
// Copies n panels, of rows (ALONG) or columns from r on, at k.
template <bool ALONG> DEV void fetch(bf16 *panels, int n, const TensorMap *map, int r, int k, u64 *full) {
  for (int i = 0; i < n; i++)
    if (ALONG) tma_load_2d(panels + i * PANEL, map, k, r + i * 64, full);
    else tma_load_2d(panels + i * PANEL, map, r + i * 64, k, full);
}

template <int BN, int STAGES, bool ALONG_A, bool ALONG_B>
DEV void product(float *C, const TensorMap *A, const TensorMap *B, const TensorMap *A2, const TensorMap *B2, const float *bias, int M, int N,
                 int K, int R, int from) {
  SHARED_DYN(char, raw);
  auto &s = *align1024<Ring<BN, STAGES>>(raw);
  int tid = threadIdx.x, group = tid / WG;
  if (tid == 0) {
    for (int i = 0; i < STAGES; i++) mbar_init(&s.full[i], 1), mbar_init(&s.empty[i], 8); // 8 warps: a wait for wgmma covers only its own
    fence_mbar_init();
  }
  __syncthreads();
  int tm = (M + 127) / 128, tn = (N + BN - 1) / BN, steps = (K + 63) / 64, all = steps + (R + 63) / 64;
  int st = 0, phase = 0; // the place in the ring and its parity, in step on both sides
  auto next = [&] { if (++st == STAGES) st = 0, phase ^= 1; };
  if (group == 0) {
    regs_dec<40>();
    if (tid / 32 != 0 || !elect_one()) return;
    tensormap_acquire(A), tensormap_acquire(B);
    if (R) tensormap_acquire(A2), tensormap_acquire(B2);
    for (int t = blockIdx.x; t < tm * tn; t += gridDim.x) {
      Place p = place(t, tm, tn);
      int m0 = p.m * 128, n0 = p.n * BN, high = m0 + 64 < M ? 2 : 1;
      for (int i = 0; i < all; i++, next()) {
        bool more = i >= steps;
        int k = (more ? i - steps : i) * 64;
        mbar_wait(&s.empty[st], phase ^ 1);
        mbar_expect(&s.full[st], (high + BN / 64) * PANEL * 2);
        fetch<ALONG_A>(s.a[st], high, more ? A2 : A, m0, k, &s.full[st]);
        fetch<ALONG_B>(s.b[st], BN / 64, more ? B2 : B, n0, k, &s.full[st]);
      }
    }
    return;
  }
  regs_inc<232>();
  group--;
  int lane = tid % 32;
  for (int t = blockIdx.x; t < tm * tn; t += gridDim.x) {
    Place p = place(t, tm, tn);
    int row = p.m * 128 + group * 64 + tid % WG / 32 * 16 + lane / 4, column = p.n * BN + lane % 4 * 2;
    if (p.m * 128 + group * 64 >= M) { // a warpgroup without rows
      for (int i = 0; i < all; i++, next()) {
        mbar_wait(&s.full[st], phase);
        __syncwarp(); // all lanes have seen this phase before it can pass
        if (lane == 0) mbar_arrive(&s.empty[st]);
      }
      continue;
    }
    float acc[BN / 2];
#pragma unroll
    for (int i = 0; i < BN / 2; i += 2) {
      acc[i] = acc[i + 1] = 0;
      if (from) begin(acc[i], acc[i + 1], C, bias, row + (i & 2) * 4, column + i / 4 * 8, M, N, from);
    }
    auto multiply = [&] { // a step
      mbar_wait(&s.full[st], phase);
      wgmma_fence(); // no keep(acc) here: it would touch registers in flight, and ptxas would serialise (C7517)
#pragma unroll
      for (int k = 0; k < 64; k += 16)
        wgmma_ss<BN, !ALONG_B, !ALONG_A>(acc, operand<ALONG_A>(s.a[st] + group * PANEL, k), operand<ALONG_B>(s.b[st], k), 1);
      wgmma_commit();
    };
    keep(acc);
    multiply();
    int before = st;
    next();
    for (int i = 1; i < all; i++, next()) {
      multiply();
      wgmma_wait<1>(); // the step before is done: its stage is free
      if (lane == 0) mbar_arrive(&s.empty[before]);
      before = st;
    }
    wgmma_wait<0>(acc);
    if (lane == 0) mbar_arrive(&s.empty[before]);
    forget(C), forget(row), forget(column); // else the addresses of begin occupy registers all the time
#pragma unroll
    for (int i = 0; i < BN / 2; i += 2) end(acc[i], acc[i + 1], C, row + (i & 2) * 4, column + i / 4 * 8, M, N);
  }
}

// Wide tiles are fast; narrow ones leave fewer multiprocessors idle where M or N is small. Both compute the same chains.
#define PARAMETERS float *C, const TensorMap *A, const TensorMap *B, const TensorMap *A2, const TensorMap *B2, const float *bias, int M, \
                   int N, int K, int R, int from
#define PRODUCT(bn, stages, along_a, along_b) product<bn, stages, along_a, along_b>(C, A, B, A2, B2, bias, M, N, K, R, from)
KERNEL(linear_sm90_nt_wide, 384, PARAMETERS) { PRODUCT(256, 4, true, true); }
KERNEL(linear_sm90_nt_narrow, 384, PARAMETERS) { PRODUCT(64, 8, true, true); }
KERNEL(linear_sm90_nn_wide, 384, PARAMETERS) { PRODUCT(256, 4, true, false); }
KERNEL(linear_sm90_nn_narrow, 384, PARAMETERS) { PRODUCT(64, 8, true, false); }
KERNEL(linear_sm90_tn_wide, 384, PARAMETERS) { PRODUCT(256, 4, false, false); }
KERNEL(linear_sm90_tn_narrow, 384, PARAMETERS) { PRODUCT(64, 8, false, false); }
