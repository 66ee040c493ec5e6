package cpu

import "croco/kernels"

// rowsPerChain is the number of rows of x and dy that a tile of dw goes over before it stores its accumulators.
const rowsPerChain = 256

// LinearBackwardWeight: in the forward pass this was y = x · Wᵀ, so now dw (N,K) += dyᵀ (N,T) · x (T,K): each element is one chain
// over the rows t, continuing from what dw holds. Where both sides are rounded to bfloat16, they are multiplied one by one.
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
				clear(dst[d.narrow(dst, x[r*k+j*panelWidth:][:cols]):])
			}
		}
	}))

	blocks := (n + weightRows - 1) / weightRows
	groups := 1
	if blocks < 4*len(d.workers) {
		groups = min(count, 4*len(d.workers))
	}
	size := (count + groups - 1) / groups
	d.parallel(blocks*groups, 1, jobFunc(func(w *worker, lo, hi int) {
		for i := lo; i < hi; i++ {
			o, j := i/groups*weightRows, i%groups*size
			d.weightBlock(w, dw, dy, p, t, n, k, o, j, min(count, j+size))
		}
	}))
}

// weightRows is the number of rows of dw that are computed together.
const weightRows = 32

// weightBlock computes rows o … of dw in the panels from … to−1: the columns of dy are copied side by side, and then
// multiplied with one panel of x after the other.
func (d *Device) weightBlock(w *worker, dw, dy, panels []float32, t, n, k, o, from, to int) {
	rows, beta := min(weightRows, n-o), fromC
	if d.bf16 {
		beta |= flush
	}
	side := w.buf(bufQuery, rowsPerChain*weightRows)
	for s := 0; s < t; s += rowsPerChain {
		m := min(rowsPerChain, t-s)
		for r := range m {
			d.narrow(side[r*weightRows:], dy[(s+r)*n+o:][:rows])
		}
		for j := from; j < to; j++ {
			x := panels[(j*t+s)*panelWidth:]
			cols := min(panelWidth, k-j*panelWidth)
			if wide := (cols + 15) &^ 15; wide == cols {
				d.block(rows, cols, m, side, 1, weightRows, x, panelWidth, dw[o*k+j*panelWidth:], k, beta)
				continue
			}
			c := w.buf(bufPack, weightRows*panelWidth)
			for r := range rows {
				copy(c[r*panelWidth:r*panelWidth+cols], dw[(o+r)*k+j*panelWidth:])
			}
			d.block(rows, panelWidth, m, side, 1, weightRows, x, panelWidth, c, panelWidth, beta)
			for r := range rows {
				copy(dw[(o+r)*k+j*panelWidth:][:cols], c[r*panelWidth:])
			}
		}
	}
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
