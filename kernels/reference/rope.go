package reference

import (
	"fmt"

	"croco/kernels"
)

// Rotate: x is (T, heads·D), Cos and Sin are (positions, Dim/2). In every head, pair i of the first Dim dimensions is a
// point in the plane, and it is turned by the angle of (position, i):
//
//	a' = a · cos − b · sin
//	b' = a · sin + b · cos
//
// The pair is dimensions (i, i + Dim/2), rotate-half, or (2i, 2i+1), interleaved. A query at position p and a key at
// position q, both turned, have a product that depends on p − q alone: Su et al., RoFormer, arXiv:2104.09864, eq. 34.
//
// A rotation's gradient is the opposite rotation: in the forward pass this was Rotate(inverse = false) of x, so now it is
// Rotate(inverse = true) of dx.
func (*Device) Rotate(x *kernels.Tensor, heads int, positions []int32, r kernels.Rope, inverse bool) {
	T, D := len(positions), x.Width()/heads
	kernels.Shape("rotate", "x", x, T, heads*D)
	kernels.Shape("rotate", "cos", r.Cos, -1, r.Dim/2)
	same("rotate", "sin", r.Sin, r.Cos)
	if r.Dim > D || r.Dim%2 != 0 {
		panic(fmt.Sprintf("kernels: rotate: %d of %d dimensions of a head, expected an even number of at most that", r.Dim, D))
	}
	for t, p := range positions {
		if p < 0 || int(p) >= r.Cos.Shape[0] {
			panic(fmt.Sprintf("kernels: rotate: position %d at row %d, the tables hold %d", p, t, r.Cos.Shape[0]))
		}
		cos, sin := row(r.Cos, int(p)), row(r.Sin, int(p))
		for h := range heads {
			head := row(x, t)[h*D : h*D+r.Dim]
			for i := range r.Dim / 2 {
				j, k := i, i+r.Dim/2
				if r.Interleaved {
					j, k = 2*i, 2*i+1
				}
				a, b := float64(head[j]), float64(head[k])
				c, s := float64(cos[i]), float64(sin[i])
				if inverse {
					s = -s
				}
				head[j], head[k] = float32(a*c-b*s), float32(a*s+b*c)
			}
		}
	}
}
