// What the matrix products on tensor cores share: the order of tiles, and where their chains begin and end.
#pragma once
#include "gpu.cuh"

enum { FROM_BIAS = 1, FROM_C = 2 };

// The tile of a block: columns of eight tiles, so that blocks at work at the same time share rows and columns in the L2 cache.
struct Place { int m, n; };
DEV Place place(int i, int tm, int tn) {
  int first = i / (8 * tn) * 8, height = min(8, tm - first), rest = i - first * tn;
  return {first + rest % height, rest / height};
}

// The elements (m, n) and (m, n+1) of C (M,N), n even: a thread of mma or wgmma has such pairs. begin reads what their chains
// begin with, end stores what they end with.
DEV void begin(float &x, float &y, const float *C, const float *bias, int m, int n, int M, int N, int from) {
  if (m >= M || n >= N) return;
  const float *c = from == FROM_BIAS ? bias + n : C + (u64)(u32)m * N + n;
  x = gld(c);
  if (n + 1 < N) y = gld(c + 1);
}
DEV void end(float x, float y, float *C, int m, int n, int M, int N) {
  if (m >= M || n >= N) return;
  float *c = C + (u64)(u32)m * N + n;
  if ((u64)c % 8 == 0 && n + 1 < N) return gst((float2 *)c, {x, y});
  gst(c, x);
  if (n + 1 < N) gst(c + 1, y);
}
