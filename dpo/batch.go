package dpo

import (
	"croco/kernels"
)

// Pair is a prompt with a better and a worse answer. The ids of an answer include its end token.
type Pair struct {
	Prompt, Chosen, Rejected []int32
	RefChosen, RefRejected   float64 // log π_ref of the two answers
}

// Batch is a micro-batch of B pairs: sequence 2i is pair i's prompt and chosen answer, 2i+1 its prompt and rejected one.
type Batch struct {
	*Answers
	objective *Objective
	pairs     []Pair
}

// NewBatch packs pairs, each prompt once.
func (o *Objective) NewBatch(pairs []Pair) *Batch {
	var sequences [][]int32
	var starts []int
	for _, p := range pairs {
		sequences = append(sequences, join(p.Prompt, p.Chosen), join(p.Prompt, p.Rejected))
		starts = append(starts, len(p.Prompt), len(p.Prompt))
	}
	return &Batch{Answers: NewAnswers(sequences, starts), objective: o, pairs: pairs}
}

func join(prompt, answer []int32) []int32 {
	return append(append(make([]int32, 0, len(prompt)+len(answer)), prompt...), answer...)
}

// Pair is the pair that pick i belongs to.
func (b *Batch) Pair(i int) int { return int(b.Owner[i]) / 2 }

// Loss turns the log-probabilities of the picks (P) into the loss, its gradient scale · d loss / d logp (P), and TRL's
// metrics. stats may be nil; each of its slices that is there adds a metric.
func (b *Batch) Loss(logp []float32, stats *kernels.HeadStats, scale float64) (float64, []float32, map[string]float64, error) {
	in := b.inputs(b.Sums(logp))
	v, err := b.objective.Value(in)
	if err != nil {
		return 0, nil, nil, err
	}
	dsums := make([]float64, 0, 2*len(b.pairs))
	for i := range b.pairs {
		dsums = append(dsums, v.DChosen[i], v.DRejected[i])
	}
	metrics := in.metrics(b.objective.Beta)
	b.tokenMetrics(metrics, stats)
	return v.Loss, b.Spread(dsums, scale), metrics, nil
}

// inputs lays the sums (2B) of the batch's sequences out for the formulas.
func (b *Batch) inputs(sums []float64) *Inputs {
	in := &Inputs{}
	for i, p := range b.pairs {
		in.Chosen, in.Rejected = append(in.Chosen, sums[2*i]), append(in.Rejected, sums[2*i+1])
		in.RefChosen, in.RefRejected = append(in.RefChosen, p.RefChosen), append(in.RefRejected, p.RefRejected)
		in.ChosenN, in.RejectedN = append(in.ChosenN, float64(b.Count[2*i])), append(in.RejectedN, float64(b.Count[2*i+1]))
	}
	return in
}
