//go:build gpu

package cuda

import (
	"croco/kernels"
	"croco/kernels/forest"
)

// What is not there yet. A file that implements an operation takes it out of here.

func (*Device) Attend(out, lse, q, k, v *kernels.Tensor, plan *forest.Plan, a kernels.Attn) {
	panic(kernels.ErrNotImplemented)
}

func (*Device) AttendBackward(dq, dk, dv, dout, out, lse, q, k, v *kernels.Tensor, plan *forest.Plan, a kernels.Attn) {
	panic(kernels.ErrNotImplemented)
}
