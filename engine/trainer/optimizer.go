package trainer

import (
	"math"

	"croco/kernels"
	"croco/model"
)

// adamW is decoupled weight decay with Adam (Loshchilov and Hutter, arXiv:1711.05101) over a model's parameters.
type adamW struct {
	model *model.Model
	args  *Args
	m, v  []*kernels.Tensor // first and second moments, in the order of Params
}

func newAdamW(m *model.Model, a *Args) *adamW {
	o := &adamW{model: m, args: a}
	d := m.Device()
	for _, p := range m.Params() {
		for _, moments := range []*[]*kernels.Tensor{&o.m, &o.v} {
			t := d.New(p.Shape...)
			d.Zero(t)
			*moments = append(*moments, t)
		}
	}
	return o
}

// norm is the L2 norm of all gradients together.
func (o *adamW) norm() float64 {
	var grads []*kernels.Tensor
	for _, p := range o.model.Params() {
		grads = append(grads, p.Grad)
	}
	sum := 0.0
	for _, s := range kernels.SumsOfSquares(o.model.Device(), grads) {
		sum += s
	}
	return math.Sqrt(sum)
}

// update is step 1, 2, … with gradients scaled by clip.
func (o *adamW) update(step int, rate, clip float64) {
	for i, p := range o.model.Params() {
		decay := o.args.WeightDecay
		if !p.Decay {
			decay = 0
		}
		o.model.Device().AdamW(p.Value, p.Grad, o.m[i], o.v[i], kernels.AdamW{LR: rate, Beta1: o.args.AdamBeta1,
			Beta2: o.args.AdamBeta2, Eps: o.args.AdamEpsilon, WeightDecay: decay, Step: step, GradScale: clip})
	}
	o.model.Updated()
}

func (o *adamW) free() {
	o.model.Device().Free(o.m...)
	o.model.Device().Free(o.v...)
}
