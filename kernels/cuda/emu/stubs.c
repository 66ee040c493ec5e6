// Every driver symbol that gorgonia.org/cu knows and driver.cpp does not define.
#include <stdio.h>
#include <stdlib.h>
static int missing(const char *n) {
  if (getenv("CROCO_EMU_VERBOSE")) fprintf(stderr, "emulated CUDA: %s is not emulated\n", n);
  return 801; // CUDA_ERROR_NOT_SUPPORTED
}
#define X(n) __attribute__((weak)) int n(void) { return missing(#n); }
#include "../shim/symbols.h"
