package dpo

import (
	"fmt"
	"slices"

	"croco/kernels"
	"croco/kernels/forest"
)

// Answers are sequences of which only the end is read: a prompt and the tokens that answer it. They share prefixes in
// one forest, and every answer token is a pick: the row before it, and its id.
type Answers struct {
	Forest *forest.Forest
	Picks  kernels.Picks // (P), rows ascending
	Owner  []int32       // (P): the sequence that each pick belongs to
	Count  []int         // picks of each sequence
	Tokens int           // tokens of all sequences, shared prefixes counted each time
}

// NewAnswers packs sequences; starts says at which token each answer begins.
func NewAnswers(sequences [][]int32, starts []int) *Answers {
	if len(sequences) != len(starts) {
		panic(fmt.Sprintf("dpo: %d sequences and %d starts", len(sequences), len(starts)))
	}
	return NewPicked(sequences, func(s, t int) bool { return t >= starts[s] })
}

// NewPicked packs sequences; wanted says which tokens t of sequence s are picks. No row stands before the first token of
// a sequence, so that token is never one.
func NewPicked(sequences [][]int32, wanted func(s, t int) bool) *Answers {
	type pick struct{ row, token, owner int32 }
	var picks []pick
	a := &Answers{Forest: forest.Build(sequences), Count: make([]int, len(sequences))}
	for s, ids := range sequences {
		rows := a.Forest.Path(s)
		a.Tokens += len(ids)
		for t := 1; t < len(ids); t++ {
			if wanted(s, t) {
				picks = append(picks, pick{rows[t-1], ids[t], int32(s)})
				a.Count[s]++
			}
		}
	}
	// A path's rows ascend, so a stable sort by row keeps the tokens of every answer in their order.
	slices.SortStableFunc(picks, func(p, q pick) int { return int(p.row) - int(q.row) })
	for _, p := range picks {
		a.Picks.Rows = append(a.Picks.Rows, p.row)
		a.Picks.Tokens = append(a.Picks.Tokens, p.token)
		a.Owner = append(a.Owner, p.owner)
	}
	return a
}

// Sums adds the log-probabilities logp (P) of each sequence, in float64 and in the order of its tokens.
func (a *Answers) Sums(logp []float32) []float64 {
	sums := make([]float64, len(a.Count))
	for i, s := range a.Owner {
		sums[s] += float64(logp[i])
	}
	return sums
}

// Spread gives every pick the gradient of the sum that it is part of: in the forward pass sums[s] = Σ logp, so now
// dlogp[i] = scale · dsums[owner of i].
func (a *Answers) Spread(dsums []float64, scale float64) []float32 {
	dlogp := make([]float32, len(a.Owner))
	for i, s := range a.Owner {
		dlogp[i] = float32(scale * dsums[s])
	}
	return dlogp
}
