// What a kernel may use. One source, two compilers: NVRTC takes the first branch, g++ the second, which gets the emulation.
// No CUDA header is needed, so NVRTC compiles the embedded source without an include path.
#pragma once
typedef unsigned int u32;
typedef unsigned short u16;
typedef unsigned long long u64;
struct bf16 { u16 x; };

#if defined(__CUDACC__)
#define DEV static __device__ __forceinline__
#define FIRST_TWO(a, b, ...) a, b
#define KERNEL(name, threads, ...) extern "C" __global__ void __launch_bounds__(FIRST_TWO(threads, 1, )) name(__VA_ARGS__)
#define BOUNDS(threads, blocks) threads, blocks // of KERNEL: so many blocks shall fit on a multiprocessor, where it is not one
#define SHARED(T, name) __shared__ __align__(128) T name
#define SHARED_ARR(T, name, n) __shared__ __align__(128) T name[n]
#define SHARED_DYN(T, name)                                    \
  extern __shared__ __align__(128) unsigned char dyn_shared[]; \
  T *name = (T *)dyn_shared

DEV bf16 f2bf(float f) { bf16 r; asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(r.x) : "f"(f)); return r; }
DEV u32 pack2(float lo, float hi) { u32 r; asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(r) : "f"(hi), "f"(lo)); return r; }
DEV u32 smem_addr(const void *p) { return (u32)__cvta_generic_to_shared(p); }

// Plain global loads and stores; the emulation counts their bytes.
template <class T> DEV T gld(const T *p) { return *p; }
template <class T> DEV void gst(T *p, T v) { *p = v; }

// Nothing that was computed from x before is kept in registers for later.
DEV void forget(int &x) { asm volatile("" : "+r"(x)); }
template <class T> DEV void forget(T *&p) { asm volatile("" : "+l"(p)); }

// 16-byte asynchronous copy to shared memory; zero-fills when ok is false.
DEV void cp_async16(void *dst, const void *src, bool ok) {
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(smem_addr(dst)), "l"(src), "r"(ok ? 16 : 0));
}
DEV void cp_commit() { asm volatile("cp.async.commit_group;"); }
template <int N> DEV void cp_wait() { asm volatile("cp.async.wait_group %0;" ::"n"(N) : "memory"); }

// Four 8x8 b16 tiles; lane i gives the address of row i%8 of tile i/8.
DEV void ldmatrix_x4(u32 (&r)[4], const void *row) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3]) : "r"(smem_addr(row)) : "memory");
}
DEV void ldmatrix_x4_trans(u32 (&r)[4], const void *row) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0,%1,%2,%3}, [%4];"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3]) : "r"(smem_addr(row)) : "memory");
}
// d(16x8,f32) += a(16x16,bf16 row) * b(16x8,bf16 col)
DEV void mma_bf16(float (&d)[4], const u32 (&a)[4], u32 b0, u32 b1) {
  asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
               : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
               : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}
#else
#include "../emu/emu.h"
#define DEV static inline
template <class T> DEV void forget(T &) {}
DEV bf16 f2bf(float f) {
  u32 u; __builtin_memcpy(&u, &f, 4);
  if (f != f) return {0x7fff};
  return {(u16)((u + 0x7fff + ((u >> 16) & 1)) >> 16)};
}
DEV u32 pack2(float lo, float hi) { return f2bf(lo).x | (u32)f2bf(hi).x << 16; }
#endif

// Bits are taken as they are.
DEV float bits2f(u32 u) { float f; memcpy(&f, &u, 4); return f; }
DEV u32 f2bits(float f) { u32 u; memcpy(&u, &f, 4); return u; }
DEV float bf2f(bf16 b) { u32 u = (u32)b.x << 16; float f; memcpy(&f, &u, 4); return f; }
DEV float lo2f(u32 u) { return bf2f({(u16)u}); }
DEV float hi2f(u32 u) { return bf2f({(u16)(u >> 16)}); }
// Sum and maximum over a warp, in a fixed tree; every lane gets the result.
DEV float warp_sum(float v) {
#pragma unroll
  for (int o = 16; o; o >>= 1) v += __shfl_xor_sync(0xffffffffu, v, o);
  return v;
}
DEV float warp_max(float v) {
#pragma unroll
  for (int o = 16; o; o >>= 1) v = fmaxf(v, __shfl_xor_sync(0xffffffffu, v, o));
  return v;
}
