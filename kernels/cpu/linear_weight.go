package cpu

import "croco/kernels"

// rowsPerChain is the number of rows of x and dy that a tile of dw goes over before it stores its accumulators.
const rowsPerChain = 256

// LinearBackwardWeight: in the forward pass this was y = x · Wᵀ, so now dw (N,K) += dyᵀ (N,T) · x (T,K): each element is one chain
// over the rows t, continuing from what dw holds.
func (d *Device) LinearBackwardWeight(dw, dy, x *kernels.Tensor) {
	t, n, k := x.Height(), dy.Width(), x.Width()
	sameShape("LinearBackwardWeight", "dy", dy, t, n)
	sameShape("LinearBackwardWeight", "dw", dw, n, k)
	d.backwardWeight(dw.Host, dy.Host, x.Host, t, n, k)
}

func (d *Device) backwardWeight(dw, dy, x []float32, t, n, k int) {
	if t == 0 {
		return
	}
	count := (k + panelWidth - 1) / panelWidth
	packed := d.New(count, t, panelWidth)
	defer d.Free(packed)
	p := packed.Host
	d.parallel(count, 1, jobFunc(func(_ *worker, lo, hi int) {
		for j := lo; j < hi; j++ {
			cols := min(panelWidth, k-j*panelWidth)
			for r := range t {
				dst := p[(j*t+r)*panelWidth:][:panelWidth]
				clear(dst[copy(dst, x[r*k+j*panelWidth:][:cols]):])
			}
		}
	}))

	const block = 32 // rows of dw
	blocks := (n + block - 1) / block
	d.parallel(blocks*count, 1, jobFunc(func(w *worker, lo, hi int) {
		for i := lo; i < hi; i++ {
			j, o := i/blocks, i%blocks*block
			rows, cols := min(block, n-o), min(panelWidth, k-j*panelWidth)
			c, ldc, wide := dw[o*k+j*panelWidth:], k, (cols+15)&^15
			if cols != wide {
				c, ldc = w.buf(bufPack, block*panelWidth), panelWidth
				for r := range rows {
					copy(c[r*ldc:r*ldc+cols], dw[(o+r)*k+j*panelWidth:])
				}
			}
			for s := 0; s < t; s += rowsPerChain {
				d.block(rows, wide, min(rowsPerChain, t-s), dy[s*n+o:], 1, n, p[(j*t+s)*panelWidth:], panelWidth, c, ldc, 1)
			}
			for r := 0; r < rows && cols != wide; r++ {
				copy(dw[(o+r)*k+j*panelWidth:][:cols], c[r*ldc:])
			}
		}
	}))
}

// BiasBackward: in the forward pass the bias (N) was added to every row, so now db += the rows of dy (T,N), in order.
func (d *Device) BiasBackward(db, dy *kernels.Tensor) {
	n := dy.Width()
	sameShape("BiasBackward", "db", db, 1, n)
	d.parallel(n, 256, jobFunc(func(_ *worker, lo, hi int) {
		for t := range dy.Height() {
			d.add(hi-lo, &db.Host[lo], &dy.Host[t*n+lo])
		}
	}))
}
