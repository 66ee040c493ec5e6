package demo

import (
	"math"

	"croco/kernels"
	"croco/model"
)

// fit is the optimizer of the toy models' own training: AdamW over all weights with one global clip.
type fit struct {
	model   *model.Model
	args    kernels.AdamW // LR and Step change with each step
	maxNorm float64
	m, v    []*kernels.Tensor
	decay   func(p *model.Param) bool
}

func newFit(m *model.Model, args kernels.AdamW, maxNorm float64, decay func(*model.Param) bool) *fit {
	f := &fit{model: m, args: args, maxNorm: maxNorm, decay: decay}
	d := m.Device()
	for _, p := range m.Params() {
		m, v := d.New(p.Shape...), d.New(p.Shape...)
		d.Zero(m)
		d.Zero(v)
		f.m, f.v = append(f.m, m), append(f.v, v)
	}
	return f
}

// step applies the gradients, and clears them.
func (f *fit) step(rate float64) {
	d, sum := f.model.Device(), 0.0
	for _, p := range f.model.Params() {
		sum += d.SumSquares(p.Grad)
	}
	f.args.Step++
	f.args.LR, f.args.GradScale = rate, min(1, f.maxNorm/(math.Sqrt(sum)+1e-6))
	for i, p := range f.model.Params() {
		a := f.args
		if !f.decay(p) {
			a.WeightDecay = 0
		}
		d.AdamW(p.Value, p.Grad, f.m[i], f.v[i], a)
	}
	f.model.Updated()
	f.model.ZeroGrads()
}

func (f *fit) free() {
	f.model.Device().Free(f.m...)
	f.model.Device().Free(f.v...)
}
