// Matrix products in bfloat16 on tensor cores: C (M,N) = start + A · B + A2 · B2, float32 sums of exact products. An element is
// one chain of mma over groups of 16 of k, in order, beginning with what C holds, with a bias (N), or with zero; A2 (M,R) and
// B2 (N,R), a LoRA adapter, are further groups. Its bits depend on nothing else: not on the tile, not on M.
//
//	nt   A (M,K), B (N,K): y = x · Wᵀ        nn   A (M,K), B (K,N): dx = dy · W        tn   A (K,M), B (K,N): dw = dyᵀ · x
//
// Rows have lda, ldb … elements, multiples of 8, and zeros behind the last column; C is dense. linear_sm90.cu has the same
// contract.
#include "tiles.cuh"

// A tile of ROWS × COLS in shared memory, in chunks of 16 bytes. Chunks are exchanged within their row so that the eight rows
// that ldmatrix reads at a time lie in different banks.
template <int COLS> DEV int at(int row, int chunk) {
  constexpr int per = COLS / 8, shift = per >= 8 ? 0 : per == 4 ? 1 : 2, mask = per >= 8 ? 7 : per - 1;
  return row * COLS + ((chunk ^ (row >> shift & mask)) << 3);
}
// Copies a tile whose first element is (r0, c0) of a matrix of rows × cols; zeros outside.
template <int THREADS, int ROWS, int COLS> DEV void load(bf16 *tile, const bf16 *src, int r0, int rows, int c0, int cols, int ld) {
  constexpr int per = COLS / 8, step = THREADS / per; // a thread copies chunks of one column
  int r = threadIdx.x / per, c = threadIdx.x % per;
  bool column = c0 + c * 8 < cols;
  const bf16 *from = src + (u64)(u32)(r0 + r) * ld + c0 + c * 8;
#pragma unroll
  for (int i = 0; i < ROWS; i += step, from += step * ld) {
    bool ok = column && r0 + r + i < rows;
    cp_async16(tile + at<COLS>(r + i, c), ok ? from : src, ok);
  }
}
// Operands of mma from a tile: ROWS × DEPTH where k is contiguous (ALONG), else DEPTH × ROWS, which ldmatrix transposes.
template <int ROWS, int DEPTH, bool ALONG> DEV void fragment_a(u32 (&a)[4], const bf16 *tile, int row, int k) { // 16 × 16
  int lane = threadIdx.x % 32;
  if constexpr (ALONG) ldmatrix_x4(a, tile + at<DEPTH>(row + (lane & 15), k / 8 + (lane >> 4)));
  else ldmatrix_x4_trans(a, tile + at<ROWS>(k + (lane & 7) + (lane >> 4 << 3), row / 8 + (lane >> 3 & 1)));
}
template <int ROWS, int DEPTH, bool ALONG> DEV void fragment_b(u32 (&b)[4], const bf16 *tile, int row, int k) { // two of 8 × 16
  int lane = threadIdx.x % 32;
  if constexpr (ALONG) ldmatrix_x4(b, tile + at<DEPTH>(row + (lane & 7) + (lane >> 4 << 3), k / 8 + (lane >> 3 & 1)));
  else ldmatrix_x4_trans(b, tile + at<ROWS>(k + (lane & 15), row / 8 + (lane >> 4)));
}

// The elements of a thread, in pairs side by side: f(element, the one to its right, row, column).
template <int I, int J, class F> DEV void each_pair(float (&acc)[I][J][4], int row, int column, F f) {
#pragma unroll
  for (int i = 0; i < I; i++)
#pragma unroll
    for (int j = 0; j < J; j++)
#pragma unroll
      for (int h = 0; h < 2; h++) f(acc[i][j][2 * h], acc[i][j][2 * h + 1], row + i * 16 + h * 8, column + j * 8);
}

// A block computes BM × BN elements with WM × WN warps, in steps of DEPTH of k, of which STAGES are in shared memory.
template <int BM_, int BN_, int DEPTH_, int WM_, int WN_, int STAGES_> struct Shape {
  enum { BM = BM_, BN = BN_, DEPTH = DEPTH_, WM = WM_, WN = WN_, STAGES = STAGES_, THREADS = WM * WN * 32, TM = BM / WM, TN = BN / WN };
  struct Shared { bf16 a[STAGES][BM * DEPTH], b[STAGES][BN * DEPTH]; };
};
template <class S, bool ALONG_A, bool ALONG_B>
DEV void product(float *C, const bf16 *A, const bf16 *B, const bf16 *A2, const bf16 *B2, const float *bias, int M, int N, int K, int R,
                 int lda, int ldb, int lda2, int ldb2, int from) {
  SHARED(typename S::Shared, s);
  int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
  Place p = place(blockIdx.x, (M + S::BM - 1) / S::BM, (N + S::BN - 1) / S::BN);
  int m0 = p.m * S::BM, n0 = p.n * S::BN, wm = warp % S::WM * S::TM, wn = warp / S::WM * S::TN;
  bool mine = m0 + wm < M && n0 + wn < N; // warps outside of C only help to load
  int steps = (K + S::DEPTH - 1) / S::DEPTH, all = steps + (R + S::DEPTH - 1) / S::DEPTH;

  auto fetch = [&](int i, int st) {
    bool more = ALONG_A && ALONG_B && i >= steps; // adapters come as nt alone
    int k0 = (more ? i - steps : i) * S::DEPTH, k = more ? R : K;
    const bf16 *a = more ? A2 : A, *b = more ? B2 : B;
    int la = more ? lda2 : lda, lb = more ? ldb2 : ldb;
    if constexpr (ALONG_A) load<S::THREADS, S::BM, S::DEPTH>(s.a[st], a, m0, M, k0, k, la);
    else load<S::THREADS, S::DEPTH, S::BM>(s.a[st], a, k0, k, m0, M, la);
    if constexpr (ALONG_B) load<S::THREADS, S::BN, S::DEPTH>(s.b[st], b, n0, N, k0, k, lb);
    else load<S::THREADS, S::DEPTH, S::BN>(s.b[st], b, k0, k, n0, N, lb);
  };
#pragma unroll 1
  for (int i = 0; i < S::STAGES - 1; i++) {
    if (i < all) fetch(i, i);
    cp_commit();
  }
  float acc[S::TM / 16][S::TN / 8][4] = {};
  if (from) each_pair(acc, m0 + wm + lane / 4, n0 + wn + lane % 4 * 2, [&](float &x, float &y, int m, int n) { begin(x, y, C, bias, m, n, M, N, from); });
  for (int i = 0, st = 0; i < all; i++, st = st + 1 == S::STAGES ? 0 : st + 1) {
    cp_wait<S::STAGES - 2>();
    __syncthreads(); // this stage is there, and nobody reads the one before it any more
    if (i + S::STAGES - 1 < all) fetch(i + S::STAGES - 1, st ? st - 1 : S::STAGES - 1);
    cp_commit(); // an empty group at the end keeps the count right
    if (!mine) continue;
#pragma unroll
    for (int k = 0; k < S::DEPTH; k += 16) {
      u32 a[S::TM / 16][4];
#pragma unroll
      for (int m = 0; m < S::TM / 16; m++) fragment_a<S::BM, S::DEPTH, ALONG_A>(a[m], s.a[st], wm + m * 16, k);
#pragma unroll
      for (int n = 0; n < S::TN / 16; n++) {
        u32 b[4];
        fragment_b<S::BN, S::DEPTH, ALONG_B>(b, s.b[st], wn + n * 16, k);
#pragma unroll
        for (int m = 0; m < S::TM / 16; m++)
          mma_bf16(acc[m][2 * n], a[m], b[0], b[1]), mma_bf16(acc[m][2 * n + 1], a[m], b[2], b[3]);
      }
    }
  }
  cp_wait<0>();
  forget(C), forget(m0), forget(n0); // else the addresses of begin occupy registers all the time
  each_pair(acc, m0 + wm + lane / 4, n0 + wn + lane % 4 * 2, [&](float x, float y, int m, int n) { end(x, y, C, m, n, M, N); });
}

// Wide tiles are fast; flat ones (M ≤ 16: decoding) and tall ones (N ≤ 32: adapters) leave less idle.
typedef Shape<128, 128, 32, 2, 4, 3> Wide;
typedef Shape<16, 32, 128, 1, 2, 4> Flat;
typedef Shape<128, 32, 32, 4, 1, 4> Tall;
#define PARAMETERS float *C, const bf16 *A, const bf16 *B, const bf16 *A2, const bf16 *B2, const float *bias, int M, int N, int K, int R, \
                   int lda, int ldb, int lda2, int ldb2, int from
#define PRODUCT(shape, along_a, along_b) product<shape, along_a, along_b>(C, A, B, A2, B2, bias, M, N, K, R, lda, ldb, lda2, ldb2, from)
KERNEL(linear_bf16_nt_wide, BOUNDS(256, 2), PARAMETERS) { PRODUCT(Wide, true, true); }
KERNEL(linear_bf16_nt_flat, BOUNDS(64, 4), PARAMETERS) { PRODUCT(Flat, true, true); }
KERNEL(linear_bf16_nt_tall, BOUNDS(128, 4), PARAMETERS) { PRODUCT(Tall, true, true); }
KERNEL(linear_bf16_nn_wide, BOUNDS(256, 2), PARAMETERS) { PRODUCT(Wide, true, false); }
KERNEL(linear_bf16_nn_flat, BOUNDS(64, 4), PARAMETERS) { PRODUCT(Flat, true, false); }
KERNEL(linear_bf16_nn_tall, BOUNDS(128, 4), PARAMETERS) { PRODUCT(Tall, true, false); }
KERNEL(linear_bf16_tn_wide, BOUNDS(256, 2), PARAMETERS) { PRODUCT(Wide, false, false); }
KERNEL(linear_bf16_tn_flat, BOUNDS(64, 4), PARAMETERS) { PRODUCT(Flat, false, false); }
KERNEL(linear_bf16_tn_tall, BOUNDS(128, 4), PARAMETERS) { PRODUCT(Tall, false, false); }
