package exact

import (
	"context"
	"fmt"
	"math"

	"croco/dpo"
	"croco/internal/jsonl"
	"croco/sampler"
)

// logProbs runs the trainer's forward pass over the completions, many in one forest, and compares every token's
// log-probability with the record.
func (c *check) logProbs(_ context.Context, p *Promise) error {
	if c.labels > 0 {
		p.Skipped = noAnswers
		return nil
	}
	rows, err := jsonl.All[sampler.Completion](c.answers)
	if err != nil {
		return err
	}
	m, err := c.open(c.two)
	if err != nil {
		return err
	}
	defer m.Close()
	m.SetDropout(0)
	tokens := 0
	const together = 10 // not a multiple of perPrompt: some prompts are shared, some are cut apart
	for first := 0; first < len(rows); first += together {
		part := rows[first:min(first+together, len(rows))]
		var sequences [][]int32
		var starts []int
		for _, r := range part {
			sequences = append(sequences, append(append([]int32(nil), r.PromptIDs...), r.CompletionIDs...))
			starts = append(starts, len(r.PromptIDs))
		}
		a := dpo.NewAnswers(sequences, starts)
		h := m.Forward(a.Forest, true)
		logp := m.LogProbs(h, a.Picks)
		h.Free()
		if err := m.Device().Sync(); err != nil {
			return err
		}
		next := make([]int, len(part))
		for i, owner := range a.Owner {
			at := next[owner]
			next[owner]++
			got, want := logp[i], part[owner].Logprobs[at]
			p.hold(math.Float32bits(got) == math.Float32bits(want), "completion %d, token %d: the sampler recorded %v, the trainer computes %v",
				first+int(owner), at, want, got)
		}
		tokens += len(a.Owner)
	}
	p.Ways = fmt.Sprintf("%d tokens of %d completions, %d in a forest", tokens, len(rows), together)
	return nil
}
