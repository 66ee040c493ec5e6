// Host emulation of the CUDA execution model, as seen by a kernel.
// Every CUDA thread is a fiber; blocks run one after another on each worker.
// Kernels must hold only trivially destructible objects: a failed launch
// abandons its fibers.
#pragma once
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <tuple>
#include <type_traits>
#include <utility>

struct alignas(8) float2 { float x, y; };
struct alignas(16) float4 { float x, y, z, w; };
struct alignas(8) int2 { int x, y; };
struct alignas(16) int4 { int x, y, z, w; };
struct alignas(8) uint2 { unsigned x, y; };
struct alignas(16) uint4 { unsigned x, y, z, w; };
namespace emu {
struct Dim { unsigned x, y, z; };
struct Fiber {
  void *sp;       // saved stack pointer
  Dim tid;
  unsigned lane, warp;
  int state, line; // for reports
};
extern thread_local Fiber *cur __attribute__((tls_model("initial-exec")));
extern thread_local Dim block_idx __attribute__((tls_model("initial-exec")));
extern thread_local Dim block_dim __attribute__((tls_model("initial-exec")));
extern thread_local Dim grid_dim __attribute__((tls_model("initial-exec")));

// Per-worker counters, added up by the driver after each launch.
struct Counters { uint64_t gld, gst, cp_async, mma, ldmatrix, conflicts, shuffles, barriers, tma_ld, tma_st, wgmma, mbar_waits; };
extern thread_local Counters cnt __attribute__((tls_model("initial-exec")));

[[noreturn]] void fail(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void barrier(int line);
// Warp-collective operation: waits for every lane in mask, then the last one
// runs f over the lanes' argument blocks (null where not in mask).
typedef void (*WarpFn)(void **args, unsigned mask);
void warp_op(unsigned mask, const char *kind, int line, void *args, WarpFn f);
void *shared_alloc(const void *key, size_t size, size_t align);
void *shared_dynamic();
void cp_async(void *dst, const void *src, int n, bool ok);
void cp_commit();
void cp_wait(int groups_left);

struct ShflArgs { uint64_t val, out; int src; };
uint64_t shfl(unsigned mask, uint64_t v, int src, int line);
void mma_16816(float *d, const uint32_t *a, uint32_t b0, uint32_t b1, int line);
void ldmatrix(uint32_t *r, const void *row, bool trans, int line);

template <class T> T shfl_t(unsigned mask, T v, int src, int line) {
  static_assert(sizeof(T) <= 8);
  uint64_t u = 0;
  memcpy(&u, &v, sizeof v);
  u = shfl(mask, u, src, line);
  memcpy(&v, &u, sizeof v);
  return v;
}

// ---- kernel registry -------------------------------------------------------
struct Call { virtual void run() = 0; virtual ~Call() {} };
struct Kernel {
  const char *name;
  int max_threads, nparams;
  const uint8_t *is_ptr, *sizes;
  std::unique_ptr<Call> (*bind)(void (*fn)(), void **params);
  void (*fn)();
  Kernel *next;
  int max_dynamic_shared; // set by cuFuncSetAttribute
  struct { uint64_t launches, blocks; double ms; Counters c; } stat;
};
extern Kernel *kernels;

template <class... A> struct CallT : Call {
  void (*fn)(A...);
  std::tuple<A...> args;
  CallT(void (*f)(), void **p) : fn((void (*)(A...))f) { load(p, std::index_sequence_for<A...>{}); }
  template <size_t... I> void load(void **p, std::index_sequence<I...>) {
    ((memcpy((void *)&std::get<I>(args), p[I], sizeof(A))), ...);
  }
  void run() override { std::apply(fn, args); }
};
template <class... A> struct Registrar : Kernel {
  static constexpr uint8_t ptrs[] = {std::is_pointer_v<A>..., 0}, szs[] = {sizeof(A)..., 0};
  Registrar(const char *n, int threads, void (*f)(A...)) : Kernel{} {
    static_assert(((sizeof(A) <= 8) && ...), "gorgonia.org/cu passes 8 bytes per parameter");
    name = n; max_threads = threads; nparams = sizeof...(A); is_ptr = ptrs; sizes = szs;
    bind = [](void (*g)(), void **p) -> std::unique_ptr<Call> { return std::make_unique<CallT<A...>>(g, p); };
    fn = (void (*)())f; next = kernels; kernels = this; max_dynamic_shared = 48 << 10;
  }
};
} // namespace emu

#define __device__
#define __forceinline__ inline
#define threadIdx (emu::cur->tid)
#define blockIdx emu::block_idx
#define blockDim emu::block_dim
#define gridDim emu::grid_dim

#define KERNEL(name, threads, ...)                              \
  static void name(__VA_ARGS__);                                \
  static emu::Registrar reg_##name(#name, threads, name);       \
  static void name(__VA_ARGS__)
#define BOUNDS(threads, blocks) threads
#define SHARED_ARR(T, name, n)  \
  static const char key_##name = 0; \
  T(&name)[n] = *(T(*)[n])emu::shared_alloc(&key_##name, sizeof(T[n]), 128)
#define SHARED(T, name)         \
  static const char key_##name = 0; \
  T &name = *(T *)emu::shared_alloc(&key_##name, sizeof(T), 128)
#define SHARED_DYN(T, name) T *name = (T *)emu::shared_dynamic()

#define __syncthreads() emu::barrier(__LINE__)
#define __syncwarp(...) emu::warp_op(emu::mask_or_all(__VA_ARGS__), "syncwarp", __LINE__, nullptr, nullptr)
#define __shfl_sync(m, v, s) emu::shfl_t(m, v, (s) & 31, __LINE__)
#define __shfl_xor_sync(m, v, x) emu::shfl_t(m, v, (emu::cur->lane ^ (x)) & 31, __LINE__)
#define __shfl_up_sync(m, v, d) emu::shfl_t(m, v, emu::cur->lane >= (unsigned)(d) ? emu::cur->lane - (d) : emu::cur->lane, __LINE__)
#define __shfl_down_sync(m, v, d) emu::shfl_t(m, v, emu::cur->lane + (d) < 32 ? emu::cur->lane + (d) : emu::cur->lane, __LINE__)
#define ldmatrix_x4(r, p) emu::ldmatrix(r, p, false, __LINE__)
#define ldmatrix_x4_trans(r, p) emu::ldmatrix(r, p, true, __LINE__)
#define mma_bf16(d, a, b0, b1) emu::mma_16816(d, a, b0, b1, __LINE__)
namespace emu { inline unsigned mask_or_all(unsigned m = 0xffffffffu) { return m; } }

static inline int min(int a, int b) { return a < b ? a : b; }
static inline int max(int a, int b) { return a > b ? a : b; }
static inline float rsqrtf(float x) { return 1.0f / sqrtf(x); }
template <class T> static inline T atomicAdd(T *p, T v) { // workers may run blocks at the same time
  T old, want;
  __atomic_load(p, &old, __ATOMIC_RELAXED);
  do want = old + v;
  while (!__atomic_compare_exchange(p, &old, &want, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED));
  return old;
}
template <class T> static inline void aligned(const T *p, int line) { // a GPU faults on a word that is not aligned to its size
  if ((uintptr_t)p % sizeof(T)) emu::fail("line %d: address %p is not aligned to %zu bytes", line, (const void *)p, sizeof(T));
}
template <class T> static inline T gld(const T *p, int line = __builtin_LINE()) { aligned(p, line); emu::cnt.gld += sizeof(T); return *p; }
template <class T> static inline void gst(T *p, T v, int line = __builtin_LINE()) { aligned(p, line); emu::cnt.gst += sizeof(T); *p = v; }
static inline void cp_async16(void *dst, const void *src, bool ok) { emu::cp_async(dst, src, 16, ok); }
static inline void cp_commit() { emu::cp_commit(); }
template <int N> static inline void cp_wait() { emu::cp_wait(N); }
