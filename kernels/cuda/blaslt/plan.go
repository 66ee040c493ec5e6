//go:build gpu

package blaslt

/*
#include "lt.h"
*/
import "C"

import (
	"fmt"
	"unsafe"
)

// Form is what a plan is for: C (M,N) = A (M,K) · B (K,N), for any number of rows M. C is float32; A and B are bfloat16, and their
// rows begin on 16 bytes.
type Form struct {
	N, K          int
	Turned        bool // B lies as (N,K)
	LDA, LDB, LDC int  // elements from row to row
	Bias          bool
}

// Rows are the numbers of rows that an algorithm must allow to be chosen; the last is the one that it is chosen for.
var Rows = []int{1, 17, 64, 2048}

// Workspace is how many bytes an algorithm may ask for, as NVIDIA recommends for Hopper.
const Workspace = 32 << 20

// Plan is an algorithm for a form. It serves one queue.
type Plan struct {
	form    Form
	handle  *Handle
	c       C.plan
	rows    int          // that the layouts have now
	allowed map[int]bool // by number of rows
}

// dims are the dimensions as the library sees them. Rows of numbers are its columns: what it computes is
// Cᵀ (N,M) = Bᵀ · Aᵀ, from B as it lies and A as it lies.
func (f Form) dims(rows int) [6]C.uint64_t {
	m, n, k := C.uint64_t(rows), C.uint64_t(f.N), C.uint64_t(f.K)
	if f.Turned {
		return [6]C.uint64_t{k, n, k, m, n, m}
	}
	return [6]C.uint64_t{n, k, k, m, n, m}
}

// Aligned says whether an address of C suits the form's algorithm.
func (f Form) Aligned(c uintptr) bool { return c%f.alignment() == 0 }

func (f Form) alignment() uintptr {
	if f.LDC%4 == 0 {
		return 16
	}
	return 4
}

// Plan chooses an algorithm: the library's first for the last of Rows that does not split sums and allows all of Rows.
func (h *Handle) Plan(f Form) (*Plan, error) {
	p := &Plan{form: f, handle: h, allowed: map[int]bool{}}
	last := Rows[len(Rows)-1]
	dims, lds := f.dims(last), [3]C.int64_t{C.int64_t(f.LDB), C.int64_t(f.LDA), C.int64_t(f.LDC)}
	flag := map[bool]C.int{true: 1}
	if err := status("descriptors", C.plan_describe(&p.c, flag[f.Turned], flag[f.Bias], &lds[0], &dims[0])); err != nil {
		p.Forget()
		return nil, err
	}
	var found [C.WANTED]C.choice
	var n C.int
	err := status("heuristic", C.plan_candidates(h.ref, &p.c, Workspace, C.uint32_t(f.alignment()), &found[0], &n))
	for i := 0; err == nil && i < int(n); i++ {
		if found[i].state != 0 || C.plan_split(&found[i].algo[0]) > 1 {
			continue
		}
		p.c.algo, p.rows = found[i].algo, last
		clear(p.allowed)
		all := true
		for _, rows := range Rows {
			all = all && p.Allows(rows)
		}
		if all {
			return p, nil
		}
	}
	p.Forget()
	if err == nil {
		err = fmt.Errorf("cublaslt: none of %d algorithms for %+v allows all of %v rows without splitting sums", n, f, Rows)
	}
	return nil, err
}

// Allows says whether the algorithm can do so many rows.
func (p *Plan) Allows(rows int) bool {
	ok, known := p.allowed[rows]
	if !known {
		var workspace C.size_t
		ok = p.resize(rows) == nil && C.plan_allowed(p.handle.ref, &p.c, &p.c.algo[0], &workspace) == 0 && workspace <= Workspace
		p.allowed[rows] = ok
	}
	return ok
}

func (p *Plan) resize(rows int) error {
	if rows == p.rows {
		return nil
	}
	p.rows = rows
	dims := p.form.dims(rows)
	return status("dimensions", C.plan_resize(&p.c, &dims[0]))
}

// Run queues C = A · B + bias, or C += A · B where add is set, of so many rows. The addresses are of device memory, workspace has
// Workspace bytes, and bias is 0 unless the form has it.
func (p *Plan) Run(queue unsafe.Pointer, c, a, b, bias uintptr, rows int, add bool, workspace uintptr) error {
	if err := p.resize(rows); err != nil {
		return err
	}
	var beta C.float
	if add {
		beta = 1
	}
	return status("product", C.plan_run(p.handle.ref, &p.c, C.uint64_t(c), C.uint64_t(b), C.uint64_t(a), C.uint64_t(bias), beta, C.uint64_t(workspace), Workspace, queue))
}

// Forget gives the descriptors back.
func (p *Plan) Forget() { C.plan_forget(&p.c) }
