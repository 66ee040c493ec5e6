// Package bradleyterry trains a reward model from pairs: the better answer should score higher.
//
// The verbs:
//
//	NewBatch  pairs → a prompt forest and the rows whose scores are wanted
//	Loss      scores → loss, gradient and TRL's metrics
//
// With c and r the scores of the chosen and the rejected answer, the loss of a pair is −log σ(c − r − margin)
// (Bradley and Terry 1952; the margin is that of Llama 2, arXiv:2307.09288, equation 2), plus, where scores are to be
// centred on zero, k·(c + r)² (Eisenstein et al., arXiv:2312.09244). B pairs; a batch's loss is their mean.
package bradleyterry

import (
	"math"

	"croco/kernels/forest"
)

// Pair holds two whole sequences, prompt and answer.
type Pair struct {
	Chosen, Rejected []int32
	Margin           float64 // by how much the chosen answer is better; 0: unknown
}

// Objective are the options of the loss.
type Objective struct {
	Centering float64               // k, TRL's center_rewards_coefficient
	ReadAt    func(ids []int32) int // the position of a sequence where its score is read; nil: the last
}

// Batch is a micro-batch: sequence 2i is the chosen answer of pair i, 2i+1 its rejected one.
type Batch struct {
	Forest *forest.Forest
	Rows   []int32 // (2B): the row of each sequence where its score is read
	Tokens int     // tokens of all sequences, shared prefixes counted each time
	Objective
	margins []float64
}

// NewBatch packs pairs; what two sequences share is stored once.
func (o Objective) NewBatch(pairs []Pair) *Batch {
	b := &Batch{Objective: o}
	var sequences [][]int32
	for _, p := range pairs {
		sequences = append(sequences, p.Chosen, p.Rejected)
		b.margins = append(b.margins, p.Margin)
		b.Tokens += len(p.Chosen) + len(p.Rejected)
	}
	b.Forest = forest.Build(sequences)
	for i, ids := range sequences {
		row := b.Forest.Ends[i]
		if o.ReadAt != nil {
			row = b.Forest.Path(i)[o.ReadAt(ids)]
		}
		b.Rows = append(b.Rows, row)
	}
	return b
}

// Loss turns scores (2B) into the loss, its gradient scale · d loss / d score (2B), and TRL's metrics: the least, mean
// and greatest reward of the batch, the share of pairs with c > r strictly, and the mean of c − r.
func (b *Batch) Loss(scores []float32, scale float64) (float64, []float32, map[string]float64) {
	n := float64(len(b.margins))
	loss, dscores := 0.0, make([]float32, len(scores))
	m := map[string]float64{"min_reward": math.Inf(1), "max_reward": math.Inf(-1), "mean_reward": 0, "accuracy": 0, "margin": 0}
	for i, margin := range b.margins {
		c, r := float64(scores[2*i]), float64(scores[2*i+1])
		z := c - r - margin
		loss += softplus(-z) + b.Centering*(c+r)*(c+r)

		// d softplus(−z) / dz = −σ(−z); the centring term pulls both scores alike.
		pull := -1 / (1 + math.Exp(z))
		centre := 2 * b.Centering * (c + r)
		dscores[2*i] = float32(scale * (pull + centre) / n)
		dscores[2*i+1] = float32(scale * (-pull + centre) / n)

		m["min_reward"] = min(m["min_reward"], c, r)
		m["max_reward"] = max(m["max_reward"], c, r)
		m["mean_reward"] += (c + r) / 2
		m["margin"] += c - r
		if c > r {
			m["accuracy"]++
		}
	}
	for _, key := range []string{"mean_reward", "accuracy", "margin"} {
		m[key] /= n
	}
	return loss / n, dscores, m
}

// softplus is log(1 + eˣ), exact in both tails.
func softplus(x float64) float64 { return max(x, 0) + math.Log1p(math.Exp(-math.Abs(x))) }
