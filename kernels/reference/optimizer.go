package reference

import (
	"math"

	"croco/kernels"
)

// AdamW: p, g, m and v have one shape. With t the step, counted from 1,
//
//	g  = GradScale · g
//	m  = β₁ · m + (1−β₁) · g          a running mean of the gradient
//	v  = β₂ · v + (1−β₂) · g²         and of its square
//	m̂  = m / (1−β₁ᵗ), v̂ = v / (1−β₂ᵗ)  as if the means had not started from zero
//	p  = p − lr · wd · p − lr · m̂ / (√v̂ + eps)
//
// Loshchilov, Hutter, Decoupled Weight Decay Regularization, arXiv:1711.05101, algorithm 2; the decay is multiplied by the
// learning rate, as PyTorch does.
func (*Device) AdamW(p, g, m, v *kernels.Tensor, a kernels.AdamW) {
	same("adamw", "g", g, p)
	same("adamw", "m", m, p)
	same("adamw", "v", v, p)
	correct1, correct2 := 1-math.Pow(a.Beta1, float64(a.Step)), 1-math.Pow(a.Beta2, float64(a.Step))
	for i := range p.Host {
		grad := a.GradScale * float64(g.Host[i])
		mean := a.Beta1*float64(m.Host[i]) + (1-a.Beta1)*grad
		square := a.Beta2*float64(v.Host[i]) + (1-a.Beta2)*grad*grad
		value := float64(p.Host[i])
		value -= a.LR * a.WeightDecay * value
		value -= a.LR * (mean / correct1) / (math.Sqrt(square/correct2) + a.Eps)
		p.Host[i], m.Host[i], v.Host[i] = float32(value), float32(mean), float32(square)
	}
}

// SumSquares is Σ x², whose root over all gradients is the norm that clipping looks at.
func (*Device) SumSquares(x *kernels.Tensor) float64 { return dot(x.Host, x.Host) }
