package reference

import (
	"math"

	"croco/kernels"
)

// Gate: gate, up and y are (T,F): y = act(gate) · up, element by element. With a linear layer before each input and one
// after, this is the SwiGLU or GEGLU MLP: Shazeer, GLU Variants Improve Transformer, arXiv:2002.05202.
//
//	SiLU(z)     = z · σ(z),  σ(z) = 1 / (1 + e^−z)
//	GELUTanh(z) = z · (1 + tanh u) / 2,  u = √(2/π) · (z + 0.044715 z³)
func (*Device) Gate(y, gate, up *kernels.Tensor, act kernels.Activation) {
	same("gate", "up", up, gate)
	same("gate", "y", y, gate)
	for i, g := range gate.Host {
		a, _ := activate(float64(g), act)
		y.Host[i] = float32(a * float64(up.Host[i]))
	}
}

// GateBackward: in the forward pass this was y = act(gate) · up, so now
//
//	dgate = dy · up · act'(gate)
//	dup   = dy · act(gate)
//
// The outputs may be any of the inputs.
func (*Device) GateBackward(dgate, dup, dy, gate, up *kernels.Tensor, act kernels.Activation) {
	for what, t := range map[string]*kernels.Tensor{"dgate": dgate, "dup": dup, "dy": dy, "up": up} {
		same("gate backward", what, t, gate)
	}
	for i := range gate.Host {
		g, u := float64(dy.Host[i]), float64(up.Host[i])
		a, slope := activate(float64(gate.Host[i]), act)
		dgate.Host[i], dup.Host[i] = float32(g*u*slope), float32(g*a)
	}
}

// activate returns act(z) and act'(z).
func activate(z float64, act kernels.Activation) (value, slope float64) {
	if act == kernels.SiLU {
		s := 1 / (1 + math.Exp(-z))
		return z * s, s * (1 + z*(1-s))
	}
	k := math.Sqrt(2 / math.Pi)
	th := math.Tanh(k * (z + 0.044715*z*z*z))
	return z * (1 + th) / 2, (1+th)/2 + z*(1-th*th)/2*k*(1+3*0.044715*z*z)
}
