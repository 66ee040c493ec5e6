// Matrix products in float32: C (M,N) = start + A · B, where an element is one chain of fused multiply-adds over k = 0 … K−1
// in order, beginning with what C holds, with a bias (N), or with zero. That chain is all that its bits depend on: not on the
// tile, not on M. A product may therefore be continued by another one that begins with C (LoRA, rows in pieces).
//
//	nt   A (M,K), B (N,K): y = x · Wᵀ        nn   A (M,K), B (K,N): dx = dy · W        tn   A (K,M), B (K,N): dw = dyᵀ · x
//
// All matrices are row-major with lda, ldb elements from row to row; C is dense. B is float32 or bfloat16, widened.
#include "gpu.cuh"

enum { FROM_BIAS = 1, FROM_C = 2, ALIGNED_A = 4, ALIGNED_B = 8 }; // aligned: rows begin and end on 16 bytes
enum { DEPTH = 16 };                                              // of a tile, in k

// A tile of an operand in shared memory, as it lies in memory: ROWS × DEPTH where k is contiguous (ALONG), else DEPTH × ROWS.
// Rows are 16 bytes longer than they need be, so that neighbours begin in different banks.
template <class E, int ROWS, bool ALONG> struct Tile {
  enum { HEIGHT = ALONG ? ROWS : DEPTH, WIDTH = ALONG ? DEPTH : ROWS, CHUNK = 16 / sizeof(E), LD = WIDTH + CHUNK };
  E v[HEIGHT * LD];
};
// Copies a tile whose first element is (r0, c0) of a matrix of rows × cols; zeros outside.
template <int THREADS, class E, int ROWS, bool ALONG>
DEV void load(Tile<E, ROWS, ALONG> &t, const E *src, int r0, int rows, int c0, int cols, int ld, bool aligned) {
  typedef Tile<E, ROWS, ALONG> S;
  constexpr int across = S::WIDTH / S::CHUNK, chunks = S::HEIGHT * across;
  if (aligned) {
#pragma unroll
    for (int i = threadIdx.x; i < chunks; i += THREADS) {
      int r = i / across, c = i % across * S::CHUNK;
      bool ok = r0 + r < rows && c0 + c < cols;
      cp_async16(&t.v[r * S::LD + c], ok ? src + (u64)(u32)(r0 + r) * ld + c0 + c : src, ok);
    }
    return;
  }
#pragma unroll 1
  for (int i = threadIdx.x; i < S::HEIGHT * S::WIDTH; i += THREADS) {
    int r = i / S::WIDTH, c = i % S::WIDTH;
    t.v[r * S::LD + c] = r0 + r < rows && c0 + c < cols ? gld(src + (u64)(u32)(r0 + r) * ld + c0 + c) : E{};
  }
}

struct alignas(16) Four { float v[4]; };
struct alignas(8) FourHalves { u32 v[2]; };
// The elements k … k+3 of row r of an operand.
template <class E, int ROWS> DEV Four quad(const Tile<E, ROWS, false> &t, int r, int k) {
  Four f;
#pragma unroll
  for (int i = 0; i < 4; i++) {
    E e = t.v[(k + i) * Tile<E, ROWS, false>::LD + r];
    if constexpr (sizeof(E) == 4) f.v[i] = e;
    else f.v[i] = bf2f(e);
  }
  return f;
}
template <int ROWS> DEV Four quad(const Tile<float, ROWS, true> &t, int r, int k) {
  return *(const Four *)&t.v[r * Tile<float, ROWS, true>::LD + k];
}
template <int ROWS> DEV Four quad(const Tile<bf16, ROWS, true> &t, int r, int k) {
  FourHalves h = *(const FourHalves *)&t.v[r * Tile<bf16, ROWS, true>::LD + k];
  return {lo2f(h.v[0]), hi2f(h.v[0]), lo2f(h.v[1]), hi2f(h.v[1])};
}

// A block computes BM × BN elements, a thread TM × TN of them, which lie BM/TM rows and BN/TN columns apart.
template <int BM, int BN, int TM, int TN, bool ALONG_A, bool ALONG_B, class W>
DEV void product(float *C, const float *A, const W *B, const float *bias, int M, int N, int K, int lda, int ldb, int flags) {
  constexpr int X = BN / TN, Y = BM / TM, THREADS = X * Y;
  typedef Tile<float, BM, ALONG_A> TileA;
  typedef Tile<W, BN, ALONG_B> TileB;
  SHARED_ARR(TileA, a, 2);
  SHARED_ARR(TileB, b, 2);
  int x = threadIdx.x % X, y = threadIdx.x / X, n0 = blockIdx.x * BN, m0 = blockIdx.y * BM;
  bool mine = m0 + y < M && n0 + x < N; // threads outside of C only help to load
  float acc[TM][TN];
#pragma unroll
  for (int i = 0; i < TM; i++)
#pragma unroll
    for (int j = 0; j < TN; j++) {
      int m = m0 + y + i * Y, n = n0 + x + j * X;
      acc[i][j] = 0;
      if (m < M && n < N) {
        if (flags & FROM_BIAS) acc[i][j] = gld(bias + n);
        if (flags & FROM_C) acc[i][j] = gld(C + (u64)(u32)m * N + n);
      }
    }
  auto fetch = [&](int k0, int st) {
    if constexpr (ALONG_A) load<THREADS>(a[st], A, m0, M, k0, K, lda, flags & ALIGNED_A);
    else load<THREADS>(a[st], A, k0, K, m0, M, lda, flags & ALIGNED_A);
    if constexpr (ALONG_B) load<THREADS>(b[st], B, n0, N, k0, K, ldb, flags & ALIGNED_B);
    else load<THREADS>(b[st], B, k0, K, n0, N, ldb, flags & ALIGNED_B);
  };
  fetch(0, 0);
  cp_commit();
  for (int k0 = 0, st = 0; k0 < K; k0 += DEPTH, st ^= 1) {
    cp_wait<0>();
    __syncthreads(); // the tile is there, and nobody reads the other one any more
    if (k0 + DEPTH < K) fetch(k0 + DEPTH, st ^ 1);
    cp_commit();
    if (mine)
#pragma unroll 1
      for (int k = 0; k < DEPTH; k += 4) {
        Four p[TM];
#pragma unroll
        for (int i = 0; i < TM; i++) p[i] = quad(a[st], y + i * Y, k);
#pragma unroll
        for (int j = 0; j < TN; j++) {
          Four q = quad(b[st], x + j * X, k);
#pragma unroll
          for (int e = 0; e < 4; e++)
#pragma unroll
            for (int i = 0; i < TM; i++) acc[i][j] = fmaf(p[i].v[e], q.v[e], acc[i][j]);
        }
      }
  }
  cp_wait<0>();
  forget(C), forget(m0), forget(n0); // else the addresses of the beginning occupy registers all the time
#pragma unroll
  for (int i = 0; i < TM; i++)
#pragma unroll
    for (int j = 0; j < TN; j++) {
      int m = m0 + y + i * Y, n = n0 + x + j * X;
      if (m < M && n < N) gst(C + (u64)(u32)m * N + n, acc[i][j]);
    }
}

// Wide tiles are fast, flat ones leave less idle where M or N is small. Both compute the same chains.
#define PRODUCT_ARGS(W) float *C, const float *A, const W *B, const float *bias, int M, int N, int K, int lda, int ldb, int flags
#define WIDE(along_a, along_b, W) product<64, 128, 4, 8, along_a, along_b, W>(C, A, B, bias, M, N, K, lda, ldb, flags)
#define FLAT(along_a, along_b, W) product<16, 32, 2, 4, along_a, along_b, W>(C, A, B, bias, M, N, K, lda, ldb, flags)
#define WIDE_THREADS BOUNDS(256, 2)
#define FLAT_THREADS BOUNDS(64, 8)
KERNEL(linear_nt_wide, WIDE_THREADS, PRODUCT_ARGS(float)) { WIDE(true, true, float); }
KERNEL(linear_nt_flat, FLAT_THREADS, PRODUCT_ARGS(float)) { FLAT(true, true, float); }
KERNEL(linear_nt_wide_half, WIDE_THREADS, PRODUCT_ARGS(bf16)) { WIDE(true, true, bf16); }
KERNEL(linear_nt_flat_half, FLAT_THREADS, PRODUCT_ARGS(bf16)) { FLAT(true, true, bf16); }
KERNEL(linear_nn_wide, WIDE_THREADS, PRODUCT_ARGS(float)) { WIDE(true, false, float); }
KERNEL(linear_nn_flat, FLAT_THREADS, PRODUCT_ARGS(float)) { FLAT(true, false, float); }
KERNEL(linear_nn_wide_half, WIDE_THREADS, PRODUCT_ARGS(bf16)) { WIDE(true, false, bf16); }
KERNEL(linear_nn_flat_half, FLAT_THREADS, PRODUCT_ARGS(bf16)) { FLAT(true, false, bf16); }
KERNEL(linear_tn_wide, WIDE_THREADS, PRODUCT_ARGS(float)) { WIDE(false, false, float); }
KERNEL(linear_tn_flat, FLAT_THREADS, PRODUCT_ARGS(float)) { FLAT(false, false, float); }
