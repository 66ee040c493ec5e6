package trainer

import (
	"croco/dpo"
	"croco/engine/data"
	"croco/kernels"
	"croco/kernels/forest"
	"croco/reward/bradleyterry"
)

// Objective turns examples into a loss. The trainer knows nothing else of what is trained.
type Objective interface {
	// Batch packs examples, by number, for one forward pass.
	Batch(examples []int) Batch
	// Shares says how the losses of a step's micro-batches add up: Σ weight·loss / total.
	Shares(micros [][]int) (weights []float64, total float64)
}

// Batch is one micro-batch: what to run, what to read, and what it costs.
type Batch interface {
	Forest() *forest.Forest
	// Reads are the picks whose log-probabilities the loss wants; or, where rows is not nil, the rows whose scores it wants.
	Reads() (picks kernels.Picks, rows []int32)
	// Owner is the place in the batch of the example that value i of what was read belongs to.
	Owner(i int) int
	// Loss turns what was read into the loss, its gradient scale · d loss / d out, and metrics by their TRL names.
	Loss(out []float32, stats *dpo.Stats, scale float64) (loss float64, dout []float32, metrics map[string]float64, err error)
	// Tokens of all sequences, shared prefixes counted each time.
	Tokens() int
}

// meanOfMeans is how DPO and reward models add micro-batches up.
func meanOfMeans(micros [][]int) (weights []float64, total float64) {
	for range micros {
		weights = append(weights, 1)
	}
	return weights, float64(len(micros))
}

// preference is the DPO objective over a data set.
type preference struct {
	*dpo.Objective
	pairs    []dpo.Pair
	follower *follower // computes the reference of every batch anew; nil: the pairs have it
}

type preferenceBatch struct{ *dpo.Batch }

func (o preference) Batch(examples []int) Batch {
	pairs := make([]dpo.Pair, len(examples))
	for i, e := range examples {
		pairs[i] = o.pairs[e]
	}
	batch := o.NewBatch(pairs)
	o.follower.refer(batch, pairs)
	return preferenceBatch{batch}
}

func (o preference) Shares(micros [][]int) ([]float64, float64) { return meanOfMeans(micros) }
func (b preferenceBatch) Forest() *forest.Forest                { return b.Answers.Forest }
func (b preferenceBatch) Reads() (kernels.Picks, []int32)       { return b.Picks, nil }
func (b preferenceBatch) Owner(i int) int                       { return b.Pair(i) }
func (b preferenceBatch) Tokens() int                           { return b.Answers.Tokens }

// scoring is the Bradley–Terry objective over a data set.
type scoring struct {
	bradleyterry.Objective
	pairs []bradleyterry.Pair
}

type scoringBatch struct{ *bradleyterry.Batch }

// newScoring joins prompts and answers to the sequences that are scored.
func newScoring(a *Args, examples []data.Example, readAt func([]int32) int) scoring {
	o := scoring{Objective: bradleyterry.Objective{Centering: a.CenterRewardsCoefficient, ReadAt: readAt}}
	for _, e := range examples {
		o.pairs = append(o.pairs, bradleyterry.Pair{Chosen: join(e.Prompt, e.Chosen), Rejected: join(e.Prompt, e.Rejected), Margin: e.Margin, Doubt: e.Doubt})
	}
	return o
}

func (o scoring) Batch(examples []int) Batch {
	pairs := make([]bradleyterry.Pair, len(examples))
	for i, e := range examples {
		pairs[i] = o.pairs[e]
	}
	return scoringBatch{o.NewBatch(pairs)}
}

func (o scoring) Shares(micros [][]int) ([]float64, float64) { return meanOfMeans(micros) }
func (b scoringBatch) Forest() *forest.Forest                { return b.Batch.Forest }
func (b scoringBatch) Reads() (kernels.Picks, []int32)       { return kernels.Picks{}, b.Rows }
func (b scoringBatch) Owner(i int) int                       { return i / 2 }
func (b scoringBatch) Tokens() int                           { return b.Batch.Tokens }
func (b scoringBatch) Loss(out []float32, _ *dpo.Stats, scale float64) (float64, []float32, map[string]float64, error) {
	loss, dout, metrics := b.Batch.Loss(out, scale)
	return loss, dout, metrics, nil
}

func join(prompt, answer []int32) []int32 {
	return append(append(make([]int32, 0, len(prompt)+len(answer)), prompt...), answer...)
}
