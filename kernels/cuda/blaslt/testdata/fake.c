// A cuBLASLt for tests: the entry points that croco uses, computing by loops in the memory of the emulated driver. It is
// stricter than the library where that would only be slow or wrong, and its candidates hold one of each that must not be chosen.
#include <dlfcn.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { OK = 0, INVALID = 7, UNSUPPORTED = 15 };
typedef struct { int compute, scale, transA; uint32_t epilogue; const float *bias; } desc;
typedef struct { int type; uint64_t rows, cols; int64_t ld; } layout;
typedef struct { uint64_t workspace; uint32_t reductions, align[4]; } preference;
typedef struct { uint64_t algo[8]; size_t workspace; int state; float waves; int reserved[4]; } choice;

// Candidates by number: 1 splits the sum, 2 failed, 3 cannot do 17 rows, 4 wants too much memory for 64 rows, 5 is good.
enum { SPLITS = 1, FAILED, PICKY, LARGE, GOOD };

size_t cublasLtGetVersion(void) { return 120901; }
const char *cublasLtGetStatusString(int e) { return e == INVALID ? "an invalid value" : "not supported"; }
int cublasLtCreate(void **h) { *h = malloc(1); return OK; }

int cublasLtMatmulDescCreate(desc **d, int compute, int scale) {
	*d = calloc(1, sizeof **d);
	(*d)->compute = compute, (*d)->scale = scale, (*d)->epilogue = 1;
	return compute == 68 && scale == 0 ? OK : UNSUPPORTED;
}
int cublasLtMatmulDescSetAttribute(desc *d, int what, const void *value, size_t n) {
	switch (what) {
	case 3: return n == 4 ? memcpy(&d->transA, value, n), OK : INVALID;
	case 7: return n == 4 ? memcpy(&d->epilogue, value, n), OK : INVALID;
	case 8: return n == 8 ? memcpy(&d->bias, value, n), OK : INVALID;
	}
	return INVALID;
}
int cublasLtMatmulDescDestroy(desc *d) { free(d); return OK; }

int cublasLtMatrixLayoutCreate(layout **l, int type, uint64_t rows, uint64_t cols, int64_t ld) {
	*l = malloc(sizeof **l);
	**l = (layout){type, rows, cols, ld};
	return OK;
}
int cublasLtMatrixLayoutSetAttribute(layout *l, int what, const void *value, size_t n) {
	if (n != 8 || (what != 2 && what != 3)) return INVALID;
	memcpy(what == 2 ? &l->rows : &l->cols, value, n);
	return OK;
}
int cublasLtMatrixLayoutDestroy(layout *l) { free(l); return OK; }

int cublasLtMatmulPreferenceCreate(preference **p) { *p = calloc(1, sizeof **p); (*p)->reductions = 7; return OK; }
int cublasLtMatmulPreferenceSetAttribute(preference *p, int what, const void *value, size_t n) {
	if (what == 1 && n == 8) memcpy(&p->workspace, value, n);
	else if (what == 3 && n == 4) memcpy(&p->reductions, value, n);
	else if (what >= 5 && what <= 8 && n == 4) memcpy(&p->align[what - 5], value, n);
	else return INVALID;
	return OK;
}
int cublasLtMatmulPreferenceDestroy(preference *p) { free(p); return OK; }

// The sizes of the product: (m,k) · (k,n), from what the layouts and the descriptor say.
static int sizes(const desc *d, const layout *a, const layout *b, const layout *c, uint64_t *m, uint64_t *n, uint64_t *k) {
	*m = c->rows, *n = c->cols, *k = d->transA ? a->rows : a->cols;
	return a->type == 14 && b->type == 14 && c->type == 0 && (d->transA ? a->cols : a->rows) == *m && b->cols == *n && b->rows == *k && a->ld >= (int64_t)a->rows && b->ld >= (int64_t)b->rows && c->ld >= (int64_t)c->rows &&
	       a->ld % 8 == 0 && b->ld % 8 == 0 ? OK : INVALID;
}

int cublasLtMatmulAlgoGetHeuristic(void *h, desc *d, layout *a, layout *b, layout *c, layout *c2, preference *p, int wanted, choice *found, int *count) {
	uint64_t m, n, k;
	if (sizes(d, a, b, c, &m, &n, &k) || p->reductions || p->align[0] != 16 || p->align[2] != p->align[3] || wanted < GOOD) return INVALID;
	for (int i = 0; i < GOOD; i++) {
		memset(&found[i], 0, sizeof found[i]);
		found[i].algo[0] = i + 1;
		found[i].state = i + 1 == FAILED ? UNSUPPORTED : OK;
	}
	*count = GOOD;
	return OK;
}
int cublasLtMatmulAlgoCheck(void *h, desc *d, layout *a, layout *b, layout *c, layout *c2, const uint64_t *algo, choice *out) {
	uint64_t m, n, k;
	if (sizes(d, a, b, c, &m, &n, &k)) return INVALID;
	out->workspace = algo[0] == LARGE && n == 64 ? 64 << 20 : 0;
	return algo[0] == PICKY && n == 17 ? UNSUPPORTED : OK;
}
int cublasLtMatmulAlgoConfigGetAttribute(const uint64_t *algo, int what, void *value, size_t n, size_t *written) {
	if (what != 2 || n != 4) return INVALID;
	*(int32_t *)value = algo[0] == SPLITS ? 2 : 1;
	*written = 4;
	return OK;
}

static float wide(uint16_t x) {
	uint32_t bits = (uint32_t)x << 16;
	float f;
	memcpy(&f, &bits, 4);
	return f;
}

int cublasLtMatmul(void *h, desc *d, const float *alpha, const uint16_t *A, layout *a, const uint16_t *B, layout *b, const float *beta,
                   const float *C, layout *c, float *D, layout *c2, const uint64_t *algo, void *workspace, size_t room, void *queue) {
	uint64_t m, n, k;
	if (sizes(d, a, b, c, &m, &n, &k) || algo[0] != GOOD || C != D || c != c2 || !workspace || room != 32 << 20) return INVALID;
	uintptr_t align = c->ld % 4 == 0 ? 16 : 4;
	if ((uintptr_t)A % 16 || (uintptr_t)B % 16 || (uintptr_t)D % align || (uintptr_t)workspace % 16) return INVALID;
	if (d->epilogue == 4 && (!d->bias || (uintptr_t)d->bias % align)) return INVALID;
	// The queue of the emulated driver is lazy. Work that waits for what is before it, and is done at once, is in order.
	int (*wait)(void *) = (int (*)(void *))dlsym(dlopen("libcuda.so.1", RTLD_NOW), "cuStreamSynchronize");
	int e = wait(queue);
	if (e) return UNSUPPORTED;
	for (uint64_t j = 0; j < n; j++)
		for (uint64_t i = 0; i < m; i++) {
			float sum = 0;
			for (uint64_t l = 0; l < k; l++)
				sum += wide(A[d->transA ? l + i * a->ld : i + l * a->ld]) * wide(B[l + j * b->ld]);
			float y = *alpha * sum;
			if (*beta != 0) y += *beta * C[i + j * c->ld];
			D[i + j * c->ld] = d->epilogue == 4 ? y + d->bias[i] : y;
		}
	return OK;
}
