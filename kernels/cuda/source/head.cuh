// What softmax has to know of a row of V logits. A block of ROW threads reads a row: thread i takes the elements i, i+ROW, … in
// order, the lanes of a warp are folded in a tree and the warps in order, so that a row's bits are its own.
#pragma once
#include "math.cuh"

enum { ROW = 512, WARPS = ROW / 32 };

// fold combines a value of each thread; every thread gets the result.
template <class T, class F> DEV T fold(T v, T *part, F f) {
#pragma unroll
  for (int o = 16; o; o >>= 1) v = f(v, __shfl_xor_sync(0xffffffffu, v, o));
  if (threadIdx.x % 32 == 0) part[threadIdx.x / 32] = v;
  __syncthreads();
  T all = part[0];
#pragma unroll
  for (int i = 1; i < WARPS; i++) all = f(all, part[i]);
  __syncthreads();
  return all;
}
DEV float block_sum(float v, float *part) { return fold(v, part, [](float a, float b) { return a + b; }); }
DEV float block_max(float v, float *part) { return fold(v, part, [](float a, float b) { return fmaxf(a, b); }); }
DEV int block_min(int v, int *part) { return fold(v, part, [](int a, int b) { return a < b ? a : b; }); }
DEV float minus_infinity() { return bits2f(0xff800000u); }
template <class F> DEV void each_of(int V, F f) {
#pragma unroll 4
  for (int v = threadIdx.x; v < V; v += ROW) f(v);
}
DEV float row_max(const float *z, int V, float *part) {
  float top = minus_infinity();
  each_of(V, [&](int v) { top = fmaxf(top, gld(z + v)); });
  return block_max(top, part);
}
// The lowest id whose value is top.
DEV int first_with(const float *z, int V, float top, int *part) {
  int id = V;
  each_of(V, [&](int v) { if (gld(z + v) == top && v < id) id = v; });
  return block_min(id, part);
}

// The maximum and Σ exp(z − max).
struct Distribution { float top, sum; };
DEV float logp_of(const Distribution &d, float z) { return (float)((double)z - (double)d.top - log((double)d.sum)); }
DEV Distribution distribution(const float *z, int V, float *part) {
  float top = row_max(z, V, part), sum = 0;
  each_of(V, [&](int v) { sum += exp_(gld(z + v) - top); });
  return {top, block_sum(sum, part)};
}
