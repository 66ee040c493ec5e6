package trainer

import (
	"slices"

	"croco/dpo"
	"croco/engine/data"
	"croco/kernels"
	"croco/kernels/forest"
)

// imitation is supervised fine-tuning: the mean negative log-probability of the target tokens. Targets are the tokens of
// the completion, or those of them that are wanted; of a text without a prompt not the first, which nothing precedes.
type imitation struct{ examples []data.Example }

type imitationBatch struct{ *dpo.Answers }

func (o imitation) Batch(examples []int) Batch {
	var sequences [][]int32
	for _, i := range examples {
		e := o.examples[i]
		sequences = append(sequences, join(e.Prompt, e.Chosen))
	}
	return imitationBatch{dpo.NewPicked(sequences, func(s, t int) bool { return o.target(examples[s], t) })}
}

// target tells whether token t of an example's prompt and completion is trained on.
func (o imitation) target(example, t int) bool {
	e := o.examples[example]
	t -= len(e.Prompt)
	return t >= 0 && (e.Wanted == nil || e.Wanted[t])
}

// Shares weighs micro-batches by their target tokens: a step's loss is the mean over all its target tokens.
func (o imitation) Shares(micros [][]int) (weights []float64, total float64) {
	for _, micro := range micros {
		n := 0.0
		for _, i := range micro {
			e := o.examples[i]
			for t := 1; t < len(e.Prompt)+len(e.Chosen); t++ {
				if o.target(i, t) {
					n++
				}
			}
		}
		weights = append(weights, n)
		total += n
	}
	return weights, total
}

func (b imitationBatch) Forest() *forest.Forest          { return b.Answers.Forest }
func (b imitationBatch) Reads() (kernels.Picks, []int32) { return b.Picks, nil }
func (b imitationBatch) Owner(i int) int                 { return int(b.Answers.Owner[i]) }
func (b imitationBatch) Tokens() int                     { return b.Answers.Tokens }

// Loss is −Σ logp / P.
func (b imitationBatch) Loss(logp []float32, stats *dpo.Stats, scale float64) (float64, []float32, map[string]float64, error) {
	loss, metrics := b.Settle(logp, stats)
	return loss, b.dlogp(scale), metrics, nil
}

// dlogp does not depend on logp.
func (b imitationBatch) dlogp(scale float64) []float32 {
	P := len(b.Picks.Rows)
	return slices.Repeat([]float32{float32(-scale / float64(P))}, P)
}

// Queue writes the gradient, for which nothing has to be read.
func (b imitationBatch) Queue(d kernels.Device, dlogp, _ *kernels.Tensor, scale float64) bool {
	d.Write(dlogp, b.dlogp(scale))
	return true
}

// Settle is the loss, with the share of the tokens that were the likeliest and the mean entropy.
func (b imitationBatch) Settle(logp []float32, stats *dpo.Stats) (float64, map[string]float64) {
	n, sum, right, entropy := float64(len(logp)), 0.0, 0.0, 0.0
	for i, l := range logp {
		sum += float64(l)
		if int32(stats.Argmax[i]) == b.Picks.Tokens[i] {
			right++
		}
		entropy += float64(stats.Entropy[i])
	}
	return -sum / n, map[string]float64{"mean_token_accuracy": right / n, "entropy": entropy / n}
}
