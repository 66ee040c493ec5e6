// Operations on single elements. n elements, four per thread, so that their loads are under way together.
#include "math.cuh"

enum { ELEMENTS = 256, EACH = 4 };
template <class F> DEV void each(u64 n, F f) {
  u64 i = (u64)blockIdx.x * (ELEMENTS * EACH) + threadIdx.x;
#pragma unroll
  for (int k = 0; k < EACH; k++, i += ELEMENTS)
    if (i < n) f(i);
}

// y += x
KERNEL(add, ELEMENTS, float *y, const float *x, u64 n) {
  each(n, [&](u64 i) { gst(y + i, gld(y + i) + gld(x + i)); });
}
// y *= s
KERNEL(scale, ELEMENTS, float *y, float s, u64 n) {
  each(n, [&](u64 i) { gst(y + i, gld(y + i) * s); });
}
// y = limit · tanh(y / limit)
KERNEL(softcap, ELEMENTS, float *y, float limit, u64 n) {
  each(n, [&](u64 i) { gst(y + i, limit * tanh_(gld(y + i) / limit)); });
}
// y = x · keep where the random number of (seed, i) is at least the threshold, else 0
KERNEL(dropout, ELEMENTS, float *y, const float *x, float keep, u64 threshold, u64 seed, u64 n) {
  each(n, [&](u64 i) { gst(y + i, random53(seed, i) < threshold ? 0.f : gld(x + i) * keep); });
}

// y = act(gate) · up. SiLU(z) = z·σ(z); GELU with tanh is z·σ(2u), 2u = 2√(2/π)·(z + 0.044715 z³).
DEV float gelu_argument(float z, float *slope) { // −2u and d2u/dz
  const float linear = -1.5957691216057308f, cubic = -1.5957691216057308f * 0.044715f;
  float z2 = z * z;
  *slope = fmaf(-3.f * cubic, z2, -linear);
  return z * fmaf(cubic, z2, linear);
}
KERNEL(gate_silu, ELEMENTS, float *y, const float *gate, const float *up, u64 n) {
  each(n, [&](u64 i) {
    float z = gld(gate + i);
    gst(y + i, z * sigmoid_of_negative(-z) * gld(up + i));
  });
}
KERNEL(gate_gelu, ELEMENTS, float *y, const float *gate, const float *up, u64 n) {
  each(n, [&](u64 i) {
    float z = gld(gate + i), slope;
    gst(y + i, z * sigmoid_of_negative(gelu_argument(z, &slope)) * gld(up + i));
  });
}
// In the forward pass this was y = z·σ(z) · up, so now dup = dy · z·σ and dgate = dy · up · (σ + z·σ·(1 − σ)). Outputs may
// be inputs: a thread reads all three before it writes.
KERNEL(gate_silu_back, ELEMENTS, float *dgate, float *dup, const float *dy, const float *gate, const float *up, u64 n) {
  each(n, [&](u64 i) {
    float z = gld(gate + i), g = gld(dy + i), u = gld(up + i), s = sigmoid_of_negative(-z), act = z * s;
    gst(dgate + i, g * u * fmaf(act, 1.f - s, s));
    gst(dup + i, g * act);
  });
}
// In the forward pass this was y = z·σ(2u) · up, so now dgate = dy · up · (σ + z·σ·(1 − σ) · d2u/dz).
KERNEL(gate_gelu_back, ELEMENTS, float *dgate, float *dup, const float *dy, const float *gate, const float *up, u64 n) {
  each(n, [&](u64 i) {
    float slope, z = gld(gate + i), g = gld(dy + i), u = gld(up + i), s = sigmoid_of_negative(gelu_argument(z, &slope)), act = z * s;
    gst(dgate + i, g * u * fmaf(act * (1.f - s), slope, s));
    gst(dup + i, g * act);
  });
}

// One update of AdamW; see kernels/reference/optimizer.go. late is lr / (1−β₁ᵗ), square is 1 / (1−β₂ᵗ).
KERNEL(adamw, ELEMENTS, float *p, const float *g, float *m, float *v, float scale, float beta1, float one1, float beta2, float one2,
       float decay, float late, float square, float eps, u64 n) {
  each(n, [&](u64 i) {
    float x = gld(g + i) * scale;
    float mean = fmaf(gld(m + i), beta1, x * one1), var = fmaf(gld(v + i), beta2, x * x * one2);
    gst(m + i, mean);
    gst(v + i, var);
    gst(p + i, gld(p + i) * decay - mean * late / (sqrtf(var * square) + eps));
  });
}

// Conversions of a weight (rows, in): bfloat16 and float16 to float32, and float32 (rows, in) to bfloat16 with rows of chunks · 8
// elements; a thread makes a chunk, of which there are n, zero outside of the matrix.
KERNEL(widen_bf16, ELEMENTS, float *y, const bf16 *x, u64 n) {
  each(n, [&](u64 i) { gst(y + i, bf2f(gld(x + i))); });
}
KERNEL(widen_f16, ELEMENTS, float *y, const u16 *x, u64 n) {
  each(n, [&](u64 i) {
    u32 h = gld(x + i), sign = h >> 15 << 31, exponent = h >> 10 & 31, fraction = h & 1023;
    if (exponent == 0) gst(y + i, bits2f(sign | f2bits((float)fraction * 5.9604644775390625e-08f))); // · 2⁻²⁴
    else gst(y + i, bits2f(sign | (exponent == 31 ? 255 : exponent + 112) << 23 | fraction << 13));
  });
}
KERNEL(narrow, ELEMENTS, uint4 *y, const float *x, int rows, int in, int chunks, u64 n) {
  u64 i = (u64)blockIdx.x * ELEMENTS + threadIdx.x;
  if (i >= n) return;
  u32 row = (u32)i / (u32)chunks;
  int c = ((u32)i - row * (u32)chunks) * 8;
  if (row >= (u32)rows) in = 0;
  x += (u64)row * (u32)in + c;
  float v[8];
  if (c + 8 <= in && (u64)x % 16 == 0) {
    float4 a = gld((const float4 *)x), b = gld((const float4 *)x + 1);
    v[0] = a.x, v[1] = a.y, v[2] = a.z, v[3] = a.w, v[4] = b.x, v[5] = b.y, v[6] = b.z, v[7] = b.w;
  } else
#pragma unroll
    for (int k = 0; k < 8; k++) v[k] = c + k < in ? gld(x + k) : 0.f;
  gst(y + i, {pack2(v[0], v[1]), pack2(v[2], v[3]), pack2(v[4], v[5]), pack2(v[6], v[7])});
}
