package cpu

import (
	"math"

	"croco/kernels"
)

// AdamW updates p, m and v (Loshchilov and Hutter, arXiv:1711.05101, as torch.optim.AdamW):
//
//	g ← g · GradScale,   m ← β1·m + (1−β1)·g,   v ← β2·v + (1−β2)·g²
//	p ← (1 − lr·wd)·p − lr/(1−β1ᵗ) · m / (√(v/(1−β2ᵗ)) + ε)
//
// The constants are computed in float64, the elements in float32.
func (d *Device) AdamW(p, g, m, v *kernels.Tensor, a kernels.AdamW) {
	for _, t := range []*kernels.Tensor{g, m, v} {
		sameLen("AdamW", len(p.Host), len(t.Host))
	}
	c1, c2 := 1-math.Pow(a.Beta1, float64(a.Step)), 1-math.Pow(a.Beta2, float64(a.Step))
	c := make([]float32, 9)
	for i, x := range []float64{a.GradScale, a.Beta1, 1 - a.Beta1, a.Beta2, 1 - a.Beta2, 1 - a.LR*a.WeightDecay, a.LR / c1, 1 / c2, a.Eps} {
		c[i] = float32(x)
	}
	d.elements(len(p.Host), func(_ *worker, lo, hi int) {
		d.adamw(hi-lo, &p.Host[lo], &g.Host[lo], &m.Host[lo], &v.Host[lo], first(c))
	})
}

// SumSquares is Σ x² in float64: blocks of 16384 elements, added in order.
func (d *Device) SumSquares(x *kernels.Tensor) float64 {
	n := len(x.Host)
	sums := make([]float64, (n+chunk-1)/chunk)
	d.parallel(len(sums), 1, jobFunc(func(_ *worker, lo, hi int) {
		for i := lo; i < hi; i++ {
			block := x.Host[i*chunk : min(n, (i+1)*chunk)]
			sums[i] = d.sumSquares(len(block), first(block))
		}
	}))
	total := 0.0
	for _, s := range sums {
		total += s
	}
	return total
}
