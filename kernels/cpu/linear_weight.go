package cpu

import "croco/kernels"

// rowsPerChain is the number of rows of x and dy that a tile of dw goes over before it stores its accumulators.
const rowsPerChain = 512

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
	count, blocks := (k+panelWidth-1)/panelWidth, (n+weightRows-1)/weightRows
	g := weightGradient{d: d, dw: dw, dy: dy, x: x, t: t, n: n, k: k, beta: fromC}
	if d.bf16 {
		g.beta |= flush
	}
	if blocks > 1 || k%16 != 0 || d.bf16 { // else x is read once, from where it lies
		packed := d.New(count, t, panelWidth)
		defer d.Free(packed)
		g.panels = packed.Host
		d.parallel(count, 1, jobFunc(func(_ *worker, lo, hi int) {
			for j := lo; j < hi; j++ {
				cols := min(panelWidth, k-j*panelWidth)
				for r := range t {
					dst := g.panels[(j*t+r)*panelWidth:][:panelWidth]
					clear(dst[d.narrow(dst, x[r*k+j*panelWidth:][:cols]):])
				}
			}
		}))
	}
	groups := 1
	if blocks < 4*len(d.workers) {
		groups = min(count, 4*len(d.workers))
	}
	size := (count + groups - 1) / groups
	d.parallel(blocks*groups, 1, jobFunc(func(w *worker, lo, hi int) {
		for i := lo; i < hi; i++ {
			o, j := i/groups*weightRows, i%groups*size
			g.block(w, o, j, min(count, j+size))
		}
	}))
}

// weightRows is the number of rows of dw that are computed together.
const weightRows = 64

// weightGradient is dw (n,k) += dyᵀ (n,t) · x (t,k).
type weightGradient struct {
	d         *Device
	dw, dy, x []float32
	panels    []float32 // x as [⌈k/48⌉][t][48]; nil where it is read as it lies
	t, n, k   int
	beta      int
}

// block computes rows o … of dw in the panels from … to−1: the columns of dy are copied side by side, unless they are read
// only once, and multiplied with one panel of x after the other.
func (g *weightGradient) block(w *worker, o, from, to int) {
	d, rows := g.d, min(weightRows, g.n-o)
	copied := w.buf(bufQuery, rowsPerChain*weightRows)
	for s := 0; s < g.t; s += rowsPerChain {
		m := min(rowsPerChain, g.t-s)
		side, stride := g.dy[s*g.n+o:], g.n
		if to-from > 1 || d.bf16 {
			for r := range m {
				d.narrow(copied[r*weightRows:], side[r*g.n:][:rows])
			}
			side, stride = copied, weightRows
		}
		for j := from; j < to; j++ {
			at, cols := o*g.k+j*panelWidth, min(panelWidth, g.k-j*panelWidth)
			x, width := g.x[min(len(g.x), s*g.k+j*panelWidth):], g.k
			if g.panels != nil {
				x, width = g.panels[(j*g.t+s)*panelWidth:], panelWidth
			}
			p := product{isa: d.isa, tile: d.tile, k: m, loops: m, a: side, rs: 1, ks: stride, b: x, bs: width,
				c: g.dw[at:], ldc: g.k, cols: cols, beta: g.beta}
			if g.panels != nil && j+1 < to {
				p.fetch(x[g.t*panelWidth:], m, d.tiles(rows))
			}
			p.multiply(w, 0, rows)
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
