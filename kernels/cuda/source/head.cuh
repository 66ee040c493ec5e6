// What softmax has to know of a row of V logits, read by a block of ROW threads in an order of its own, so that a row's bits are its
// own. In each_of thread i takes the elements i, i+ROW, …; the lanes of a warp are folded in a tree and the warps in order.
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
DEV float carry(float top, float higher) { return top == higher ? 1 : exp_(top - higher); } // −∞ on both sides, too
DEV Distribution join(Distribution a, Distribution b) {
  float top = fmaxf(a.top, b.top);
  return {top, a.sum * carry(a.top, top) + b.sum * carry(b.top, top)};
}
// Of a strip of 32 logits, of which each lane of a quad has the pairs 2q + 8j and the one to its right, j = 0 … 3, as tensor cores
// leave them: lane by lane in order, then the lanes in a tree.
DEV Distribution strip(const float (&x)[8]) {
  float top = x[0], sum = 0;
#pragma unroll
  for (int i = 1; i < 8; i++) top = fmaxf(top, x[i]);
  top = fmaxf(top, __shfl_xor_sync(0xffffffffu, top, 1));
  top = fmaxf(top, __shfl_xor_sync(0xffffffffu, top, 2));
#pragma unroll
  for (int i = 0; i < 8; i++) sum += carry(x[i], top);
  sum += __shfl_xor_sync(0xffffffffu, sum, 1);
  sum += __shfl_xor_sync(0xffffffffu, sum, 2);
  return {top, sum};
}
// Of a row: its strips go round over the quads of the block, each of which joins its own in order; then the quads are folded. The row is
// read once.
enum { STRIP = 32, QUADS = ROW / 4 };
DEV Distribution distribution(const float *z, int V, float *part) {
  Distribution mine = {minus_infinity(), 0};
  int quad = threadIdx.x / 4, q = threadIdx.x % 4;
  for (int base = 0; base < V; base += QUADS * STRIP) { // the lanes of a warp stay together
    int first = base + quad * STRIP;
    float x[8];
#pragma unroll
    for (int i = 0; i < 8; i++) {
      int v = first + i / 2 * 8 + 2 * q + i % 2;
      x[i] = v < V ? gld(z + v) : minus_infinity();
    }
    Distribution next = strip(x);
    if (first < V) mine = join(mine, next);
  }
  float top = block_max(mine.top, part);
  return {top, block_sum(q == 0 ? mine.sum * carry(mine.top, top) : 0.f, part)};
}
