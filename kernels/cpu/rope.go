package cpu

import (
	"fmt"

	"croco/kernels"
)

// Rotate turns the pairs of the first Dim dimensions of each head of x (T, heads·D) by the angles of positions (T): (a, b) becomes
// (a·cos − b·sin, b·cos + a·sin). Rotate-half pairs i with i + Dim/2, interleaved pairs 2i with 2i+1. inverse turns back.
func (d *Device) Rotate(x *kernels.Tensor, heads int, positions []int32, r kernels.Rope, inverse bool) {
	t, half := len(positions), r.Dim/2
	if x.Len()%max(1, t*heads) != 0 || x.Len()/max(1, t*heads) < r.Dim {
		panic(fmt.Sprintf("cpu: Rotate: x %v is not (%d positions, %d heads of at least %d)", x.Shape, t, heads, r.Dim))
	}
	width := x.Len() / max(1, t*heads)
	sign := float32(1)
	if inverse {
		sign = -1
	}
	d.parallel(t, rowsOf(heads*width), jobFunc(func(u *worker, lo, hi int) {
		pair := u.buf(bufPairs, r.Dim)
		for i := lo; i < hi; i++ {
			p := int(positions[i]) * half
			cos, sin := r.Cos.Host[p:p+half], r.Sin.Host[p:p+half]
			for h := range heads {
				head := x.Host[(i*heads+h)*width:][:r.Dim]
				if !r.Interleaved {
					d.rotate(half, first(head), &head[half], first(cos), first(sin), sign)
					continue
				}
				for k := range half {
					pair[k], pair[half+k] = head[2*k], head[2*k+1]
				}
				d.rotate(half, first(pair), &pair[half], first(cos), first(sin), sign)
				for k := range half {
					head[2*k], head[2*k+1] = pair[k], pair[half+k]
				}
			}
		}
	}))
}
