//go:build gpu

package cuda

import (
	"fmt"
	"math"
	"math/rand"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"croco/kernels"
	"croco/kernels/cuda/driver"
	"croco/kernels/forest"
	"croco/kernels/optest"
	"croco/kernels/reference"
)

// TestAttentionSpans: with spans of one tile, every way to compute a query still gives the same bits, and the right ones.
func TestAttentionSpans(t *testing.T) {
	for _, arithmetic := range []kernels.DType{kernels.F32, kernels.BF16} {
		t.Run(arithmetic.String(), func(t *testing.T) {
			d := open(t, Options{Arithmetic: arithmetic})
			d.attention.span = 1
			t.Run("right", func(t *testing.T) {
				for _, c := range optest.Cases() {
					if c.Op == "attention" && (strings.HasPrefix(c.Size, "cache") || strings.HasPrefix(c.Size, "shared")) {
						require.NoError(t, optest.Check(c, d))
					}
				}
			})
			t.Run("exact", func(t *testing.T) {
				for _, p := range optest.Promises(d) {
					if strings.HasPrefix(p.Name, "attention: packed") {
						require.NoError(t, p.Keep(d))
					}
				}
			})
		})
	}
}

// attended are the results of one forward and backward pass over a forest, one after the other.
func attended(d kernels.Device, f *forest.Forest, a kernels.Attn) []float32 {
	r := rand.New(rand.NewSource(1))
	T := f.Rows()
	random := func(width int) *kernels.Tensor {
		x, values := d.New(T, width), make([]float32, T*width)
		for i := range values {
			values[i] = float32(r.NormFloat64())
		}
		d.Write(x, values)
		return x
	}
	q, k, v, dout := random(a.H*a.D), random(a.G*a.D), random(a.G*a.D), random(a.H*a.D)
	out, lse, dq, dk, dv := d.New(T, a.H*a.D), d.New(T, a.H), d.New(T, a.H*a.D), d.New(T, a.G*a.D), d.New(T, a.G*a.D)
	plan := f.Plan()
	d.Attend(out, lse, q, k, v, plan, a)
	d.AttendBackward(dq, dk, dv, dout, out, lse, q, k, v, plan, a)
	var all []float32
	for _, x := range []*kernels.Tensor{out, lse, dq, dk, dv} {
		values := make([]float32, x.Len())
		d.Read(values, x)
		all = append(all, values...)
	}
	d.Free(q, k, v, dout, out, lse, dq, dk, dv)
	return all
}

// TestAttentionWidths: head widths that the op table does not have, each against the reference, without bank conflicts, and
// alike under four orders of threads.
func TestAttentionWidths(t *testing.T) {
	defer os.Setenv("CROCO_EMU_SCHEDULE", "0")
	f := forest.Build([][]int32{{1, 2, 3, 4, 5, 6, 7, 8, 9}, {1, 2, 3, 10, 11}, line7(70)})
	for _, arithmetic := range []kernels.DType{kernels.F32, kernels.BF16} {
		d := open(t, Options{Arithmetic: arithmetic, Guarded: true})
		tolerance := 2e-5
		if arithmetic == kernels.BF16 {
			tolerance = 0.04
		}
		for _, a := range []kernels.Attn{{H: 2, G: 1, D: 5}, {H: 1, G: 1, D: 72, Softcap: 2}, {H: 2, G: 1, D: 100, Window: 30}, {H: 3, G: 1, D: 256}} {
			t.Run(fmt.Sprintf("%v D=%d", arithmetic, a.D), func(t *testing.T) {
				a.Scale = float32(1 / math.Sqrt(float64(a.D)))
				want := attended(reference.WithArithmetic(arithmetic), f, a)
				os.Setenv("CROCO_EMU_SCHEDULE", "0")
				driver.Emulator.Reset()
				got := attended(d, f, a)
				require.NoError(t, d.Sync())
				for name, k := range driver.Emulator.Stats().Kernels {
					require.Zero(t, k.Conflicts, "bank conflicts of %s", name)
				}
				for i, w := range want {
					require.InDelta(t, w, got[i], tolerance*max(1, math.Abs(float64(w))), "element %d", i)
				}
				for _, s := range []string{"1", "7", "8"} {
					os.Setenv("CROCO_EMU_SCHEDULE", s)
					require.Equal(t, got, attended(d, f, a), "schedule %s", s)
				}
			})
		}
	}
}

// line7 is a sequence of n tokens that no other begins with.
func line7(n int) []int32 {
	s := make([]int32, n)
	for i := range s {
		s[i] = int32(7000 + i)
	}
	return s
}

// TestAttentionShares: three answers to a prompt of 640 positions, a page each, ask with their newest tokens; a fourth query
// stands alone. The prompt's tiles are in one item per span.
func TestAttentionShares(t *testing.T) {
	plan := &forest.Plan{}
	for page := range 10 {
		plan.Segments = append(plan.Segments, forest.Segment{Parent: page - 1, Start: 64 * page, Len: 64, Offset: 64 * page})
	}
	for i := range 3 {
		plan.Segments = append(plan.Segments, forest.Segment{Parent: 9, Start: 64 * (10 + i), Len: 5, Offset: 640})
		plan.Runs = append(plan.Runs, forest.Run{Row: i, Segment: 10 + i, First: 4, Len: 1})
	}
	plan.Segments = append(plan.Segments, forest.Segment{Parent: -1, Start: 64 * 13, Len: 9})
	plan.Runs = append(plan.Runs, forest.Run{Row: 3, Segment: 13, First: 8, Len: 1})
	w := newAttnWork(plan, 4, 64, 8).forward()

	type seen struct{ rows, from, to, keys, flags int32 }
	var levels [][]seen
	for _, items := range w.items {
		var level []seen
		for _, it := range items {
			level = append(level, seen{it.hi - it.lo, it.from, it.to, it.keys, it.flags})
		}
		levels = append(levels, level)
	}
	const leaves, resumes = itemLeaves, itemResumes
	require.Equal(t, [][]seen{
		{{12, 0, 8, 512, leaves}, {4, 0, 1, 9, 0}, {12, 8, 10, 640, leaves}},
		{{4, 10, 11, 645, leaves | resumes}, {4, 10, 11, 645, leaves | resumes}, {4, 10, 11, 645, leaves | resumes}},
	}, levels)
	require.Equal(t, []attnMerge{{0, 0, 2}, {1, 2, 2}, {2, 4, 2}}, w.merges)
	require.Equal(t, 6, w.slots)
}

// TestAttentionRefuses what no kernel is made for.
func TestAttentionRefuses(t *testing.T) {
	d := open(t, Options{})
	x := d.New(1, 300)
	defer d.Free(x)
	plan := forest.Build([][]int32{{1}}).Plan()
	require.PanicsWithValue(t, "cuda: attend: heads of 300 columns, expected at most 256", func() {
		d.Attend(x, nil, x, x, x, plan, kernels.Attn{H: 1, G: 1, D: 300})
	})
	require.PanicsWithValue(t, "cuda: attend: 3 query heads for 2 key/value heads", func() {
		d.Attend(x, nil, x, x.Reshape(3, 100).Rows(0, 2).Reshape(1, 200), x.Reshape(3, 100).Rows(0, 2).Reshape(1, 200), plan, kernels.Attn{H: 3, G: 2, D: 100})
	})
}
