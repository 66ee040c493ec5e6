package cpu

import (
	"croco/kernels"
	"croco/kernels/forest"
)

// backwardPass is what the two passes over the scores share.
type backwardPass struct {
	*attending
	dout, lse []float32
	delta     []float32 // (T,H): Σ_d dout·out, which is Σ_j P[j]·dP[j]
}

// AttendBackward: in the forward pass, for each query and head, this was P = exp(s − lse) with s = scale·q·k (soft-capped), and
// out = Σ_j P[j]·v[j]. So now, with dP[j] = dout·v[j] and dS = P·(dP − Σ P·dP)·scale (times 1 − (s/cap)²),
//
//	dq = Σ_j dS[j]·k[j]    dk[j] = Σ_queries dS[j]·q    dv[j] = Σ_queries P[j]·dout
//
// (Dao et al., FlashAttention, arXiv:2205.14135, appendix B.) The sum of P·dP is dout·out. Scores are computed twice: once going over the keys
// of groups of queries, once over the queries of tiles of keys; so every sum is one chain in a fixed order and no
// thread adds to what another one holds.
func (d *Device) AttendBackward(dq, dk, dv, dout, out, lse, q, k, v *kernels.Tensor, plan *forest.Plan, a kernels.Attn) {
	rows := q.Height()
	for what, t := range map[string]*kernels.Tensor{"dq": dq, "dout": dout, "out": out} {
		sameShape("AttendBackward", what, t, rows, a.H*a.D)
	}
	sameShape("AttendBackward", "dk", dk, rows, a.G*a.D)
	sameShape("AttendBackward", "dv", dv, rows, a.G*a.D)
	sameShape("AttendBackward", "lse", lse, rows, a.H)
	delta := d.New(rows, a.H)
	defer d.Free(delta)
	d.parallel(rows*a.H, 512, jobFunc(func(w *worker, lo, hi int) {
		row := w.buf(bufGrad, a.D)
		for i := lo; i < hi; i++ {
			d.narrow(row, dout.Host[i*a.D:][:a.D])
			delta.Host[i] = d.dot(a.D, first(row), &out.Host[i*a.D])
		}
	}))
	b := &backwardPass{attending: d.attending(q, k, v, plan, a), dout: dout.Host, lse: lse.Host, delta: delta.Host}
	d.parallel(len(b.groups)*a.G, 1, jobFunc(func(w *worker, lo, hi int) {
		for i := lo; i < hi; i++ {
			b.queryGradient(w, dq.Host, b.groups[i/a.G], i%a.G)
		}
	}))
	blocks := keyBlocks(plan)
	d.parallel(len(blocks)*a.G, 1, jobFunc(func(w *worker, lo, hi int) {
		for i := lo; i < hi; i++ {
			b.keyGradient(w, dk.Host, dv.Host, blocks[i/a.G], i%a.G)
		}
	}))
}

// scores turns s, rows of scores of the queries of p against one tile, into P, and dp, rows of dP, into dS. base is the position of
// the tile's first key, n the number of keys.
func (b *backwardPass) scores(s, dp []float32, p *piece, g, base, n int) {
	d, r := b.d, 0
	for i := range p.n {
		pos := p.pos + i
		lo, hi := 0, min(n-1, pos-base)
		if b.Window > 0 {
			lo = max(0, pos-b.Window+1-base)
		}
		for h := g * b.perGroup; h < (g+1)*b.perGroup; h++ {
			row, grad := s[r*tileKeys:(r+1)*tileKeys], dp[r*tileKeys:(r+1)*tileKeys]
			r++
			if lo > hi {
				clear(row)
				clear(grad)
				continue
			}
			at := (p.row+i)*b.H + h
			if b.Softcap > 0 {
				b.capped(row, grad, at)
			} else {
				d.expSum(tileKeys, first(row), first(row), b.Scale, b.lse[at])
				d.scoreBack(tileKeys, first(grad), first(row), first(grad), b.delta[at], b.Scale)
			}
			clear(row[:lo])
			clear(grad[:lo])
			clear(row[hi+1:])
			clear(grad[hi+1:])
		}
	}
}

// capped is scores for one row under a soft cap.
func (b *backwardPass) capped(s, dp []float32, at int) {
	d := b.d
	d.scale(tileKeys, first(s), first(s), b.Scale)
	d.softcap(tileKeys, first(s), first(s), b.Softcap)
	var value [tileKeys]float32
	copy(value[:], s)
	d.expSum(tileKeys, first(s), first(s), 1, b.lse[at])
	d.scoreBack(tileKeys, first(dp), first(s), first(dp), b.delta[at], b.Scale)
	for j, v := range value {
		ratio := v / b.Softcap
		dp[j] *= 1 - float32(ratio*ratio)
	}
}

// queryGradient writes dq for the queries of a group under key/value head g, tile by tile.
func (b *backwardPass) queryGradient(w *worker, dq []float32, group []piece, g int) {
	d, wide, n := b.d, b.wide, b.queries(group)
	q := b.heads(w.buf(bufQuery, n*wide), b.q, group, g)
	dout := b.heads(w.buf(bufGrad, n*wide), b.dout, group, g)
	acc := w.buf(bufOut, n*wide)
	clear(acc)
	s, dp := w.buf(bufScore, n*tileKeys), w.buf(bufScoreGrad, n*tileKeys)
	keysT, valuesT := w.buf(bufKeys, wide*tileKeys), w.buf(bufValues, wide*tileKeys)
	rows, stage := w.buf(bufStage, wide*tileKeys), w.buf(bufPack, 8*b.D)
	b.each(group, func(tile, lo, hi, base int, keys []int32) {
		b.transpose(keysT, b.k, keys, g, stage)
		b.transpose(valuesT, b.v, keys, g, stage)
		b.gather(rows, b.k, keys, g)
		cols, r := (len(keys)+15)&^15, base*b.perGroup
		for i := lo; i < hi; i++ {
			p := &group[i]
			m := p.n * b.perGroup
			ps, pd := s[r*tileKeys:(r+m)*tileKeys], dp[r*tileKeys:(r+m)*tileKeys]
			d.block(m, cols, b.D, q[r*wide:], wide, 1, keysT, tileKeys, ps, tileKeys, 0)
			d.block(m, cols, b.D, dout[r*wide:], wide, 1, valuesT, tileKeys, pd, tileKeys, 0)
			b.scores(ps, pd, p, g, tile*tileKeys, len(keys))
			d.block(m, wide, len(keys), pd, tileKeys, 1, rows, wide, acc[r*wide:], wide, 1)
			r += m
		}
	})
	r := 0
	for _, p := range group {
		for i := p.row; i < p.row+p.n; i++ {
			for h := g * b.perGroup; h < (g+1)*b.perGroup; h++ {
				copy(dq[(i*b.H+h)*b.D:][:b.D], acc[r*wide:])
				r++
			}
		}
	}
}

// keyBlock is the part of a segment that lies in one tile.
type keyBlock struct {
	segment, row, pos, n int
	below                []bool // by segment: whether it is this one or a descendant
}

func keyBlocks(plan *forest.Plan) []keyBlock {
	var blocks []keyBlock
	for s, seg := range plan.Segments {
		below := make([]bool, len(plan.Segments))
		for i, other := range plan.Segments {
			below[i] = i == s || other.Parent >= 0 && below[other.Parent]
		}
		for pos, end := seg.Offset, seg.Offset+seg.Len; pos < end; {
			n := min(end, (pos/tileKeys+1)*tileKeys) - pos
			blocks = append(blocks, keyBlock{segment: s, row: seg.Start + pos - seg.Offset, pos: pos, n: n, below: below})
			pos += n
		}
	}
	return blocks
}

// keyGradient writes dk and dv for a block of keys under key/value head g: all queries below it, in the order of the plan.
func (b *backwardPass) keyGradient(w *worker, dk, dv []float32, block keyBlock, g int) {
	d, wide := b.d, b.wide
	n, m := block.n, tileKeys*b.perGroup
	q, dout := w.buf(bufQuery, m*wide), w.buf(bufGrad, m*wide)
	s, dp := w.buf(bufScore, m*tileKeys), w.buf(bufScoreGrad, m*tileKeys)
	keysT, valuesT := w.buf(bufKeys, wide*tileKeys), w.buf(bufValues, wide*tileKeys)
	stage, sums := w.buf(bufPack, 8*b.D), w.buf(bufOut, 2*tileKeys*wide)
	sumK, sumV := sums[:tileKeys*wide], sums[tileKeys*wide:]
	clear(sums)
	var rows [tileKeys]int32
	for j := range n {
		rows[j] = int32(block.row + j)
	}
	b.transpose(keysT, b.k, rows[:n], g, stage)
	b.transpose(valuesT, b.v, rows[:n], g, stage)
	cols, next := (n+15)&^15, 0
	for _, run := range b.plan.Runs {
		end := b.plan.Segments[run.Segment].Offset + run.First + run.Len
		for pos := end - run.Len; pos < end; next++ {
			p := &b.pieces[next]
			pos += p.n
			if !block.below[run.Segment] || pos <= block.pos || b.Window > 0 && p.pos-b.Window+1 >= block.pos+n {
				continue
			}
			one := b.pieces[next : next+1]
			m = p.n * b.perGroup
			b.heads(q, b.q, one, g)
			b.heads(dout, b.dout, one, g)
			d.block(m, cols, b.D, q, wide, 1, keysT, tileKeys, s, tileKeys, 0)
			d.block(m, cols, b.D, dout, wide, 1, valuesT, tileKeys, dp, tileKeys, 0)
			b.scores(s, dp, p, g, block.pos, n)
			d.block(n, wide, m, s, 1, tileKeys, dout, wide, sumV, wide, 1)
			d.block(n, wide, m, dp, 1, tileKeys, q, wide, sumK, wide, 1)
		}
	}
	for j := range n {
		at := ((block.row+j)*b.G + g) * b.D
		copy(dk[at:at+b.D], sumK[j*wide:])
		copy(dv[at:at+b.D], sumV[j*wide:])
	}
}
