package cpu

import (
	"fmt"
	"math"

	"croco/kernels"
)

// headRows is the number of rows whose logits exist at a time.
const headRows = 64

// distribution is what softmax needs to know of one row of logits: the maximum and Σ exp(z − max).
type distribution struct{ top, sum float32 }

// distribution reads a row of logits; it leaves exp(z − max) in e.
func (d *Device) distribution(e, z []float32) distribution {
	top := d.max(len(z), first(z))
	return distribution{top, d.expSum(len(z), first(e), first(z), 1, top)}
}

// logp is the log-probability of logit z.
func (p distribution) logp(z float32) float32 {
	return float32(float64(z) - float64(p.top) - math.Log(float64(p.sum)))
}

// headChunk is up to headRows distinct rows with picks: rows[i] has the picks from[i] … from[i+1]−1.
type headChunk struct {
	rows []int32
	from []int
	h, z *kernels.Tensor // (rows, C), (rows, V)
}

// chunks visits the rows that have picks with their logits.
func (d *Device) chunks(op string, h *kernels.Tensor, w *kernels.Weight, p kernels.Picks, l kernels.Logits, visit func(c *headChunk)) {
	sameShape(op, "h", h, h.Height(), w.In)
	if len(p.Rows) != len(p.Tokens) {
		panic(fmt.Sprintf("cpu: %s: %d rows and %d tokens of picks", op, len(p.Rows), len(p.Tokens)))
	}
	if len(p.Rows) == 0 {
		return
	}
	hs, zs := d.New(headRows, w.In), d.New(headRows, w.Out)
	defer d.Free(hs, zs)
	c := &headChunk{}
	flush := func(end int) {
		c.from = append(c.from, end)
		c.h, c.z = hs.Rows(0, len(c.rows)), zs.Rows(0, len(c.rows))
		d.GatherRows(c.h, h, c.rows)
		d.Linear(c.z, c.h, w, nil, nil)
		if l.Scale != 0 && l.Scale != 1 {
			d.Scale(c.z, l.Scale)
		}
		if l.Softcap > 0 {
			d.Softcap(c.z, l.Softcap)
		}
		visit(c)
		c.rows, c.from = c.rows[:0], c.from[:0]
	}
	for i, r := range p.Rows {
		if p.Tokens[i] < 0 || int(p.Tokens[i]) >= w.Out || r < 0 || int(r) >= h.Height() || i > 0 && r < p.Rows[i-1] {
			panic(fmt.Sprintf("cpu: %s: pick %d is (row %d, token %d): expected ascending rows below %d and tokens below %d", op, i, r, p.Tokens[i], h.Height(), w.Out))
		}
		if i > 0 && r == p.Rows[i-1] {
			continue
		}
		if len(c.rows) == headRows {
			flush(i)
		}
		c.rows, c.from = append(c.rows, r), append(c.from, i)
	}
	flush(len(p.Rows))
}

// LogProbs: h is (T,C), w (V,C). For pick i, z = cap(Scale · h[row]·wᵀ) and logp[i] = z[token] − max z − ln Σ exp(z − max z).
func (d *Device) LogProbs(logp *kernels.Tensor, stats *kernels.HeadStats, h *kernels.Tensor, w *kernels.Weight, p kernels.Picks, l kernels.Logits) {
	sameLen("LogProbs", len(logp.Host), len(p.Rows))
	d.chunks("LogProbs", h, w, p, l, func(c *headChunk) {
		d.parallel(len(c.rows), 1, jobFunc(func(u *worker, lo, hi int) {
			e := u.buf(bufScore, w.Out)
			for r := lo; r < hi; r++ {
				z := c.z.Host[r*w.Out : (r+1)*w.Out]
				p0 := d.distribution(e, z)
				for i := c.from[r]; i < c.from[r+1]; i++ {
					logp.Host[i] = p0.logp(z[p.Tokens[i]])
				}
				if stats != nil {
					d.describe(stats, c.from[r], c.from[r+1], z, e, p0)
				}
			}
		}))
	})
}

// describe fills the wanted statistics of the picks lo … hi−1 of one row; e is exp(z − max).
func (d *Device) describe(s *kernels.HeadStats, lo, hi int, z, e []float32, p distribution) {
	if s.Entropy != nil {
		mean := 0.0 // of z − max
		for v, x := range e {
			if x > 0 {
				mean += float64(x) * (float64(z[v]) - float64(p.top))
			}
		}
		fill(s.Entropy.Host[lo:hi], float32(math.Log(float64(p.sum))-mean/float64(p.sum)))
	}
	if s.MeanLogit != nil {
		fill(s.MeanLogit.Host[lo:hi], d.sum(len(z), first(z))/float32(len(z)))
	}
	if s.Argmax != nil {
		fill(s.Argmax.Host[lo:hi], float32(firstWith(z, p.top)))
	}
	if s.Collision != nil {
		squares := 0.0
		for _, x := range e {
			squares += float64(x) * float64(x)
		}
		fill(s.Collision.Host[lo:hi], float32(math.Log(squares)-2*math.Log(float64(p.sum))))
	}
}

// firstWith is the lowest id whose logit is top.
func firstWith(z []float32, top float32) int32 {
	for v, x := range z {
		if x == top {
			return int32(v)
		}
	}
	return 0
}

// LogProbsBackward: in the forward pass this was logp[i] = z[token] − ln Σ exp z, so now each row of logits gets
//
//	dz[v] = Σ_picks dlogp · (1 where v is the token − softmax(z)[v])
//
// times 1 − (z/Softcap)² and Scale; then dh (T,C) = dz · w (zero where no pick is) and dw (V,C) += dzᵀ · h. dw is nil when the
// head is frozen. Logits are computed again, chunk by chunk.
func (d *Device) LogProbsBackward(dh, dw, dlogp, h *kernels.Tensor, w *kernels.Weight, p kernels.Picks, l kernels.Logits) {
	sameLen("LogProbsBackward", len(dlogp.Host), len(p.Rows))
	sameShape("LogProbsBackward", "dh", dh, h.Height(), w.In)
	d.Zero(dh)
	dhs := d.New(headRows, w.In)
	defer d.Free(dhs)
	d.chunks("LogProbsBackward", h, w, p, l, func(c *headChunk) {
		d.parallel(len(c.rows), 1, jobFunc(func(u *worker, lo, hi int) {
			for r := lo; r < hi; r++ {
				from, to := c.from[r], c.from[r+1]
				d.logitsBackward(u, c.z.Host[r*w.Out:(r+1)*w.Out], p.Tokens[from:to], dlogp.Host[from:to], l)
			}
		}))
		dst := dhs.Rows(0, len(c.rows))
		d.LinearBackwardInput(dst, c.z, w, false)
		for i, r := range c.rows {
			copy(dh.Host[int(r)*w.In:(int(r)+1)*w.In], dst.Host[i*w.In:])
		}
		if dw != nil {
			d.LinearBackwardWeight(dw, c.z, c.h)
		}
	})
}

// logitsBackward replaces a row of logits by its gradient.
func (d *Device) logitsBackward(u *worker, z []float32, tokens []int32, dlogp []float32, l kernels.Logits) {
	e := u.buf(bufScore, len(z))
	p := d.distribution(e, z)
	total := float32(0)
	for _, x := range dlogp {
		total += x
	}
	d.scale(len(z), first(e), first(e), -total/p.sum)
	for i, v := range tokens {
		e[v] += dlogp[i]
	}
	if l.Softcap > 0 {
		for v, x := range z {
			ratio := x / l.Softcap
			e[v] *= 1 - float32(ratio*ratio)
		}
	}
	scale := l.Scale
	if scale == 0 {
		scale = 1
	}
	d.scale(len(z), first(z), first(e), scale)
}
