package trainer

import (
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
func (b imitationBatch) Loss(logp []float32, stats *kernels.HeadStats, scale float64) (float64, []float32, map[string]float64, error) {
	n := float64(len(logp))
	sum, right, entropy := 0.0, 0.0, 0.0
	dlogp, metrics := make([]float32, len(logp)), map[string]float64{}
	for i, l := range logp {
		sum += float64(l)
		dlogp[i] = float32(-scale / n)
		if stats != nil && stats.Argmax != nil && stats.Argmax[i] == b.Picks.Tokens[i] {
			right++
		}
		if stats != nil && stats.Entropy != nil {
			entropy += float64(stats.Entropy[i])
		}
	}
	if stats != nil && stats.Argmax != nil {
		metrics["mean_token_accuracy"] = right / n
	}
	if stats != nil && stats.Entropy != nil {
		metrics["entropy"] = entropy / n
	}
	return -sum / n, dlogp, metrics, nil
}
