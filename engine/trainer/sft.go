package trainer

import (
	"croco/dpo"
	"croco/engine/data"
	"croco/kernels"
	"croco/kernels/forest"
)

// imitation is supervised fine-tuning: the mean negative log-probability of the target tokens. Targets are the tokens of
// the completion; of a text without a prompt all but the first, which nothing precedes.
type imitation struct{ examples []data.Example }

type imitationBatch struct{ *dpo.Answers }

func (o imitation) Batch(examples []int) Batch {
	var sequences [][]int32
	var starts []int
	for _, i := range examples {
		e := o.examples[i]
		sequences = append(sequences, join(e.Prompt, e.Chosen))
		starts = append(starts, len(e.Prompt))
	}
	return imitationBatch{dpo.NewAnswers(sequences, starts)}
}

// Shares weighs micro-batches by their target tokens: a step's loss is the mean over all its target tokens.
func (o imitation) Shares(micros [][]int) (weights []float64, total float64) {
	for _, micro := range micros {
		n := 0.0
		for _, i := range micro {
			e := o.examples[i]
			n += float64(len(e.Prompt) + len(e.Chosen) - max(1, len(e.Prompt)))
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
