// What Go calls: see lt.c.
#include <stddef.h>
#include <stdint.h>

typedef void *ref;

typedef struct { // cublasLtMatmulHeuristicResult_t
	uint64_t algo[8];
	size_t workspace;
	int state;
	float waves;
	int reserved[4];
} choice;

// A product as the library sees it, in columns: D (m,n) = op(A) · op(B) + beta · D, where the first operand is croco's second.
typedef struct {
	ref desc, a, b, d;
	uint64_t algo[8];
	size_t workspace;
} plan;

enum { WANTED = 32 }; // candidates

const char *library_open(const char *path);
size_t library_version(void);
const char *library_status(int e);
int library_handle(ref *h);
void plan_forget(plan *p);
int plan_describe(plan *p, int turned, int bias, const int64_t lds[3], const uint64_t dims[6]);
int plan_resize(plan *p, const uint64_t dims[6]);
int plan_candidates(ref h, plan *p, uint64_t workspace, uint32_t alignD, choice *found, int *n);
int plan_split(const uint64_t *algo);
int plan_allowed(ref h, plan *p, const uint64_t *algo, size_t *workspace);
int plan_run(ref h, plan *p, uint64_t d, uint64_t a, uint64_t b, uint64_t bias, float beta, uint64_t workspace, size_t size, void *queue);
