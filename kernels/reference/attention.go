package reference

import (
	"math"

	"croco/kernels"
	"croco/kernels/forest"
)

// Attend: q and out are (Tq, H·D), k and v are (rows, G·D), lse is (Tq,H) or nil. The query in row t stands at position
// p of its path, and the path's positions 0 … p are held by the rows r₀ … r_p of k and v. For each query head h, with
// g = h / (H/G) the key/value head that it reads,
//
//	s[j]   = Scale · Σ_d q[t,h,d] · k[r_j,g,d]           for the positions max(0, p−Window+1) ≤ j ≤ p
//	s[j]   = Softcap · tanh(s[j] / Softcap)              where Softcap > 0
//	lse    = log Σ_j exp s[j]
//	P[j]   = exp(s[j] − lse)                             the softmax
//	out[t,h] = Σ_j P[j] · v[r_j,g]
//
// Vaswani et al., Attention Is All You Need, arXiv:1706.03762, eq. 1; grouped heads: Ainslie et al., arXiv:2305.13245.
func (d *Device) Attend(out, lse, q, k, v *kernels.Tensor, plan *forest.Plan, a kernels.Attn) {
	kernels.Shape("attend", "q", q, -1, a.H*a.D)
	kernels.Shape("attend", "k", k, -1, a.G*a.D)
	same("attend", "v", v, k)
	same("attend", "out", out, q)
	if lse != nil {
		kernels.Shape("attend", "lse", lse, q.Shape[0], a.H)
	}
	q, k, v = d.operand(q), d.operand(k), d.operand(v)
	sum := make([]float64, a.D)
	eachQuery(plan, a, func(t int, keys []int32) {
		for h := range a.H {
			g := h / (a.H / a.G)
			p, _, logsum := probabilities(head(q, t, h, a.D), k, keys, g, a)
			clear(sum)
			for j, r := range keys {
				axpy(sum, p[j], head(v, int(r), g, a.D))
			}
			store(head(out, t, h, a.D), sum)
			if lse != nil {
				row(lse, t)[h] = float32(logsum)
			}
		}
	})
}

// AttendBackward: in the forward pass, for each query and head, this was s = Scale · q·k (soft-capped), P = softmax s,
// out = Σ_j P[j] · v[j]. So now, going back through the three steps,
//
//	dv[j] += P[j] · dout
//	dP[j]  = dout · v[j]
//	ds[j]  = P[j] · (dP[j] − Σ_i P[i] · dP[i])           the softmax's gradient
//	ds[j] *= 1 − (s[j] / Softcap)²                       tanh's gradient, where Softcap > 0
//	dq    += Scale · ds[j] · k[j]
//	dk[j] += Scale · ds[j] · q
//
// A key's gradient collects what all later queries of all paths through it, and all heads that share it, send back. The
// probabilities are computed again from q and k; out and lse, which faster devices use, are not needed here.
func (d *Device) AttendBackward(dq, dk, dv, dout, out, lse, q, k, v *kernels.Tensor, plan *forest.Plan, a kernels.Attn) {
	for what, t := range map[string]*kernels.Tensor{"dq": dq, "dout": dout, "out": out} {
		same("attend backward", what, t, q)
	}
	for what, t := range map[string]*kernels.Tensor{"dk": dk, "dv": dv, "v": v} {
		same("attend backward", what, t, k)
	}
	kernels.Shape("attend backward", "lse", lse, q.Shape[0], a.H)
	q, k, v, dout = d.operand(q), d.operand(k), d.operand(v), d.operand(dout)
	D := a.D
	sumQ, sumK, sumV := make([]float64, q.Len()), make([]float64, k.Len()), make([]float64, v.Len())
	eachQuery(plan, a, func(t int, keys []int32) {
		dP := make([]float64, len(keys))
		for h := range a.H {
			g := h / (a.H / a.G)
			query, do := head(q, t, h, D), head(dout, t, h, D)
			P, slope, _ := probabilities(query, k, keys, g, a)
			mean := 0.0
			for j, r := range keys {
				dP[j] = dot(do, head(v, int(r), g, D))
				mean += P[j] * dP[j]
			}
			for j, r := range keys {
				at, from := (t*a.H+h)*D, (int(r)*a.G+g)*D
				ds := P[j] * (dP[j] - mean) * slope[j] * float64(a.Scale)
				axpy(sumV[from:from+D], P[j], do)
				axpy(sumQ[at:at+D], ds, head(k, int(r), g, D))
				axpy(sumK[from:from+D], ds, query)
			}
		}
	})
	store(dq.Host, sumQ)
	store(dk.Host, sumK)
	store(dv.Host, sumV)
}

// eachQuery visits the queries of a plan: t is the query's row, keys are the rows of the positions that it sees.
func eachQuery(plan *forest.Plan, a kernels.Attn, visit func(t int, keys []int32)) {
	var keys []int32
	for _, run := range plan.Runs {
		first := plan.Segments[run.Segment].Offset + run.First
		keys = plan.Keys(keys[:0], run.Segment, first+run.Len)
		for i := range run.Len {
			lo, hi := 0, first+i+1
			if a.Window > 0 {
				lo = max(0, hi-a.Window)
			}
			visit(run.Row+i, keys[lo:hi])
		}
	}
}

// probabilities are P[j] for one query and head, the slope of the soft cap at each score (1 without one), and the
// log-sum-exp of the scores.
func probabilities(query []float32, k *kernels.Tensor, keys []int32, g int, a kernels.Attn) (p, slope []float64, lse float64) {
	p, slope = make([]float64, len(keys)), make([]float64, len(keys))
	top := math.Inf(-1)
	for j, r := range keys {
		s := float64(a.Scale) * dot(query, head(k, int(r), g, a.D))
		p[j], slope[j] = softcap(s, float64(a.Softcap))
		top = max(top, p[j])
	}
	sum := 0.0
	for _, s := range p {
		sum += math.Exp(s - top)
	}
	lse = top + math.Log(sum)
	for j, s := range p {
		p[j] = math.Exp(s - lse)
	}
	return p, slope, lse
}

// softcap returns limit · tanh(s / limit) and its slope; limit 0 leaves s as it is.
func softcap(s, limit float64) (value, slope float64) {
	if limit == 0 {
		return s, 1
	}
	th := math.Tanh(s / limit)
	return limit * th, 1 - th*th
}

// head is head h of row t of a tensor (T, heads·D).
func head(x *kernels.Tensor, t, h, D int) []float32 { return row(x, t)[h*D : (h+1)*D] }
