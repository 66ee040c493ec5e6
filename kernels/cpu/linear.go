package cpu

import "croco/kernels"

// depth is the most steps of a chain that a tile of many rows does before it stores its accumulators: a block of a panel
// stays in the second-level cache.
const depth = 1024

// rowBlock is the most rows that one chunk of work takes through a panel. They stay in the second-level cache while one panel
// after the other passes by.
const rowBlock = 384

// fewTiles is how many tiles, one under the other, are worth no widening of their panel.
const fewTiles = 8

// gemm is C (rows, n) = start + A (rows, k) · panels, the form of every product whose right side is packed. Each element is one
// chain: start is the bias, C itself or zero; a tile leaves its accumulators in C and takes them up from there, so blocks do
// not show in the result.
type gemm struct {
	d      *Device
	c, a   []float32
	rows   int
	b      *panels
	bias   []float32
	add    bool      // start from C
	extraA []float32 // further columns of the same chain
	extraB *panels
	flags  int // for the tiles
	block  int // rows of a chunk of work
	shares int // that the chunks are divided into: one for each thread
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
	g.shares = d.threads()
	blocks := (g.rows + rowBlock - 1) / rowBlock
	g.block = min(g.rows, ((g.rows+blocks-1)/blocks+7)&^7)
	if n < 4*g.shares {
		g.block = min(g.block, max(32, (g.rows/(4*g.shares)+7)&^7))
	}
	if d.before != nil {
		d.before.next = g.b
	}
	d.before = g.b
	d.parallel(g.chunks(), 1, g)
}

// chunks are the pieces of work: a block of rows by a panel, one panel after the other.
func (g *gemm) chunks() int { return g.b.count() * ((g.rows + g.block - 1) / g.block) }

func (g *gemm) run(w *worker, lo, hi int) {
	for i := lo; i < hi; i++ {
		j, r := i%g.b.count(), i/g.b.count()*g.block
		rows, after := min(g.block, g.rows-r), g.after(w, i)
		beta := g.start(j, r, rows)
		g.chain(w, j, r, rows, g.a, g.b, g.flags|beta, after)
		if g.extraB != nil {
			g.chain(w, j, r, rows, g.extraA, g.extraB, g.flags|fromC, nil)
		}
	}
}

// after is the panel that a worker likely reads after chunk i: the next one of its share, or the first of its share of the
// product that followed the last time.
func (g *gemm) after(w *worker, i int) []float32 {
	switch lo, hi := share(w.id, g.shares, g.chunks()); {
	case i+1 < hi && i >= lo:
		return g.b.panel((i + 1) % g.b.count())
	case i+1 == hi && g.b.next != nil && g.b.next.words != nil:
		first, _ := share(w.id, g.shares, g.b.next.count())
		return g.b.next.panel(first)
	}
	return nil
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

// chain continues rows r … r+rows−1 of panel j of C over the columns of a, and lets the panel after be fetched meanwhile. A row of a
// panel holds a step of the chain or, in pairs, two. Pairs are multiplied with pairs, one by one, or, for many rows, once
// they have been widened.
func (g *gemm) chain(w *worker, j, r, rows int, a []float32, b *panels, beta int, after []float32) {
	total, tiles, cols := b.rows(), g.d.tiles(rows), min(panelWidth, g.b.n-j*panelWidth)
	each, lda := 1, b.k // columns of a for a row of the panel
	if g.d.paired {
		lda = total
	} else if b.paired {
		each = 2
	}
	step := total
	if tiles > fewTiles {
		blocks := max(1, (total*each+depth-1)/depth)
		step = (total + blocks - 1) / blocks
	}
	for t := 0; t < total; t, beta = t+step, beta|fromC {
		m, block := min(step, total-t), b.panel(j)[t*panelWidth:]
		p := product{isa: g.d.isa, tile: g.d.isa.tile, k: min(m*each, lda-t*each), loops: m, a: a[t*each:], rs: lda, ks: 1,
			b: block, bs: panelWidth, c: g.c[j*panelWidth:], ldc: g.b.n, cols: cols, beta: beta}
		switch {
		case g.d.paired:
			p.tile = g.d.tilePairs
		case b.paired && tiles > fewTiles:
			g.d.widen(m, first(w.wide), first(block))
			p.b, p.loops = w.wide, p.k
		case b.paired:
			p.tile = g.d.tileBF16
		}
		next := block[m*panelWidth:]
		if t+m == total {
			next = after
		}
		p.fetch(next, m, tiles)
		p.multiply(w, r, r+rows)
	}
}

// tiles is the number of tiles that so many rows make.
func (s *isa) tiles(rows int) (n int) {
	for _, mr := range s.rows {
		n += rows / mr
		rows %= mr
	}
	return n
}

// product is a block of a panel, what of A is multiplied with it, and the columns of C that get the result. Strides are those
// of goTile.
type product struct {
	*isa
	tile     tileFunc
	k, loops int // steps of the chains, and of a tile's loop: for pairs these are half as many
	a, b, c  []float32
	rs, ks   int
	bs, ldc  int
	cols     int
	beta     int

	next        []float32 // what will be read after the block
	share, step int       // floats of it that a tile fetches, and bytes for each row of its B
}

// fetch makes the tiles fetch m rows of a panel, each its share. So memory works while the processor multiplies.
func (p *product) fetch(next []float32, m, tiles int) {
	if len(next) >= m*panelWidth {
		p.share, p.next = m*panelWidth/tiles, next
		p.step = (4*p.share + p.loops - 1) / p.loops
	}
}

// multiply computes the rows lo … hi−1 of C, tile by tile. One at the right edge of C goes through a buffer.
func (p *product) multiply(w *worker, lo, hi int) {
	nv, b, next := (p.cols+15)/16, first(p.b), first(p.next)
	if next == nil {
		next = b
	}
	for _, mr := range p.rows {
		for ; hi-lo >= mr; lo += mr {
			a, c := first(p.a[lo*p.rs:]), p.c[lo*p.ldc:]
			if p.cols%16 == 0 {
				p.tile(mr, nv, p.k, a, p.rs, p.ks, b, p.bs, first(c), p.ldc, p.beta, next, p.step)
			} else {
				for r := 0; r < mr && p.beta&fromC != 0; r++ {
					copy(w.tile[r*panelWidth:], c[r*p.ldc:][:p.cols])
				}
				p.tile(mr, nv, p.k, a, p.rs, p.ks, b, p.bs, first(w.tile), panelWidth, p.beta, next, p.step)
				for r := range mr {
					copy(c[r*p.ldc:][:p.cols], w.tile[r*panelWidth:])
				}
			}
			next = at(next, p.share)
		}
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
