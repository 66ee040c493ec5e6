// Package reference is the arithmetic of croco written the naive way: plain loops, sums in float64, results stored in
// float32. It is documentation first: read it to learn what an operation computes. It is also the oracle that every
// other device is tested against, and the fallback on a machine that nothing else supports.
//
//	New           the device
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

import "croco/kernels"

// Device computes on the host, on one thread. It has no state.
type Device struct{}

// New returns the reference device.
func New() *Device { return &Device{} }

var _ kernels.Device = (*Device)(nil)

func (*Device) Name() string { return "reference" }

func (*Device) Info() string { return "plain Go loops with float64 sums, 1 thread" }

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
