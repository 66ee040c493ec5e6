package sampler

import (
	"slices"

	"croco/kernels"
)

// logitRows is how many rows of logits exist at the same time.
const logitRows = 64

// choose gives one token to each running answer, from its row of hidden, and to each started one, from the last hidden
// state of its prompt. The logits of a prompt are computed once for all answers that begin with them.
func (b *batch) choose(hidden *kernels.Tensor, started []*answer) {
	var rows []int32
	for _, a := range b.running {
		rows = append(rows, int32(a.row))
	}
	for lo := 0; lo < len(rows); lo += logitRows {
		hi := min(lo+logitRows, len(rows))
		b.sample(b.running[lo:hi], b.m.LogitsOf(hidden, rows[lo:hi]))
	}
	d := b.m.Device()
	for len(started) > 0 {
		n := 1 // answers of the same prompt
		for n < min(len(started), logitRows) && started[n].prompt == started[0].prompt {
			n++
		}
		one := b.m.LogitsOf(started[0].prompt.last, nil)
		logits := d.New(n, one.Width())
		d.GatherRows(logits, one, make([]int32, n))
		d.Free(one)
		b.sample(started[:n], logits)
		b.running = append(b.running, started[:n]...)
		started = started[n:]
	}
}

// sample draws a token for each answer from its row of logits, which it frees.
func (b *batch) sample(answers []*answer, logits *kernels.Tensor) {
	draws := make([]kernels.Draw, len(answers))
	for i, a := range answers {
		draws[i] = b.p.draw(a.prompt.job, a.sample, len(a.IDs), a.history)
	}
	tokens, logp := make([]int32, len(answers)), make([]float32, len(answers))
	b.m.Device().Sample(tokens, logp, logits, draws)
	b.m.Device().Free(logits)
	for i, a := range answers {
		b.take(a, tokens[i], logp[i])
	}
}

// take appends a token to an answer and says whether that ends it.
func (b *batch) take(a *answer, token int32, logp float32) {
	a.IDs = append(a.IDs, token)
	a.Logprobs = append(a.Logprobs, logp)
	if a.history != nil {
		a.history = append(a.history, token)
	}
	b.count.NewTokens++
	switch {
	case slices.Contains(b.p.Stop, token):
		a.Reason = "stop"
	case b.p.Stopped != nil && b.p.Stopped(a.IDs):
		a.Reason = "stop"
	case len(a.IDs) == b.p.MaxNewTokens || len(a.prompt.job.Prompt)+len(a.IDs) == b.m.Spec.Positions:
		a.Reason = "length"
	}
}
