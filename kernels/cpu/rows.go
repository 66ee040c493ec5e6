package cpu

import "croco/kernels"

// chunk is the number of elements that one claim of an elementwise operation takes.
const chunk = 1 << 14

// elements runs f over the ranges of n elements.
func (d *Device) elements(n int, f jobFunc) { d.parallel(n, chunk, f) }

// Add: y += x.
func (d *Device) Add(y, x *kernels.Tensor) {
	sameLen("Add", len(y.Host), len(x.Host))
	d.elements(len(y.Host), func(_ *worker, lo, hi int) { d.add(hi-lo, &y.Host[lo], &x.Host[lo]) })
}

// Scale: y *= s.
func (d *Device) Scale(y *kernels.Tensor, s float32) {
	d.elements(len(y.Host), func(_ *worker, lo, hi int) { d.scale(hi-lo, &y.Host[lo], &y.Host[lo], s) })
}

// Softcap: y = limit · tanh(y / limit).
func (d *Device) Softcap(y *kernels.Tensor, limit float32) {
	d.elements(len(y.Host), func(_ *worker, lo, hi int) { d.softcap(hi-lo, &y.Host[lo], &y.Host[lo], limit) })
}

// Dropout: y = x / (1−p) where the random number of (seed, i) is at least p, else 0. It is its own gradient.
func (d *Device) Dropout(y, x *kernels.Tensor, p float32, seed uint64) {
	sameLen("Dropout", len(y.Host), len(x.Host))
	keep := float32(1 / (1 - float64(p)))
	d.elements(len(y.Host), func(_ *worker, lo, hi int) {
		for i := lo; i < hi; i++ {
			v := x.Host[i] * keep
			if kernels.Uniform(seed, uint64(i)) < float64(p) {
				v = 0
			}
			y.Host[i] = v
		}
	})
}
