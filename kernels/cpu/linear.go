package cpu

import (
	"croco/kernels"
)

// depth is the most steps of a chain that a tile does before it stores its accumulators: a block of a panel, and as much of
// the rows beside it, stay in the second-level cache.
const depth = 512

// rowBlock is the most rows that one chunk of work takes through a panel.
const rowBlock = 512

// gemm is C (rows, n) = start + A (rows, k) · panels, the form of every product whose right side is packed; on a device that
// multiplies pairs, A and the panels hold these, and k counts them. Each element
// is one chain: start is the bias, C itself or zero; a tile leaves its accumulators in C and takes them up from there, so
// blocks do not show in the result.
type gemm struct {
	d        *Device
	c, a     []float32
	rows     int
	b        *panels
	bias     []float32
	add      bool      // start from C
	extraA   []float32 // further columns of the same chain
	extraB   *panels
	flags    int // for the tiles
	perPanel int // blocks of rows
	block    int // rows of a block
}

func (g *gemm) compute(d *Device) {
	g.d = d
	if g.rows == 0 || g.b.n == 0 {
		return
	}
	if d.bf16 {
		g.flags = flush
		g.a = d.operand(0, g.a, g.rows)
		if g.extraB != nil {
			g.extraA = d.operand(1, g.extraA, g.rows)
		}
	}
	n := g.b.count()
	g.block = min(rowBlock, g.rows)
	if n < 4*len(d.workers) {
		g.block = min(g.block, max(32, (g.rows/(4*len(d.workers))+7)&^7))
	}
	g.perPanel = (g.rows + g.block - 1) / g.block
	grain := 1
	if n > 64 && g.rows < 64 {
		grain = 4
	}
	d.parallel(n*g.perPanel, grain, g)
}

func (g *gemm) run(w *worker, lo, hi int) {
	for i := lo; i < hi; i++ {
		j, r := i/g.perPanel, i%g.perPanel*g.block
		rows := min(g.block, g.rows-r)
		beta := g.start(j, r, rows)
		g.chain(w, j, r, rows, g.a, g.b, g.flags|beta)
		if g.extraB != nil {
			g.chain(w, j, r, rows, g.extraA, g.extraB, g.flags|fromC)
		}
	}
}

// start writes the bias where there is one, and answers whether the chains start from C.
func (g *gemm) start(j, r, rows int) int {
	if g.bias != nil {
		n := g.b.n
		for i := r; i < r+rows; i++ {
			copy(g.c[i*n+j*panelWidth:min(i*n+(j+1)*panelWidth, (i+1)*n)], g.bias[j*panelWidth:])
		}
		return fromC
	}
	if g.add || g.b.k == 0 {
		return fromC
	}
	return 0
}

// chain continues rows r … r+rows−1 of panel j of C over the columns of a.
func (g *gemm) chain(w *worker, j, r, rows int, a []float32, b *panels, beta int) {
	n, k := g.b.n, b.k
	cols := min(panelWidth, n-j*panelWidth)
	nv := (cols + 15) / 16
	step := k
	if rows > 32 {
		blocks := max(1, (k+depth-1)/depth)
		step = (k + blocks - 1) / blocks
	}
	for t := 0; t < k; t, beta = t+step, beta|fromC {
		m := min(step, k-t)
		at0 := (j*k + t) * panelWidth
		p := product{m: m, a: a, lda: k, t: t, nv: nv, pairs: g.d.paired}
		switch {
		case b.bf16 == nil:
			p.f32 = b.f32[at0:]
		case rows > 32:
			g.d.widen(m*panelWidth, first(w.wide), &b.bf16[at0])
			p.f32 = w.wide
		default:
			p.bf16 = b.bf16[at0:]
		}
		i := r
		for _, mr := range g.d.rows {
			for ; r+rows-i >= mr; i += mr {
				if cols%16 == 0 {
					p.tile(g.d.isa, mr, i, g.c[i*n+j*panelWidth:], n, beta)
				} else {
					p.edge(g.d.isa, w, mr, i, g.c[i*n+j*panelWidth:], n, cols, beta)
				}
			}
		}
	}
}

// product is a block of a panel and the columns t … t+m−1 of A beside it.
type product struct {
	m, t, nv int
	pairs    bool // of bfloat16, on both sides
	a        []float32
	lda      int
	f32      []float32
	bf16     []uint16
}

func (p *product) tile(s *isa, mr, i int, c []float32, ldc, beta int) {
	if p.pairs {
		s.tilePairs(mr, p.nv, p.m, &p.a[i*p.lda+p.t], p.lda, 1, &p.f32[0], panelWidth, &c[0], ldc, beta)
	} else if p.bf16 != nil {
		s.tileBF16(mr, p.nv, p.m, &p.a[i*p.lda+p.t], p.lda, 1, &p.bf16[0], panelWidth, &c[0], ldc, beta)
	} else {
		s.tile(mr, p.nv, p.m, &p.a[i*p.lda+p.t], p.lda, 1, &p.f32[0], panelWidth, &c[0], ldc, beta)
	}
}

// edge is a tile at the right edge of C, whose columns are no multiple of 16: it goes through a buffer.
func (p *product) edge(s *isa, w *worker, mr, i int, c []float32, ldc, cols, beta int) {
	for r := 0; r < mr && beta&fromC != 0; r++ {
		copy(w.tile[r*panelWidth:], c[r*ldc:r*ldc+cols])
	}
	p.tile(s, mr, i, w.tile, panelWidth, beta)
	for r := range mr {
		copy(c[r*ldc:r*ldc+cols], w.tile[r*panelWidth:])
	}
}

// Linear computes y (T,N) = bias or 0, + x (T,K) · W (N,K)ᵀ, + extra's X (T,R) · B (N,R)ᵀ.
func (d *Device) Linear(y, x *kernels.Tensor, w *kernels.Weight, bias *kernels.Tensor, extra *kernels.Extra) {
	t := x.Height()
	sameShape("Linear", "x", x, t, w.In)
	sameShape("Linear", "y", y, t, w.Out)
	d.gemm = gemm{c: y.Host, a: x.Host, rows: t, b: d.forward(w)}
	if bias != nil {
		sameShape("Linear", "bias", bias, 1, w.Out)
		d.gemm.bias = bias.Host
	}
	if extra != nil {
		sameShape("Linear", "extra.X", extra.X, t, extra.B.In)
		d.gemm.extraA, d.gemm.extraB = extra.X.Host, d.forward(extra.B)
	}
	d.gemm.compute(d)
}

// LinearBackwardInput: in the forward pass this was y = x · Wᵀ, so now dx (T,K) = dy (T,N) · W, or += where accumulate is set.
func (d *Device) LinearBackwardInput(dx, dy *kernels.Tensor, w *kernels.Weight, accumulate bool) {
	t := dy.Height()
	sameShape("LinearBackwardInput", "dy", dy, t, w.Out)
	sameShape("LinearBackwardInput", "dx", dx, t, w.In)
	d.gemm = gemm{c: dx.Host, a: dy.Host, rows: t, b: d.backward(w), add: accumulate}
	d.gemm.compute(d)
}

// sameShape panics unless t is a (height, width) matrix, whatever its dimensions.
func sameShape(op, what string, t *kernels.Tensor, height, width int) {
	if t == nil || t.Width() != width || len(t.Host) != height*width {
		kernels.Shape(op, what, t, height, width)
		panic("cpu: " + op + ": " + what + " has no memory: freed, or of another device?")
	}
}
