package reference

import (
	"fmt"
	"math"

	"croco/kernels"
)

// LogProbs: h is (T,C), w (V,C); pick i asks for the log-probability of token Tokens[i] after row Rows[i]. With
//
//	z[v] = Scale · Σ_c h[row,c] · w[v,c]                 the logits, soft-capped where Softcap > 0
//	lse  = log Σ_v exp z[v]
//
// it writes logp[i] = z[token] − lse, and of the row's distribution P[v] = exp(z[v] − lse), where wanted, the entropy
// −Σ P log P = lse − Σ P·z, the mean of z, the token with the largest z, and ln Σ P².
func (d *Device) LogProbs(logp *kernels.Tensor, stats *kernels.HeadStats, h *kernels.Tensor, w *kernels.Weight, p kernels.Picks, l kernels.Logits) {
	kernels.Shape("logprobs", "logp", logp, len(p.Rows))
	d.eachRow("logprobs", h, w, p, l, func(r, lo, hi int, z *kernels.Tensor) {
		lse := logSumExp(z.Host)
		for i := lo; i < hi; i++ {
			logp.Host[i] = float32(float64(z.Host[p.Tokens[i]]) - lse)
			if stats != nil {
				describe(stats, i, z.Host, lse)
			}
		}
	})
}

// LogProbsBackward: in the forward pass this was logp[i] = z[token] − log Σ_v exp z[v] with z = cap(Scale · h·wᵀ). Each
// pick of a row sends back
//
//	dz[v] += dlogp[i] · (1 − P[v] for v = the token, −P[v] for the others)
//	dz[v] *= (1 − (z[v]/Softcap)²) · Scale               through the cap and the scale
//
// and then, as behind every linear layer, dh[row] = Σ_v dz[v] · w[v] and dw[v] += dz[v] · h[row].
func (d *Device) LogProbsBackward(dh, dw, dlogp, h *kernels.Tensor, w *kernels.Weight, p kernels.Picks, l kernels.Logits) {
	same("logprobs backward", "dh", dh, h)
	kernels.Shape("logprobs backward", "dlogp", dlogp, len(p.Rows))
	clear(dh.Host)
	dz := d.New(1, w.Out)
	d.eachRow("logprobs backward", h, w, p, l, func(r, lo, hi int, z *kernels.Tensor) {
		lse, total := logSumExp(z.Host), 0.0
		for i := lo; i < hi; i++ {
			total += float64(dlogp.Host[i])
		}
		sum := make([]float64, w.Out)
		for v, zv := range z.Host {
			sum[v] = -total * math.Exp(float64(zv)-lse)
		}
		for i := lo; i < hi; i++ {
			sum[p.Tokens[i]] += float64(dlogp.Host[i])
		}
		for v, zv := range z.Host {
			if l.Softcap > 0 {
				ratio := float64(zv) / float64(l.Softcap)
				sum[v] *= 1 - ratio*ratio
			}
			if l.Scale != 0 {
				sum[v] *= float64(l.Scale)
			}
		}
		store(dz.Host, sum)
		d.LinearBackwardInput(dh.Rows(r, r+1), dz, w, false)
		if dw != nil {
			d.LinearBackwardWeight(dw, dz, h.Rows(r, r+1))
		}
	})
}

// eachRow visits the rows that have picks: r is the row, lo … hi−1 are its picks, and z (1,V) its logits, made by the same
// operations that make logits for Sample, so that both see the same bits.
func (d *Device) eachRow(op string, h *kernels.Tensor, w *kernels.Weight, p kernels.Picks, l kernels.Logits, visit func(r, lo, hi int, z *kernels.Tensor)) {
	kernels.Shape(op, "h", h, -1, w.In)
	z := d.New(1, w.Out)
	for lo, hi := 0, 0; lo < len(p.Rows); lo = hi {
		r := inside(op, p.Rows[lo], h.Shape[0])
		for hi = lo; hi < len(p.Rows) && int(p.Rows[hi]) == r; hi++ {
			if t := p.Tokens[hi]; t < 0 || int(t) >= w.Out {
				panic(fmt.Sprintf("kernels: %s: pick %d asks for token %d of %d", op, hi, t, w.Out))
			}
		}
		if hi < len(p.Rows) && int(p.Rows[hi]) < r {
			panic(fmt.Sprintf("kernels: %s: pick %d is of row %d after row %d, expected rows in ascending order", op, hi, p.Rows[hi], r))
		}
		d.Linear(z, h.Rows(r, r+1), w, nil, nil)
		if l.Scale != 0 {
			d.Scale(z, l.Scale)
		}
		if l.Softcap > 0 {
			d.Softcap(z, l.Softcap)
		}
		visit(r, lo, hi, z)
	}
}

// describe fills the statistics of pick i that are wanted.
func describe(s *kernels.HeadStats, i int, z []float32, lse float64) {
	expected, squares, mean, best := 0.0, 0.0, 0.0, 0
	for v, zv := range z {
		p := math.Exp(float64(zv) - lse)
		expected += p * float64(zv)
		squares += p * p
		mean += float64(zv) / float64(len(z))
		if zv > z[best] {
			best = v
		}
	}
	if s.Entropy != nil {
		s.Entropy.Host[i] = float32(lse - expected)
	}
	if s.MeanLogit != nil {
		s.MeanLogit.Host[i] = float32(mean)
	}
	if s.Argmax != nil {
		s.Argmax.Host[i] = float32(best)
	}
	if s.Collision != nil {
		s.Collision.Host[i] = float32(math.Log(squares))
	}
}

// logSumExp is log Σ exp z[v], with the maximum taken out so that nothing overflows.
func logSumExp(z []float32) float64 {
	top := math.Inf(-1)
	for _, v := range z {
		top = max(top, float64(v))
	}
	sum := 0.0
	for _, v := range z {
		sum += math.Exp(float64(v) - top)
	}
	return top + math.Log(sum)
}
