// What a kernel for sm_90a may use beside gpu.cuh: mbarriers, TMA, wgmma, named barriers, register
// reallocation. Device code on one side, declarations of the emulated twins on the other.
#pragma once
#if !defined(__CUDACC__) || defined(__CUDA_ARCH_FEAT_SM90_ALL)
#define HAVE_SM90A 1
enum { WG = 128 };                                 // threads of a warpgroup
enum { SW_NONE = 0, SW_128 = 1, SW_64 = 2, SW_32 = 3 }; // as wgmma descriptors count them (tensor maps count 0,3,2,1)
struct TensorMap { u64 opaque[16]; };              // CUtensorMap; lies in device memory, 64-byte aligned

#if defined(__CUDACC__)
// ---- mbarrier
DEV void mbar_init(u64 *b, int count) { asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;" ::"r"(smem_addr(b)), "r"(count) : "memory"); }
DEV void fence_mbar_init() { asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory"); }
DEV void mbar_arrive(u64 *b) { asm volatile("mbarrier.arrive.shared::cta.b64 _, [%0];" ::"r"(smem_addr(b)) : "memory"); }
DEV void mbar_expect(u64 *b, int bytes) { // arrives and announces bytes
  asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;" ::"r"(smem_addr(b)), "r"(bytes) : "memory");
}
DEV void mbar_wait(u64 *b, int parity) { // until the phase of this parity is complete
  u32 done;
  do
    asm volatile("{\n.reg .pred p;\nmbarrier.try_wait.parity.shared::cta.b64 p, [%1], %2;\nselp.u32 %0, 1, 0, p;\n}"
                 : "=r"(done) : "r"(smem_addr(b)), "r"(parity) : "memory");
  while (!done);
}
// ---- TMA
DEV void tensormap_acquire(const TensorMap *m) { // once per block and map: the host wrote it to global memory
  asm volatile("fence.proxy.tensormap::generic.acquire.sys [%0], 128;" ::"l"(m) : "memory");
}
DEV void tma_load_2d(void *dst, const TensorMap *m, int c0, int c1, u64 *bar) {
  asm volatile("cp.async.bulk.tensor.2d.shared::cluster.global.mbarrier::complete_tx::bytes [%0], [%1, {%2, %3}], [%4];"
               ::"r"(smem_addr(dst)), "l"(m), "r"(c0), "r"(c1), "r"(smem_addr(bar)) : "memory");
}
DEV void tma_load_3d(void *dst, const TensorMap *m, int c0, int c1, int c2, u64 *bar) {
  asm volatile("cp.async.bulk.tensor.3d.shared::cluster.global.mbarrier::complete_tx::bytes [%0], [%1, {%2, %3, %4}], [%5];"
               ::"r"(smem_addr(dst)), "l"(m), "r"(c0), "r"(c1), "r"(c2), "r"(smem_addr(bar)) : "memory");
}
DEV void tma_store_2d(const TensorMap *m, int c0, int c1, const void *src) {
  asm volatile("cp.async.bulk.tensor.2d.global.shared::cta.bulk_group [%0, {%1, %2}], [%3];"
               ::"l"(m), "r"(c0), "r"(c1), "r"(smem_addr(src)) : "memory");
}
DEV void tma_store_3d(const TensorMap *m, int c0, int c1, int c2, const void *src) {
  asm volatile("cp.async.bulk.tensor.3d.global.shared::cta.bulk_group [%0, {%1, %2, %3}], [%4];"
               ::"l"(m), "r"(c0), "r"(c1), "r"(c2), "r"(smem_addr(src)) : "memory");
}
DEV void bulk_commit() { asm volatile("cp.async.bulk.commit_group;" ::: "memory"); }
template <int LEFT> DEV void bulk_wait_read() { asm volatile("cp.async.bulk.wait_group.read %0;" ::"n"(LEFT) : "memory"); }
// Stores to shared memory that TMA or wgmma will read go through sst; then the writer fences.
template <class T> DEV void sst(T *p, T v) { *p = v; }
DEV void fence_async() { asm volatile("fence.proxy.async.shared::cta;" ::: "memory"); }
// ---- warps
DEV bool elect_one() {
  u32 r;
  asm volatile("{\n.reg .pred p;\nelect.sync _|p, 0xffffffff;\nselp.u32 %0, 1, 0, p;\n}" : "=r"(r));
  return r;
}
DEV void bar_sync(int id, int threads) { asm volatile("bar.sync %0, %1;" ::"r"(id), "r"(threads) : "memory"); }
DEV void bar_arrive(int id, int threads) { asm volatile("bar.arrive %0, %1;" ::"r"(id), "r"(threads) : "memory"); }
template <int N> DEV void regs_dec() { asm volatile("setmaxnreg.dec.sync.aligned.u32 %0;" ::"n"(N)); }
template <int N> DEV void regs_inc() { asm volatile("setmaxnreg.inc.sync.aligned.u32 %0;" ::"n"(N)); }
// ---- wgmma
DEV void wgmma_fence() { asm volatile("wgmma.fence.sync.aligned;" ::: "memory"); }
DEV void wgmma_commit() { asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory"); }
template <int LEFT> DEV void wgmma_wait() { asm volatile("wgmma.wait_group.sync.aligned %0;" ::"n"(LEFT) : "memory"); }
template <int L> DEV void keep(float (&d)[L]) { // no access to d moves across this point
#pragma unroll
  for (int i = 0; i < L; i++) asm volatile("" : "+f"(d[i])::"memory");
}
// The wait after which the accumulators d may be touched again.
template <int LEFT, int L> DEV void wgmma_wait(float (&d)[L]) { wgmma_wait<LEFT>(); keep(d); }

#define F8(d, i) "+f"(d[i]), "+f"(d[i + 1]), "+f"(d[i + 2]), "+f"(d[i + 3]), "+f"(d[i + 4]), "+f"(d[i + 5]), "+f"(d[i + 6]), "+f"(d[i + 7])
#define F32(d, i) F8(d, i), F8(d, i + 8), F8(d, i + 16), F8(d, i + 24)
#define S32 "%0,%1,%2,%3,%4,%5,%6,%7,%8,%9,%10,%11,%12,%13,%14,%15,%16,%17,%18,%19,%20,%21,%22,%23,%24,%25,%26,%27,%28,%29,%30,%31"
#define S64 S32 ",%32,%33,%34,%35,%36,%37,%38,%39,%40,%41,%42,%43,%44,%45,%46,%47,%48,%49,%50,%51,%52,%53,%54,%55,%56,%57,%58,%59,%60,%61,%62,%63"
#define S96 S64 ",%64,%65,%66,%67,%68,%69,%70,%71,%72,%73,%74,%75,%76,%77,%78,%79,%80,%81,%82,%83,%84,%85,%86,%87,%88,%89,%90,%91,%92,%93,%94,%95"
#define S128 S96 ",%96,%97,%98,%99,%100,%101,%102,%103,%104,%105,%106,%107,%108,%109,%110,%111,%112,%113,%114,%115,%116,%117,%118,%119,%120,%121,%122,%123,%124,%125,%126,%127"
#define WGMMA_SS(n, S, o0, o1, o2, o3, o4, ...)                                                                                  \
  asm volatile("{\n.reg .pred p;\nsetp.ne.b32 p, %" #o2 ", 0;\nwgmma.mma_async.sync.aligned.m64n" #n                         \
               "k16.f32.bf16.bf16 {" S "}, %" #o0 ", %" #o1 ", p, 1, 1, %" #o3 ", %" #o4 ";\n}"                               \
               : __VA_ARGS__ : "l"(a), "l"(b), "r"(acc), "n"(TA), "n"(TB))
#define WGMMA_RS(n, S, o0, o1, o2, o3, o4, o5, o6, ...)                                                                        \
  asm volatile("{\n.reg .pred p;\nsetp.ne.b32 p, %" #o5 ", 0;\nwgmma.mma_async.sync.aligned.m64n" #n                         \
               "k16.f32.bf16.bf16 {" S "}, {%" #o0 ",%" #o1 ",%" #o2 ",%" #o3 "}, %" #o4 ", p, 1, 1, %" #o6 ";\n}"            \
               : __VA_ARGS__ : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "l"(b), "r"(acc), "n"(TB))
// d(64xN) = a(64x16) * b(Nx16)^T (+ d when acc), both in shared memory with k contiguous; TB: b lies with N contiguous, TA:
// a with its 64 rows.
template <int N, int TB, int TA = 0> DEV void wgmma_ss(float (&d)[N / 2], u64 a, u64 b, int acc) {
  static_assert(N == 64 || N == 128 || N == 192 || N == 256, "N");
  if constexpr (N == 64) WGMMA_SS(64, S32, 32, 33, 34, 35, 36, F32(d, 0));
  if constexpr (N == 128) WGMMA_SS(128, S64, 64, 65, 66, 67, 68, F32(d, 0), F32(d, 32));
  if constexpr (N == 192) WGMMA_SS(192, S96, 96, 97, 98, 99, 100, F32(d, 0), F32(d, 32), F32(d, 64));
  if constexpr (N == 256) WGMMA_SS(256, S128, 128, 129, 130, 131, 132, F32(d, 0), F32(d, 32), F32(d, 64), F32(d, 96));
}
// The same with a in registers, laid out per warp as for mma_bf16.
template <int N, int TB> DEV void wgmma_rs(float (&d)[N / 2], const u32 (&a)[4], u64 b, int acc) {
  static_assert(N == 64 || N == 128 || N == 192 || N == 256, "N");
  if constexpr (N == 64) WGMMA_RS(64, S32, 32, 33, 34, 35, 36, 37, 38, F32(d, 0));
  if constexpr (N == 128) WGMMA_RS(128, S64, 64, 65, 66, 67, 68, 69, 70, F32(d, 0), F32(d, 32));
  if constexpr (N == 192) WGMMA_RS(192, S96, 96, 97, 98, 99, 100, 101, 102, F32(d, 0), F32(d, 32), F32(d, 64));
  if constexpr (N == 256) WGMMA_RS(256, S128, 128, 129, 130, 131, 132, 133, 134, F32(d, 0), F32(d, 32), F32(d, 64), F32(d, 96));
}
#else
#include "../emu/emu90.h"
#endif

// 64-bit matrix descriptor (PTX ISA 9.7.15.5.1.2.2). lead and stride in bytes.
DEV u64 wgmma_desc(const void *p, int lead, int stride, int swizzle) {
  u32 a = smem_addr(p);
  return (u64)((a & 0x3FFFF) >> 4) | (u64)(lead >> 4) << 16 | (u64)(stride >> 4) << 32 | (u64)swizzle << 62;
}
// K-major operand, 128-byte swizzle: rows of 64 bf16, 8 rows = 1024 bytes. Step k16 by 16 elements.
DEV u64 desc_k128(const bf16 *p) { return wgmma_desc(p, 16, 1024, SW_128); }
// MN-major operand, 128-byte swizzle: one row of 64 bf16 per k, panels of 64 columns lead bytes apart. Step k16 by 16 rows.
DEV u64 desc_mn128(const bf16 *p, int lead) { return wgmma_desc(p, lead, 1024, SW_128); }
template <class T> DEV T *align1024(void *p) { return (T *)((char *)p + (-smem_addr(p) & 1023)); }
#endif
