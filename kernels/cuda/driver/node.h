// A piece of work as C sees it. There are no pointers in it, so cgo passes it by value and looks for nothing.
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { LAUNCH, UPLOAD, DOWNLOAD, MOVE, ZERO, MAX_ARGS = 24 };
typedef struct {
	int kind, n;
	uintptr_t fn, context;
	int grid[3], threads, shared;
	uint64_t args[MAX_ARGS];
	uintptr_t dst, src;
	size_t bytes;
} work;

// An argument of four bytes is the first half of its eight: what has a GPU is little-endian.
static inline void **arguments(work *w, void **params) {
	for (int i = 0; i < w->n; i++) params[i] = &w->args[i];
	return params;
}
