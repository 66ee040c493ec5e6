//go:build gpu

#include "lt.h"

#include <dlfcn.h>

// The numbers of attributes and their values in cublasLt.h, and its entry points.
enum { R_32F = 0, R_16BF = 14, COMPUTE_32F = 68 };                                // cudaDataType, cublasComputeType_t
enum { DESC_TRANSA = 3, DESC_EPILOGUE = 7, DESC_BIAS = 8 };      // cublasLtMatmulDescAttributes_t
enum { EPILOGUE_NONE = 1, EPILOGUE_BIAS = 4 };                                    // cublasLtEpilogue_t
enum { LAYOUT_ROWS = 2, LAYOUT_COLS = 3 };                                        // cublasLtMatrixLayoutAttribute_t
enum { PREF_WORKSPACE = 1, PREF_REDUCTIONS = 3, PREF_ALIGN_A = 5 };               // cublasLtMatmulPreferenceAttributes_t; B, C, D follow A
enum { ALGO_SPLIT = 2 };                                                          // cublasLtMatmulAlgoConfigAttributes_t

static size_t (*lt_version)(void);
static const char *(*lt_status)(int);
static int (*lt_create)(ref *);
static int (*lt_desc)(ref *, int compute, int scale);
static int (*lt_desc_set)(ref, int, const void *, size_t);
static int (*lt_desc_free)(ref);
static int (*lt_layout)(ref *, int type, uint64_t rows, uint64_t cols, int64_t ld);
static int (*lt_layout_set)(ref, int, const void *, size_t);
static int (*lt_layout_free)(ref);
static int (*lt_pref)(ref *);
static int (*lt_pref_set)(ref, int, const void *, size_t);
static int (*lt_pref_free)(ref);
static int (*lt_heuristic)(ref, ref desc, ref a, ref b, ref c, ref d, ref pref, int wanted, choice *, int *found);
static int (*lt_check)(ref, ref desc, ref a, ref b, ref c, ref d, const uint64_t *algo, choice *);
static int (*lt_config)(const uint64_t *algo, int, void *, size_t, size_t *written);
static int (*lt_matmul)(ref, ref desc, const void *alpha, const void *A, ref a, const void *B, ref b, const void *beta,
                        const void *C, ref c, void *D, ref d, const uint64_t *algo, void *workspace, size_t, void *stream);

static const struct { const char *name; void **to; } symbols[] = {
	{"cublasLtGetVersion", (void **)&lt_version},
	{"cublasLtGetStatusString", (void **)&lt_status},
	{"cublasLtCreate", (void **)&lt_create},
	{"cublasLtMatmulDescCreate", (void **)&lt_desc},
	{"cublasLtMatmulDescSetAttribute", (void **)&lt_desc_set},
	{"cublasLtMatmulDescDestroy", (void **)&lt_desc_free},
	{"cublasLtMatrixLayoutCreate", (void **)&lt_layout},
	{"cublasLtMatrixLayoutSetAttribute", (void **)&lt_layout_set},
	{"cublasLtMatrixLayoutDestroy", (void **)&lt_layout_free},
	{"cublasLtMatmulPreferenceCreate", (void **)&lt_pref},
	{"cublasLtMatmulPreferenceSetAttribute", (void **)&lt_pref_set},
	{"cublasLtMatmulPreferenceDestroy", (void **)&lt_pref_free},
	{"cublasLtMatmulAlgoGetHeuristic", (void **)&lt_heuristic},
	{"cublasLtMatmulAlgoCheck", (void **)&lt_check},
	{"cublasLtMatmulAlgoConfigGetAttribute", (void **)&lt_config},
	{"cublasLtMatmul", (void **)&lt_matmul},
};

// Opens a library; returns the first entry point that it lacks, "" for none, NULL where there is no such library.
const char *library_open(const char *path) {
	void *h = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (!h) return NULL;
	for (size_t i = 0; i < sizeof symbols / sizeof *symbols; i++)
		if (!(*symbols[i].to = dlsym(h, symbols[i].name))) return symbols[i].name;
	return "";
}
size_t library_version(void) { return lt_version(); }
const char *library_status(int e) { return lt_status(e); }
int library_handle(ref *h) { return lt_create(h); }

void plan_forget(plan *p) {
	if (p->desc) lt_desc_free(p->desc);
	if (p->a) lt_layout_free(p->a);
	if (p->b) lt_layout_free(p->b);
	if (p->d) lt_layout_free(p->d);
	p->desc = p->a = p->b = p->d = NULL;
}

int plan_describe(plan *p, int turned, int bias, const int64_t lds[3], const uint64_t dims[6]) {
	int e = lt_desc(&p->desc, COMPUTE_32F, R_32F);
	if (!e) e = lt_desc_set(p->desc, DESC_TRANSA, &turned, sizeof turned);
	uint32_t epilogue = bias ? EPILOGUE_BIAS : EPILOGUE_NONE;
	if (!e) e = lt_desc_set(p->desc, DESC_EPILOGUE, &epilogue, sizeof epilogue);
	if (!e) e = lt_layout(&p->a, R_16BF, dims[0], dims[1], lds[0]);
	if (!e) e = lt_layout(&p->b, R_16BF, dims[2], dims[3], lds[1]);
	if (!e) e = lt_layout(&p->d, R_32F, dims[4], dims[5], lds[2]);
	return e;
}

// Sets the dimensions of all three matrices.
int plan_resize(plan *p, const uint64_t dims[6]) {
	ref layouts[3] = {p->a, p->b, p->d};
	int e = 0;
	for (int i = 0; i < 3 && !e; i++) {
		e = lt_layout_set(layouts[i], LAYOUT_ROWS, &dims[2 * i], 8);
		if (!e) e = lt_layout_set(layouts[i], LAYOUT_COLS, &dims[2 * i + 1], 8);
	}
	return e;
}

int plan_candidates(ref h, plan *p, uint64_t workspace, uint32_t alignD, choice *found, int *n) {
	ref pref = NULL;
	uint32_t none = 0, sixteen = 16;
	int e = lt_pref(&pref);
	if (!e) e = lt_pref_set(pref, PREF_WORKSPACE, &workspace, sizeof workspace);
	if (!e) e = lt_pref_set(pref, PREF_REDUCTIONS, &none, sizeof none);
	for (int i = 0; i < 4 && !e; i++) e = lt_pref_set(pref, PREF_ALIGN_A + i, i < 2 ? &sixteen : &alignD, 4);
	if (!e) e = lt_heuristic(h, p->desc, p->a, p->b, p->d, p->d, pref, WANTED, found, n);
	if (pref) lt_pref_free(pref);
	return e;
}
// How many parts an algorithm splits the sum into; 0 and 1 are none.
int plan_split(const uint64_t *algo) {
	int32_t split = 0;
	size_t written;
	return lt_config(algo, ALGO_SPLIT, &split, sizeof split, &written) ? 0 : split;
}
int plan_allowed(ref h, plan *p, const uint64_t *algo, size_t *workspace) {
	choice c = {0};
	int e = lt_check(h, p->desc, p->a, p->b, p->d, p->d, algo, &c);
	*workspace = c.workspace;
	return e;
}
int plan_run(ref h, plan *p, uint64_t d, uint64_t a, uint64_t b, uint64_t bias, float beta, uint64_t workspace, size_t size, void *queue) {
	float alpha = 1;
	int e = bias ? lt_desc_set(p->desc, DESC_BIAS, &bias, sizeof bias) : 0;
	if (e) return e;
	return lt_matmul(h, p->desc, &alpha, (void *)a, p->a, (void *)b, p->b, &beta, (void *)d, p->d, (void *)d, p->d, p->algo, (void *)workspace, size, queue);
}
