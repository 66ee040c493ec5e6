// The functions of kernels/cpu/scalar.go, operation by operation: the same bits on every device.
#pragma once
#include "gpu.cuh"

DEV float pow2(float n) { return bits2f((u32)((int)n + 127) << 23); }
// x = n·ln 2 + r with |r| ≤ ln 2 / 2.
DEV float reduce(float x, float *r) {
  float n = rintf(x * 1.4426950408889634f);
  *r = fmaf(n, 1.904654299957768e-09f, fmaf(n, -0.693147182464599609375f, x));
  return n;
}
DEV float exp_tail(float r) { // (eʳ − 1) / r
  float q = 1.f / 5040;
  q = fmaf(q, r, 1.f / 720);
  q = fmaf(q, r, 1.f / 120);
  q = fmaf(q, r, 1.f / 24);
  q = fmaf(q, r, 1.f / 6);
  q = fmaf(q, r, 0.5f);
  return fmaf(q, r, 1.f);
}
// eˣ within 2 ulp; 0 below −87.3, +Inf above 88.7.
DEV float exp_(float x) {
  if (x < -87.33654f) return 0;
  if (88.73f < x) x = 88.73f;
  float r, n = reduce(x, &r);
  return fmaf(exp_tail(r), r, 1.f) * pow2(n);
}
// With m = e^(2|x|) − 1 it is m / (m + 2), with the sign of x.
DEV float tanh_(float x) {
  float a = fabsf(x);
  if (10.f < a) a = 10.f;
  float r, n = reduce(a + a, &r), s = pow2(n);
  float m = fmaf(exp_tail(r) * r, s, s - 1.f);
  return copysignf(m / (m + 2.f), x);
}
DEV float sigmoid_of_negative(float z) { return 1.f / (1.f + exp_(z)); }

// The random number in [0, 1) of (seed, counter), times 2⁵³: kernels.Uniform of random.go.
DEV u64 scramble(u64 z) {
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
  z = (z ^ z >> 27) * 0x94d049bb133111ebull;
  return z ^ z >> 31;
}
DEV u64 random53(u64 seed, u64 counter) {
  const u64 weyl = 0x9e3779b97f4a7c15ull;
  return scramble(scramble(seed + weyl) + counter * weyl) >> 11;
}
