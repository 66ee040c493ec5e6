// Package reference is the arithmetic of croco written the naive way: plain loops, sums in float64, results stored in
// float32. It is documentation first: read it to learn what an operation computes. It is also the oracle that every
// other device is tested against, and the fallback on a machine that nothing else supports.
//
//	New           the device; WithArithmetic(BF16) rounds the operands of products
//	memory.go     tensors and weights
//	linear.go     matrix products and embedding, forward and backward
//	norm.go       RMSNorm and LayerNorm
//	rope.go       rotary positions
//	gate.go       the gated MLP's non-linearity
//	attention.go  attention over the prompt forest
//	head.go       log-probabilities of tokens
//	sample.go     the choice of the next token
//	rows.go       additions, dropout, gather and scatter
//	optimizer.go  AdamW
//
// Shapes are written in the letters of package kernels, x[t,k] is element (t,k), and a sum runs over the whole range of
// its index. Each backward function stands under its forward and quotes it; d… is the gradient of the loss by ….
package reference

import (
	"math"

	"croco/kernels"
)

// Device computes on the host, on one thread.
type Device struct {
	bf16 bool // the operands of matrix products are rounded to bfloat16
}

// New returns the reference device.
func New() *Device { return &Device{} }

// WithArithmetic returns the reference of devices with that arithmetic.
func WithArithmetic(t kernels.DType) *Device {
	if t == kernels.F16 {
		panic("kernels: no device multiplies float16")
	}
	return &Device{bf16: t == kernels.BF16}
}

var _ kernels.Device = (*Device)(nil)

func (*Device) Name() string { return "reference" }

func (*Device) Info() string { return "plain Go loops with float64 sums, 1 thread" }

// Arithmetic is float32 but for WithArithmetic(BF16).
func (d *Device) Arithmetic() kernels.DType {
	if d.bf16 {
		return kernels.BF16
	}
	return kernels.F32
}

// operand is x as a matrix product sees it: x itself, or a copy rounded to bfloat16, to the nearest, ties to even.
func (d *Device) operand(x *kernels.Tensor) *kernels.Tensor {
	if !d.bf16 {
		return x
	}
	rounded := d.New(x.Shape...)
	for i, v := range x.Host {
		bits := math.Float32bits(v)
		if v == v {
			bits += 0x7fff + bits>>16&1
		}
		rounded.Host[i] = math.Float32frombits(bits &^ 0xffff)
	}
	return rounded
}

// row is row t of a tensor seen as a (Height, Width) matrix.
func row(x *kernels.Tensor, t int) []float32 {
	n := x.Width()
	return x.Host[t*n : (t+1)*n]
}

// dot is Σ a[i] b[i] in float64.
func dot(a, b []float32) float64 {
	sum := 0.0
	for i, v := range a {
		sum += float64(v) * float64(b[i])
	}
	return sum
}

// axpy adds y += s · x.
func axpy(y []float64, s float64, x []float32) {
	for i, v := range x {
		y[i] += s * float64(v)
	}
}

// same panics unless t has the shape of like.
func same(op, what string, t, like *kernels.Tensor) { kernels.Shape(op, what, t, like.Shape...) }
