package optest

import (
	"fmt"

	"croco/kernels"
)

// aHead is a language-model head with many picks.
func aHead() (c Case, p kernels.Picks, l kernels.Logits) {
	l = kernels.Logits{Scale: 0.7, Softcap: 4}
	return logprobs(70, 40, 130, 90, l, kernels.F32), picks(70, 130, 90), l
}

// logprobsInPieces: all picks in one call, and each alone in a call of its own with nothing but its row.
func logprobsInPieces(d kernels.Device) error {
	c, p, l := aHead()
	want, wantGrad, err := compute(c, d, c.In)
	if err != nil {
		return err
	}
	s := NewScope(d, c.In)
	defer s.Close()
	h, w, C := s.upload("h"), s.pack("w", kernels.F32, false), c.In["h"].Shape[1]
	dlogp := s.upload("dlogp")
	for i, r := range p.Rows {
		logp := s.blank(1)
		stats := &kernels.HeadStats{Entropy: s.blank(1), MeanLogit: s.blank(1), Argmax: s.blank(1), Collision: s.blank(1)}
		s.LogProbs(logp, stats, h.Rows(int(r), int(r)+1), w, kernels.Picks{Rows: []int32{0}, Tokens: p.Tokens[i : i+1]}, l)
		var got []float32
		for _, t := range []*kernels.Tensor{logp, stats.Entropy, stats.MeanLogit, stats.Argmax, stats.Collision} {
			got = append(got, s.device(t)()...)
		}
		if err := identical(got, []float32{want["logp"][i], want["entropy"][i], want["mean"][i], want["argmax"][i], want["collision"][i]}); err != nil {
			return fmt.Errorf("pick %d alone (log-prob, entropy, mean logit, argmax, collision): %w", i, err)
		}
	}
	for lo := 0; lo < len(p.Rows); {
		hi, r := lo, int(p.Rows[lo])
		for hi < len(p.Rows) && int(p.Rows[hi]) == r {
			hi++
		}
		dh := s.blank(1, C)
		alone := kernels.Picks{Rows: make([]int32, hi-lo), Tokens: p.Tokens[lo:hi]}
		s.LogProbsBackward(dh, nil, dlogp.Rows(lo, hi), h.Rows(r, r+1), w, alone, l)
		if err := identical(s.device(dh)(), wantGrad["dh"][r*C:(r+1)*C]); err != nil {
			return fmt.Errorf("dh of row %d alone: %w", r, err)
		}
		lo = hi
	}
	return d.Sync()
}

// logprobsOfSample: the log-probability that the sampler records, of logits made by Linear, Scale and Softcap for one row
// and for many, and the one that the trainer computes.
func logprobsOfSample(d kernels.Device) error {
	c, p, l := aHead()
	want, _, err := compute(c, d, c.In)
	if err != nil {
		return err
	}
	s := NewScope(d, c.In)
	defer s.Close()
	h, w, V := s.upload("h"), s.pack("w", kernels.F32, false), c.In["w"].Shape[0]
	for _, size := range []int{len(p.Rows), 7, 1} {
		for lo := 0; lo < len(p.Rows); lo += size {
			hi := min(lo+size, len(p.Rows))
			rows, logits := s.blank(hi-lo, h.Width()), s.blank(hi-lo, V)
			s.GatherRows(rows, h, p.Rows[lo:hi])
			s.Linear(logits, rows, w, nil, nil)
			s.Scale(logits, l.Scale)
			s.Softcap(logits, l.Softcap)
			draws := make([]kernels.Draw, hi-lo)
			for i := range draws {
				draws[i].Forced = p.Tokens[lo+i]
				draws[i].Temperature = float32(i % 3)
			}
			tokens, logp := make([]int32, hi-lo), nans(hi-lo)
			s.Sample(tokens, logp, logits, draws)
			if err := identical(logp, want["logp"][lo:hi]); err != nil {
				return fmt.Errorf("%d rows at a time, picks %d:%d: %w", size, lo, hi, err)
			}
		}
	}
	return d.Sync()
}
