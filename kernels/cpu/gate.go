package cpu

import "croco/kernels"

// Gate computes y = act(gate) · up, all (T,F).
func (d *Device) Gate(y, gate, up *kernels.Tensor, act kernels.Activation) {
	sameLen("Gate", len(y.Host), len(gate.Host))
	sameLen("Gate", len(y.Host), len(up.Host))
	f := d.silu
	if act == kernels.GELUTanh {
		f = d.gelu
	}
	d.elements(len(y.Host), func(_ *worker, lo, hi int) { f(hi-lo, &y.Host[lo], &gate.Host[lo], &up.Host[lo]) })
}

// GateBackward: in the forward pass this was y = act(gate) · up, so now dgate = dy · up · act'(gate) and dup = dy · act(gate). They may
// be gate and up themselves, or dy.
func (d *Device) GateBackward(dgate, dup, dy, gate, up *kernels.Tensor, act kernels.Activation) {
	for _, t := range []*kernels.Tensor{dgate, dup, gate, up} {
		sameLen("GateBackward", len(dy.Host), len(t.Host))
	}
	f := d.siluBack
	if act == kernels.GELUTanh {
		f = d.geluBack
	}
	d.elements(len(dy.Host), func(_ *worker, lo, hi int) {
		f(hi-lo, &dgate.Host[lo], &dup.Host[lo], &dy.Host[lo], &gate.Host[lo], &up.Host[lo])
	})
}
