package cpu

import (
	"fmt"
	"os"
	"unsafe"
)

// isa is the kernels of one instruction set. portable.go says what each computes. Pointers go to the first of n elements.
type isa struct {
	name string
	rows []int // the heights of the tiles, descending to 1

	// Tiles multiply float32 by float32, float32 by pairs of bfloat16, and, where the processor has VDPBF16PS, pairs by pairs.
	tile, tileBF16, tilePairs tileFunc

	round, pair func(n int, y, x *float32)
	pairRows    func(n int, y, x, next *float32)
	pairHalves  func(n int, y *float32, x, next *uint16)
	widen       func(n int, y, x *float32)
	add         func(n int, y, x *float32)
	scale       func(n int, y, x *float32, s float32)
	axpy        func(n int, y, x *float32, a float32)
	dot         func(n int, x, y *float32) float32
	dot3        func(n int, x, y, z *float32) float32
	sum, max    func(n int, x *float32) float32
	sumSquares  func(n int, x *float32) float64
	expSum      func(n int, y, x *float32, s, m float32) float32
	softmaxTile func(score *float32, s float32, state *float32)
	scoreBack   func(n int, ds, p, dp *float32, delta, scale float32)
	softcap     func(n int, y, x *float32, limit float32)
	silu, gelu  func(n int, y, gate, up *float32)
	siluBack    func(n int, dgate, dup, dy, gate, up *float32)
	geluBack    func(n int, dgate, dup, dy, gate, up *float32)
	norm        func(n int, y, x, w *float32, inv float32)
	normBack    func(n int, dx, dy, x, w *float32, inv, c float32)
	rotate      func(n int, a, b, cos, sin *float32, sign float32)
	adamw       func(n int, p, g, m, v, c *float32)
	transpose8  func(n int, src *float32, lds int, dst *float32, ldd int)

	transposePairs8 func(n int, src *float32, lds int, dst *float32, ldd int)
}

// tileFunc is the form of goTile. step bytes of what lies at next are fetched for each row of B, to be at hand later; that
// changes nothing.
type tileFunc = func(mr, nv, k int, a *float32, rs, ks int, b *float32, bs int, c *float32, ldc, beta int, next *float32, step int)

// What beta says to a tile.
const (
	fromC = 1 // start from C, not from zero
	flush = 2 // operands and results below the normal range are zero, as VDPBF16PS takes them
)

// choose takes the best instruction set that the machine has, or the one that CROCO_CPU names.
func choose() (*isa, error) {
	have := supported()
	want := os.Getenv("CROCO_CPU")
	if want == "" {
		return have[0].set, nil
	}
	names := ""
	for _, h := range have {
		if h.key == want {
			return h.set, nil
		}
		names += " " + h.key
	}
	return nil, fmt.Errorf("cpu: CROCO_CPU=%s: this machine offers%s; choose one of these or unset the variable", want, names)
}

// choice is an instruction set under the name that CROCO_CPU knows.
type choice struct {
	key string
	set *isa
}

func first(s []float32) *float32 { return unsafe.SliceData(s) }

// block computes C (rows, cols) = (beta & fromC ? C : 0) + A (rows, k) · B (k, cols), each element one chain over k. Element (i, t) of A
// is a[i·rs + t·ks], so A may be transposed; cols is a multiple of 16.
func (s *isa) block(rows, cols, k int, a []float32, rs, ks int, b []float32, bs int, c []float32, ldc, beta int) {
	i := 0
	for _, mr := range s.rows {
		for ; rows-i >= mr; i += mr {
			for j := 0; j < cols; {
				nv := min(3, (cols-j)/16)
				if cols-j == 64 {
					nv = 2
				}
				s.tile(mr, nv, k, at(first(a), i*rs), rs, ks, at(first(b), j), bs, at(first(c), i*ldc+j), ldc, beta, first(b), 0)
				j += 16 * nv
			}
		}
	}
}
