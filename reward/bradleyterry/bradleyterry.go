// Package bradleyterry trains a reward model from pairs: the better answer should score higher.
//
// The verbs:
//
//	NewBatch  pairs → a prompt forest and the rows whose scores are wanted
//	Loss      scores → loss, gradient and TRL's metrics
//
// With c and r the scores of the chosen and the rejected answer, the loss of a pair is −log σ(c − r − margin)
// (Bradley and Terry 1952; the margin is that of Llama 2, arXiv:2307.09288, equation 2), plus, where scores are to be
// centred on zero, k·(c + r)² (Eisenstein et al., arXiv:2312.09244). A pair may be doubtful: where the rejected answer is
// the better one with probability d, the loss is −(1 − d)·log σ(z) − d·log σ(−z), z = c − r − margin. With d = ½ it pulls
// two scores together, as MuRating (arXiv:2507.01785) does with translations of one text. B pairs; a batch's loss is
// their mean.
package bradleyterry

import (
	"math"

	"croco/kernels/forest"
)

// Pair holds two whole sequences, prompt and answer.
type Pair struct {
	Chosen, Rejected []int32
	Margin           float64 // by how much the chosen answer is better; 0: unknown
	Doubt            float64 // probability that the rejected answer is the better one; 0: none, ½: a tie
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
	pairs []Pair
}

// NewBatch packs pairs; what two sequences share is stored once.
func (o Objective) NewBatch(pairs []Pair) *Batch {
	b := &Batch{Objective: o, pairs: pairs}
	var sequences [][]int32
	for _, p := range pairs {
		sequences = append(sequences, p.Chosen, p.Rejected)
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
// and greatest reward of the batch, the share of pairs with c > r strictly (c < r where the rejected answer is likelier the
// better one; half of the ties count), and the mean of c − r.
func (b *Batch) Loss(scores []float32, scale float64) (float64, []float32, map[string]float64) {
	n := float64(len(b.pairs))
	loss, dscores := 0.0, make([]float32, len(scores))
	m := map[string]float64{"min_reward": math.Inf(1), "max_reward": math.Inf(-1), "mean_reward": 0, "accuracy": 0, "margin": 0}
	for i, p := range b.pairs {
		c, r := float64(scores[2*i]), float64(scores[2*i+1])
		z := c - r - p.Margin
		loss += softplus(-z) + p.Doubt*z + b.Centering*(c+r)*(c+r) // −log σ(−z) is softplus(−z) + z

		// d softplus(−z) / dz = −σ(−z); the centring term pulls both scores alike.
		pull := p.Doubt - 1/(1+math.Exp(z))
		centre := 2 * b.Centering * (c + r)
		dscores[2*i] = float32(scale * (pull + centre) / n)
		dscores[2*i+1] = float32(scale * (-pull + centre) / n)

		m["min_reward"] = min(m["min_reward"], c, r)
		m["max_reward"] = max(m["max_reward"], c, r)
		m["mean_reward"] += (c + r) / 2
		m["margin"] += c - r
		switch {
		case p.Doubt == 0.5:
			m["accuracy"] += 0.5
		case p.Doubt < 0.5 && c > r, p.Doubt > 0.5 && c < r:
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
