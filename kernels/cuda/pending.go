//go:build gpu

package cuda

import (
	"croco/kernels"
	"croco/kernels/forest"
)

// What is not there yet. A file that implements an operation takes it out of here.

func (*Device) Linear(y, x *kernels.Tensor, w *kernels.Weight, bias *kernels.Tensor, extra *kernels.Extra) {
	panic(kernels.ErrNotImplemented)
}

func (*Device) LinearBackwardInput(dx, dy *kernels.Tensor, w *kernels.Weight, accumulate bool) {
	panic(kernels.ErrNotImplemented)
}

func (*Device) LinearBackwardWeight(dw, dy, x *kernels.Tensor) { panic(kernels.ErrNotImplemented) }

func (*Device) LogProbs(logp []float32, stats *kernels.HeadStats, h *kernels.Tensor, w *kernels.Weight, p kernels.Picks, l kernels.Logits) {
	panic(kernels.ErrNotImplemented)
}

func (*Device) LogProbsBackward(dh, dw *kernels.Tensor, dlogp []float32, h *kernels.Tensor, w *kernels.Weight, p kernels.Picks, l kernels.Logits) {
	panic(kernels.ErrNotImplemented)
}

func (*Device) Sample(tokens []int32, logp []float32, logits *kernels.Tensor, draws []kernels.Draw) {
	panic(kernels.ErrNotImplemented)
}

func (*Device) Attend(out, lse, q, k, v *kernels.Tensor, plan *forest.Plan, a kernels.Attn) {
	panic(kernels.ErrNotImplemented)
}

func (*Device) AttendBackward(dq, dk, dv, dout, out, lse, q, k, v *kernels.Tensor, plan *forest.Plan, a kernels.Attn) {
	panic(kernels.ErrNotImplemented)
}
