package optest

import (
	"fmt"
	"math"

	"croco/kernels"
)

// normalize is y (T,C) = x / √(mean x² + eps) · (offset + w).
func normalize(T, C int, weighted bool, n kernels.Norm) Case {
	in := Arrays{}
	in.normal("x", 2, T, C)
	in.normal("dy", 1, T, C)
	size := fmt.Sprintf("T=%d C=%d offset=%g", T, C, n.Offset)
	if weighted {
		in.normal("w", 1, C)
		in.normal("dw", 1, C)
	} else {
		size += " no weight"
	}
	op := "rmsnorm"
	if n.LayerNorm {
		op = "layernorm"
	}
	return Case{
		Op: op, Size: size, Rows: T, In: in,
		Tol: Tolerance{Abs: 1e-5 + float64(T)*2e-7, Rel: 4e-6, Why: "a mean of float32 sums; the weight's gradient sums over the rows"},
		Bind: func(s *Scope) Bound {
			x, w, dy, y, dx := s.upload("x"), s.upload("w"), s.upload("dy"), s.blank(T, C), s.blank(T, C)
			bound := Bound{Out: Outputs{"y": s.device(y)}, Grad: Outputs{"dx": s.device(dx)}}
			var dw *kernels.Tensor
			if weighted {
				dw = s.gradient("dw", C)
				bound.Grad["dw"] = s.device(dw)
			}
			bound.Forward = Step{op, float64(4 * T * C), float64(8 * T * C), func() { s.Normalize(y, x, w, n) }}
			bound.Backward = []Step{{op + " backward", float64(10 * T * C), float64(12 * T * C), func() {
				s.Copy(dx, dy)
				s.NormalizeBackward(dx, dw, dx, x, w, n) // dx may be dy
			}}}
			return bound
		},
	}
}

func normCases() []Case {
	var cases []Case
	for _, layer := range []bool{false, true} {
		for _, T := range []int{1, 7, 33, 65} {
			cases = append(cases, normalize(T, 49, true, kernels.Norm{LayerNorm: layer, Eps: 1e-5}))
		}
		cases = append(cases,
			normalize(5, 2, true, kernels.Norm{LayerNorm: layer, Eps: 1e-1}),
			normalize(9, 12, false, kernels.Norm{LayerNorm: layer, Eps: 1e-6}),
			normalize(3, 640, true, kernels.Norm{LayerNorm: layer, Eps: 1e-6, Offset: 1}))
	}
	return append(cases, normalize(4, 1, true, kernels.Norm{Eps: 1e-1}))
}

// rotate turns x (T, heads·D) by positions that are neither in order nor distinct.
func rotate(T, heads, D, dim int, interleaved, inverse bool) Case {
	const positions = 90
	in := Arrays{}
	in.normal("x", 1, T, heads*D)
	in.normal("dy", 1, T, heads*D)
	cos, sin := Array{Shape: []int{positions, dim / 2}}, Array{Shape: []int{positions, dim / 2}}
	for p := range positions {
		for i := range dim / 2 {
			angle := float64(p) * math.Pow(10000, -2*float64(i)/float64(dim))
			cos.Data, sin.Data = append(cos.Data, float32(math.Cos(angle))), append(sin.Data, float32(math.Sin(angle)))
		}
	}
	in["cos"], in["sin"] = cos, sin
	at := uniform(7, T, positions)
	return Case{
		Op: "rotate", Size: fmt.Sprintf("T=%d heads=%d D=%d dim=%d interleaved=%t inverse=%t", T, heads, D, dim, interleaved, inverse),
		Rows: T, In: in, Tol: Tolerance{Abs: 5e-7, Rel: 1e-6, Why: "two products and a sum in float32"},
		Bind: func(s *Scope) Bound {
			rope := kernels.Rope{Cos: s.upload("cos"), Sin: s.upload("sin"), Dim: dim, Interleaved: interleaved}
			x, dy, y, dx := s.upload("x"), s.upload("dy"), s.blank(T, heads*D), s.blank(T, heads*D)
			flops, bytes := float64(3*T*heads*dim), float64(8*T*heads*D)
			return Bound{
				Forward: Step{"rotate", flops, bytes, func() {
					s.Copy(y, x)
					s.Rotate(y, heads, at, rope, inverse)
				}},
				Backward: []Step{{"rotate backward", flops, bytes, func() {
					s.Copy(dx, dy)
					s.Rotate(dx, heads, at, rope, !inverse)
				}}},
				Out: Outputs{"y": s.device(y)}, Grad: Outputs{"dx": s.device(dx)},
			}
		},
	}
}

func ropeCases() []Case {
	var cases []Case
	for _, interleaved := range []bool{false, true} {
		for _, inverse := range []bool{false, true} {
			cases = append(cases, rotate(7, 3, 8, 8, interleaved, inverse), rotate(33, 2, 12, 12, interleaved, inverse),
				rotate(1, 1, 16, 6, interleaved, inverse), rotate(65, 2, 64, 64, interleaved, inverse), rotate(9, 2, 64, 20, interleaved, inverse))
		}
	}
	return cases
}

// gate is y (T,F) = act(gate) · up. The backward writes over its inputs, as a model does to save memory.
func gate(T, F int, act kernels.Activation) Case {
	in := Arrays{}
	in.normal("gate", 2, T, F)
	in.normal("up", 1, T, F)
	in.normal("dy", 1, T, F)
	name := [...]string{"silu", "gelu_tanh"}[act]
	return Case{
		Op: "gate " + name, Size: fmt.Sprintf("T=%d F=%d", T, F), Rows: T, In: in, Tol: pointwise,
		Bind: func(s *Scope) Bound {
			g, u, dy, y, dgate, dup := s.upload("gate"), s.upload("up"), s.upload("dy"), s.blank(T, F), s.blank(T, F), s.blank(T, F)
			return Bound{
				Forward: Step{"gate " + name, float64(6 * T * F), float64(12 * T * F), func() { s.Gate(y, g, u, act) }},
				Backward: []Step{{"gate backward " + name, float64(12 * T * F), float64(20 * T * F), func() {
					s.Copy(dgate, g)
					s.Copy(dup, u)
					s.GateBackward(dgate, dup, dy, dgate, dup, act)
				}}},
				Out:  Outputs{"y": s.device(y)},
				Grad: Outputs{"dgate": s.device(dgate), "dup": s.device(dup)},
			}
		},
	}
}

func gateCases() []Case {
	var cases []Case
	for _, act := range []kernels.Activation{kernels.SiLU, kernels.GELUTanh} {
		cases = append(cases, gate(1, 1, act), gate(7, 49, act), gate(33, 128, act), gate(65, 15, act), extremeGate(act))
	}
	return append(cases, gateOverDy(7, 49))
}

// gateOverDy writes the gradient of up over dy.
func gateOverDy(T, F int) Case {
	c := gate(T, F, kernels.SiLU)
	c.Size += " over dy"
	bind := c.Bind
	c.Bind = func(s *Scope) Bound {
		b := bind(s)
		g, u, dgate, dup := s.upload("gate"), s.upload("up"), s.blank(T, F), s.upload("dy")
		b.Backward[0].Run = func() { s.GateBackward(dgate, dup, dup, g, u, kernels.SiLU) }
		b.Grad = Outputs{"dgate": s.device(dgate), "dup": s.device(dup)}
		return b
	}
	return c
}

// extremeGate has inputs where e^−z overflows and underflows.
func extremeGate(act kernels.Activation) Case {
	values := []float32{-1000, -104, -90, -88, -30, -12, -1e-30, 0, 1e-30, 12, 30, 88, 90, 104, 1000, -5, 5}
	c := gate(1, len(values), act)
	c.Size = "extreme values"
	c.In["gate"] = Array{Shape: c.In["gate"].Shape, Data: values}
	return c
}
