//go:build gpu

package cuda

import (
	"fmt"

	"croco/kernels"
	"croco/kernels/cuda/driver"
)

// LogProbs: h is (T,C), w (V,C). For pick i, z = cap(Scale · h[row]·wᵀ) and logp[i] = z[token] − max z − ln Σ exp(z − max z);
// the statistics are of the row's distribution.
func (d *Device) LogProbs(logp *kernels.Tensor, stats *kernels.HeadStats, h *kernels.Tensor, w *kernels.Weight, p kernels.Picks, l kernels.Logits) {
	kernels.Shape("logprobs", "logp", logp, len(p.Rows))
	var s kernels.HeadStats
	if stats != nil {
		s = *stats
	}
	d.eachChunk("logprobs", h, w, p, l, func(c headChunk) {
		d.launch("head_logp", line(c.z.Shape[0]), rowThreads, 0, at(logp), at(s.Entropy), at(s.MeanLogit), at(s.Collision), at(s.Argmax),
			at(c.z), driver.Ptr(c.from), driver.Ptr(c.tokens), driver.Int(w.Out))
	})
}

// rowThreads is the block of a kernel that reads rows of logits.
const rowThreads = 512

// LogProbsBackward: in the forward pass this was logp[i] = z[token] − ln Σ exp z with z = cap(Scale · h·wᵀ), so now each row of
// logits is computed again and replaced by its gradient
//
//	dz[v] = Σ_picks dlogp · (1 where v is the token − softmax(z)[v]) · (1 − (z[v]/Softcap)²) · Scale
//
// and then dh (T,C) = dz · w, zero where no pick is, and dw (V,C) += dzᵀ · h. dw is nil when the head is frozen.
func (d *Device) LogProbsBackward(dh, dw, dlogp, h *kernels.Tensor, w *kernels.Weight, p kernels.Picks, l kernels.Logits) {
	kernels.Shape("logprobs backward", "dlogp", dlogp, len(p.Rows))
	same("logprobs backward", "dh", dh, h)
	d.Zero(dh)
	own := d.New(len(p.Rows)) // scratch
	defer d.Free(own)
	scale := l.Scale
	if scale == 0 {
		scale = 1
	}
	d.eachChunk("logprobs backward", h, w, p, l, func(c headChunk) {
		d.launch("head_grad", line(c.z.Shape[0]), rowThreads, 0, at(c.z), at(own), driver.Ptr(c.from), driver.Ptr(c.tokens),
			at(dlogp), driver.Int(w.Out), driver.Float(scale), driver.Float(l.Softcap))
		if dw != nil {
			d.LinearBackwardWeight(dw, c.z, c.h)
		}
		d.LinearBackwardInput(c.h, c.z, w, false)
		d.launch("move_rows", moved(c.h.Shape[0], w.In), 256, 0, at(dh), at(c.h), driver.Ptr(c.rows), driver.Ptr(0), driver.Int(w.In))
	})
}

// headChunk are some of the rows that have picks: their hidden states h (n,C), which may be overwritten, their logits z
// (n,V), and in device memory the row numbers (n), the first pick of each (n+1), and the tokens of all picks.
type headChunk struct {
	h, z               *kernels.Tensor
	rows, from, tokens uintptr
}

// maxLogits is how many logits exist at a time, but for at least headRows rows. The chunk is a function of V, and its size
// shows in no bit. Tests make it small.
var maxLogits = kernels.MaxLogits

// headRows are the rows of a tile of the linear layer.
const headRows = 128

// eachChunk visits the rows that have picks with their logits, made by the same operations as those that Sample is given.
func (d *Device) eachChunk(op string, h *kernels.Tensor, w *kernels.Weight, p kernels.Picks, l kernels.Logits, visit func(c headChunk)) {
	kernels.Shape(op, "h", h, -1, w.In)
	rows, from := distinct(op, h.Shape[0], w.Out, p)
	n := len(rows)
	if n == 0 {
		return
	}
	lists := d.upload(append(append(rows, from...), p.Tokens...))
	defer d.release(lists)
	most := min(n, max(headRows, maxLogits/w.Out/headRows*headRows))
	hs, zs := d.New(most, w.In), d.New(most, w.Out)
	defer d.Free(hs, zs)
	for lo := 0; lo < n; lo += most {
		m := min(most, n-lo)
		c := headChunk{h: hs.Rows(0, m), z: zs.Rows(0, m), rows: lists + uintptr(4*lo), from: lists + uintptr(4*(n+lo)), tokens: lists + uintptr(4*(2*n+1))}
		d.launch("move_rows", moved(m, w.In), 256, 0, at(c.h), at(h), driver.Ptr(0), driver.Ptr(c.rows), driver.Int(w.In))
		d.Linear(c.z, c.h, w, nil, nil)
		if l.Scale != 0 && l.Scale != 1 {
			d.Scale(c.z, l.Scale)
		}
		if l.Softcap > 0 {
			d.Softcap(c.z, l.Softcap)
		}
		visit(c)
	}
}

// distinct are the rows that have picks, and the first pick of each, with the number of picks at the end. Picks that are not
// in order, or not of h (T,C) and of V tokens, panic.
func distinct(op string, T, V int, p kernels.Picks) (rows, from []int32) {
	for i, r := range p.Rows {
		if t := p.Tokens[i]; t < 0 || int(t) >= V || r < 0 || int(r) >= T || i > 0 && r < p.Rows[i-1] {
			panic(fmt.Sprintf("cuda: %s: pick %d is (row %d, token %d): expected ascending rows below %d and tokens below %d", op, i, r, t, T, V))
		}
		if i == 0 || r != p.Rows[i-1] {
			rows, from = append(rows, r), append(from, int32(i))
		}
	}
	return rows, append(from, int32(len(p.Rows)))
}
