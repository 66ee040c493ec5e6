package tasks

import (
	"context"
	"encoding/json"
	"fmt"
	"sort"

	"croco/engine"
	"croco/eval/journal"
	"croco/kernels"
	"croco/kernels/forest"
)

// options is a text and what may follow it.
type options struct {
	place string // where it stands, for messages
	text  string
	next  []string
}

// spent counts tokens.
type spent struct {
	Computed int `json:"tokens_computed"` // that went through the model
	Stored   int `json:"tokens_in_rows"`  // that the texts hold, each with each of its endings
}

// likelihoods are the log-probabilities of each text's endings, summed over their tokens. The texts of a batch are one
// forest: what they begin with in common is computed once. A text that was measured before is taken from the journal.
func (r *reader) likelihoods(ctx context.Context, texts []options, chat bool, batch int, j *journal.Journal[[]float64], stage string, progress engine.Progress) (out [][]float64, s spent, err error) {
	out = make([][]float64, len(texts))
	b := &batchOf{reader: r, journal: j, out: out}
	update := engine.Update{Stage: stage, Total: len(texts), Unit: "questions"}
	numbers := journal.Numbers{}
	for i, t := range texts {
		if err := ctx.Err(); err != nil {
			return nil, s, err
		}
		request, err := json.Marshal(map[string]any{"model": r.hash, "text": t.text, "next": t.next, "chat": chat})
		if err != nil {
			return nil, s, err
		}
		key := numbers.Key(request)
		if known, ok := j.Get(key); ok {
			out[i] = known
			continue
		}
		p, err := r.endings(t, chat)
		if err != nil {
			return nil, s, fmt.Errorf("%s: %w", t.place, err)
		}
		p.at, p.key = i, key
		if len(b.parts) > 0 && b.grown(p) > batch {
			if err := b.run(&s); err != nil {
				return nil, s, err
			}
			update.Done, update.Tokens = i, s.Stored
			update.Shared = float64(s.Stored-s.Computed) / float64(s.Stored)
			tell(progress, update)
		}
		b.add(p)
	}
	if err := b.run(&s); err != nil {
		return nil, s, err
	}
	update.Done, update.Tokens = len(texts), s.Stored
	tell(progress, update)
	return out, s, nil
}

// part is a text with its endings, as ids.
type part struct {
	at    int
	key   string
	ids   [][]int32 // text and ending
	first []int     // place of the ending's first token
}

// endings encodes a text with each of its endings. As in the LM Evaluation Harness, both are encoded together, and the ending
// is what is longer than the text alone.
func (r *reader) endings(t options, chat bool) (p part, err error) {
	text, special := t.text, true
	if chat && r.codec.Template != nil {
		if text, err = r.rendered(t.text, nil); err != nil {
			return p, err
		}
		special = false
	}
	alone, err := r.codec.Encode(text, special)
	if err != nil {
		return p, err
	}
	for _, next := range t.next {
		if !special {
			next = next[1:] // the template ends in what stands before an answer
		}
		ids, err := r.codec.Encode(text+next, special)
		switch {
		case err != nil:
			return p, err
		case len(ids) <= len(alone) || len(alone) == 0:
			return p, fmt.Errorf("the ending %q adds no token to the text: expected one at least", next)
		case len(ids) > r.Spec.Positions:
			return p, fmt.Errorf("%d tokens: expected at most %d, the context of %s", len(ids), r.Spec.Positions, r.name)
		}
		p.ids, p.first = append(p.ids, ids), append(p.first, len(alone))
	}
	return p, nil
}

// batchOf gathers parts that go through the model together.
type batchOf struct {
	reader  *reader
	journal *journal.Journal[[]float64]
	parts   []part
	rows    int     // at most so many rows of the forest
	last    []int32 // of the ids so far
	out     [][]float64
}

// grown is how many rows there are with one more part: what an id list has beyond the one before it is new.
func (b *batchOf) grown(p part) int {
	rows, last := b.rows, b.last
	for _, ids := range p.ids {
		common := 0
		for common < min(len(ids), len(last)) && ids[common] == last[common] {
			common++
		}
		rows += len(ids) - common
		last = ids
	}
	return rows
}

func (b *batchOf) add(p part) {
	b.rows, b.last = b.grown(p), p.ids[len(p.ids)-1]
	b.parts = append(b.parts, p)
}

// run computes the batch and keeps what it finds.
func (b *batchOf) run(s *spent) error {
	if len(b.parts) == 0 {
		return nil
	}
	var sequences [][]int32
	for _, p := range b.parts {
		sequences = append(sequences, p.ids...)
	}
	f := forest.Build(sequences)
	type pick struct {
		row, token int32
		into       *float64
	}
	var picks []pick
	n := 0
	for _, p := range b.parts {
		sums := make([]float64, len(p.ids))
		b.out[p.at] = sums
		for c, ids := range p.ids {
			s.Stored += len(ids)
			path := f.Path(n)
			n++
			for t := p.first[c]; t < len(ids); t++ {
				picks = append(picks, pick{path[t-1], ids[t], &sums[c]})
			}
		}
	}
	s.Computed += f.Rows()
	sort.SliceStable(picks, func(i, j int) bool { return picks[i].row < picks[j].row })
	wanted := kernels.Picks{}
	for _, p := range picks {
		wanted.Rows, wanted.Tokens = append(wanted.Rows, p.row), append(wanted.Tokens, p.token)
	}
	h := b.reader.Forward(f, false)
	logp := b.reader.LogProbs(h, wanted)
	h.Free()
	if err := b.reader.Device().Sync(); err != nil {
		return err
	}
	for i, p := range picks {
		*p.into += float64(logp[i])
	}
	for _, p := range b.parts {
		if err := b.journal.Put(p.key, b.out[p.at]); err != nil {
			return err
		}
	}
	b.parts, b.rows, b.last = nil, 0, nil
	return nil
}
