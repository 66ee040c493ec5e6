//go:build gpu

// Lazy binding of the CUDA driver: every driver symbol that gorgonia.org/cu
// links is a jump through a pointer, filled from dlopen("libcuda.so.1") before
// main. Without a driver the pointers stay at absent(), which answers
// CUDA_ERROR_NO_DEVICE, so that one binary runs with and without a GPU.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HIDDEN __attribute__((visibility("hidden")))
enum { NO_DEVICE = 100 };

static void *handle;
static char reason[256] = "";
HIDDEN int croco_cuda_absent(void) { return NO_DEVICE; }

#if defined(__x86_64__)
#define TRAMPOLINE(n) "\tjmp *croco_p_" #n "(%rip)\n"
#elif defined(__aarch64__)
#define TRAMPOLINE(n) "\tadrp x16, croco_p_" #n "\n\tldr x16, [x16, :lo12:croco_p_" #n "]\n\tbr x16\n"
#else
#error "shim: add a trampoline for this architecture"
#endif
// pushsection: a bare ".text" would move the variables that follow into .text
// when the compiler does not optimise.
#define X(n)                                                                   \
  HIDDEN void *croco_p_##n = (void *)croco_cuda_absent;                        \
  __asm__(".pushsection .text\n.globl " #n "\n.hidden " #n                     \
          "\n.type " #n ", %function\n" #n ":\n" TRAMPOLINE(n) ".popsection\n");
#include "symbols.h"
#undef X

static const struct { const char *name; void **slot; } table[] = {
#define X(n) {#n, &croco_p_##n},
#include "symbols.h"
#undef X
};

static int (*real_init)(unsigned), (*real_count)(int *);

__attribute__((constructor)) static void bind_driver(void) {
  const char *path = getenv("CROCO_CUDA"); // "off" or a library path
  if (path && !strcmp(path, "off")) { strcpy(reason, "switched off by CROCO_CUDA"); return; }
  handle = dlopen(path && *path ? path : "libcuda.so.1", RTLD_NOW | RTLD_LOCAL);
  if (!handle) { snprintf(reason, sizeof reason, "%s", dlerror()); return; }
  real_init = dlsym(handle, "cuInit");
  real_count = dlsym(handle, "cuDeviceGetCount");
  for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
    void *p = dlsym(handle, table[i].name);
    if (p) *table[i].slot = p; // a symbol that a newer driver dropped answers NO_DEVICE
  }
}

// gorgonia.org/cu calls cuInit from a package init and exits the process when
// it fails; report success and zero devices instead.
HIDDEN int cuInit(unsigned flags) {
  int e = real_init ? real_init(flags) : 0;
  if (e) {
    snprintf(reason, sizeof reason, "cuInit failed with CUDA error %d", e);
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) *table[i].slot = (void *)croco_cuda_absent;
    real_count = 0;
  }
  return 0;
}
HIDDEN int cuDeviceGetCount(int *n) { *n = 0; return real_count ? real_count(n) : 0; }

HIDDEN const char *croco_cuda_reason(void) { return reason; }
HIDDEN void *croco_cuda_sym(const char *name) { return handle ? dlsym(handle, name) : 0; }
