package cpu

import (
	"math"

	"croco/kernels"
)

// Normalize: x and y are (…,C). For each row, y = (x − μ) · r · (Offset + w), where r = 1/√(mean (x−μ)² + eps); μ is the mean for LayerNorm
// and 0 for RMSNorm; a w of nil counts as ones. y may be x.
func (d *Device) Normalize(y, x, w *kernels.Tensor, n kernels.Norm) {
	c, t := x.Width(), x.Height()
	sameShape("Normalize", "y", y, t, c)
	gain := d.gain(w, c, n)
	d.parallel(t, rowsOf(c), jobFunc(func(u *worker, lo, hi int) {
		for i := lo; i < hi; i++ {
			row, r := d.centred(u, x.Host[i*c:(i+1)*c], n)
			d.norm(c, &y.Host[i*c], first(row), first(gain), r)
		}
	}))
}

// rowsOf is how many rows of width c make a chunk of work.
func rowsOf(c int) int { return max(1, chunk/max(1, c)) }

// gain is Offset + w, or ones where there is no w.
func (d *Device) gain(w *kernels.Tensor, c int, n kernels.Norm) []float32 {
	if w != nil {
		sameShape("Normalize", "w", w, 1, c)
		if n.Offset == 0 {
			return w.Host
		}
	}
	gain := d.workers[0].buf(bufGain, c)
	for i := range gain {
		gain[i] = 1
		if w != nil {
			gain[i] = n.Offset + w.Host[i]
		}
	}
	return gain
}

// centred returns x − μ (x itself for RMSNorm) and r.
func (d *Device) centred(u *worker, x []float32, n kernels.Norm) ([]float32, float32) {
	c := len(x)
	if n.LayerNorm {
		mean := d.sum(c, first(x)) / float32(c)
		row := u.buf(bufCentred, c)
		for i, v := range x {
			row[i] = v - mean
		}
		x = row
	}
	square := d.dot(c, first(x), first(x)) / float32(c)
	return x, 1 / float32(math.Sqrt(float64(square+n.Eps)))
}

// NormalizeBackward: in the forward pass this was y = x̂ · gain with x̂ = (x − μ)·r, so now dw += Σ_rows dy·x̂, row after row, and with
// g = dy · gain, dx = r·(g − x̂·mean(g·x̂) − mean(g)); the last term is LayerNorm's alone. dx may be dy.
func (d *Device) NormalizeBackward(dx, dw, dy, x, w *kernels.Tensor, n kernels.Norm) {
	c, t := x.Width(), x.Height()
	sameShape("NormalizeBackward", "dx", dx, t, c)
	sameShape("NormalizeBackward", "dy", dy, t, c)
	gain := d.gain(w, c, n)
	if dw != nil {
		sameShape("NormalizeBackward", "dw", dw, 1, c)
		d.normBackwardWeight(dw.Host, dy, x, n)
	}
	d.parallel(t, rowsOf(c), jobFunc(func(u *worker, lo, hi int) {
		for i := lo; i < hi; i++ {
			g, out := first(dy.Host[i*c:]), dx.Host[i*c:(i+1)*c]
			row, r := d.centred(u, x.Host[i*c:(i+1)*c], n)
			m := d.dot3(c, g, first(gain), first(row)) / float32(c)
			shift := float32(0)
			if n.LayerNorm {
				shift = float32(d.dot(c, g, first(gain)) / float32(c) * r)
			}
			d.normBack(c, first(out), g, first(row), first(gain), r, -float32(float32(m*r)*float32(r*r)))
			for k := 0; k < c && n.LayerNorm; k++ {
				out[k] -= shift
			}
		}
	}))
}

// normBackwardWeight: workers share the columns, and each goes over all rows in order.
func (d *Device) normBackwardWeight(dw []float32, dy, x *kernels.Tensor, n kernels.Norm) {
	c, t := x.Width(), x.Height()
	xhat := d.New(t, c)
	defer d.Free(xhat)
	d.parallel(t, rowsOf(c), jobFunc(func(u *worker, lo, hi int) {
		for i := lo; i < hi; i++ {
			row, r := d.centred(u, x.Host[i*c:(i+1)*c], n)
			d.norm(c, &xhat.Host[i*c], first(row), &dy.Host[i*c], r)
		}
	}))
	d.parallel(c, 64, jobFunc(func(_ *worker, lo, hi int) {
		for i := range t {
			d.add(hi-lo, &dw[lo], &xhat.Host[i*c+lo])
		}
	}))
}
