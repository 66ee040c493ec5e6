//go:build gpu

package cuda

import (
	"math"

	"croco/kernels"
	"croco/kernels/cuda/driver"
)

// elements is how many elements a block of an elementwise kernel does.
const elements = 1024

// each launches an elementwise kernel over n elements, which is its last argument.
func (d *Device) each(kernel string, t *kernels.Tensor, args ...driver.Arg) {
	d.launch(kernel, line(blocks(t.Len(), elements)), 256, 0, append(args, count(t))...)
}

// Add: y += x.
func (d *Device) Add(y, x *kernels.Tensor) {
	sameLen("add", y.Len(), x.Len())
	d.each("add", y, at(y), at(x))
}

// Scale: y *= s.
func (d *Device) Scale(y *kernels.Tensor, s float32) { d.each("scale", y, at(y), driver.Float(s)) }

// Softcap: y = limit · tanh(y / limit).
func (d *Device) Softcap(y *kernels.Tensor, limit float32) {
	d.each("softcap", y, at(y), driver.Float(limit))
}

// Dropout: y = x / (1−p) where the random number of (seed, i) is at least p, else 0. It is its own gradient.
func (d *Device) Dropout(y, x *kernels.Tensor, p float32, seed uint64) {
	sameLen("dropout", y.Len(), x.Len())
	keep := float32(1 / (1 - float64(p)))
	threshold := uint64(math.Ceil(float64(p) * 0x1p53)) // random numbers are multiples of 2⁻⁵³
	d.each("dropout", y, at(y), at(x), driver.Float(keep), driver.Long(threshold), driver.Long(seed))
}

// Gate: y = act(gate) · up.
func (d *Device) Gate(y, gate, up *kernels.Tensor, act kernels.Activation) {
	same("gate", "up", up, gate)
	same("gate", "y", y, gate)
	d.each([...]string{"gate_silu", "gate_gelu"}[act], y, at(y), at(gate), at(up))
}

// GateBackward: in the forward pass this was y = act(gate) · up, so now dgate = dy · up · act'(gate) and dup = dy ·
// act(gate). The outputs may be any of the inputs.
func (d *Device) GateBackward(dgate, dup, dy, gate, up *kernels.Tensor, act kernels.Activation) {
	same("gate backward", "dgate", dgate, gate)
	same("gate backward", "dup", dup, gate)
	same("gate backward", "dy", dy, gate)
	same("gate backward", "up", up, gate)
	d.each([...]string{"gate_silu_back", "gate_gelu_back"}[act], dy, at(dgate), at(dup), at(dy), at(gate), at(up))
}

// AdamW updates p, m and v from the gradient g.
func (d *Device) AdamW(p, g, m, v *kernels.Tensor, a kernels.AdamW) {
	same("adamw", "g", g, p)
	same("adamw", "m", m, p)
	same("adamw", "v", v, p)
	f := func(x float64) driver.Arg { return driver.Float(float32(x)) }
	correct1, correct2 := 1-math.Pow(a.Beta1, float64(a.Step)), 1-math.Pow(a.Beta2, float64(a.Step))
	d.each("adamw", p, at(p), at(g), at(m), at(v), f(a.GradScale), f(a.Beta1), f(1-a.Beta1), f(a.Beta2), f(1-a.Beta2),
		f(1-a.LR*a.WeightDecay), f(a.LR/correct1), f(1/correct2), f(a.Eps))
}

// SumSquares is Σ x² in float64: over blocks of 2¹⁴ elements, and then over the blocks.
func (d *Device) SumSquares(x *kernels.Tensor) float64 {
	return d.SumsOfSquares([]*kernels.Tensor{x})[0]
}

// SumsOfSquares is SumSquares of several tensors, for which it waits once.
func (d *Device) SumsOfSquares(xs []*kernels.Tensor) []float64 {
	const block = 1 << 14
	sums := make([]float64, len(xs))
	totals := d.alloc(8 * len(xs))
	defer d.release(totals)
	for i, x := range xs {
		n := max(1, blocks(x.Len(), block)) // an empty tensor has a sum too
		parts := d.alloc(8 * n)
		d.launch("sum_squares", line(n), 256, 0, driver.Ptr(parts), at(x), count(x))
		d.launch("sum_sums", line(1), 256, 0, driver.Ptr(totals+uintptr(8*i)), driver.Ptr(parts), driver.Int(n))
		d.release(parts)
		sums[i] = math.NaN()
	}
	d.fetch(bytesOf(sums), totals)
	return sums
}
