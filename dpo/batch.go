package dpo

import "math"

// Pair is a prompt with a better and a worse answer. The ids of an answer include its end token.
type Pair struct {
	Prompt, Chosen, Rejected []int32
	RefChosen, RefRejected   float64 // log π_ref of the two answers, as Batch.Ratioed or Objective.SumRecords adds it up
}

// Batch is a micro-batch of B pairs: sequence 2i is pair i's prompt and chosen answer, 2i+1 its prompt and rejected one.
type Batch struct {
	*Answers
	objective *Objective
	pairs     []Pair
	weights   []float64 // (P): of every pick in log-ratios, by ld_alpha; nil: 1
	losses    []float64 // (B), of a device
}

// NewBatch packs pairs, each prompt once.
func (o *Objective) NewBatch(pairs []Pair) *Batch {
	var sequences [][]int32
	var starts []int
	for _, p := range pairs {
		sequences = append(sequences, join(p.Prompt, p.Chosen), join(p.Prompt, p.Rejected))
		starts = append(starts, len(p.Prompt), len(p.Prompt))
	}
	b := &Batch{Answers: NewAnswers(sequences, starts), objective: o, pairs: pairs}
	if o.ld() {
		seen := make([]int, len(b.Count))
		for _, s := range b.Owner {
			b.weights = append(b.weights, o.tailWeight(seen[s], b.Count[s], b.Count[s^1]))
			seen[s]++
		}
	}
	return b
}

func join(prompt, answer []int32) []int32 {
	return append(append(make([]int32, 0, len(prompt)+len(answer)), prompt...), answer...)
}

// tailWeight is the weight of token t of an answer of n tokens beside one of other: as long as both go on, 1 (LD-DPO, Liu et
// al., arXiv:2409.06411). It holds for policy and reference alike, so that a policy that is its own reference has Δ = 0.
func (o *Objective) tailWeight(t, n, other int) float64 {
	if t < min(n, other) || !o.ld() {
		return 1
	}
	return *o.LDAlpha
}

// SumRecords adds recorded log-probabilities of the two answers up as Ratioed does those of a model.
func (o *Objective) SumRecords(chosen, rejected []float32) (c, r float64) {
	add := func(logp []float32, other int) (sum float64) {
		for t, l := range logp {
			sum += o.tailWeight(t, len(logp), other) * float64(l)
		}
		return sum
	}
	return add(chosen, len(rejected)), add(rejected, len(chosen))
}

// Ratioed adds log-probabilities (P) up for log-ratios: as Sums does, tails weighed by ld_alpha.
func (b *Batch) Ratioed(logp []float32) []float64 {
	if b.weights == nil {
		return b.Sums(logp)
	}
	sums := make([]float64, len(b.Count))
	for i, s := range b.Owner {
		sums[s] += b.weights[i] * float64(logp[i])
	}
	return sums
}

// Pair is the pair that pick i belongs to.
func (b *Batch) Pair(i int) int { return int(b.Owner[i]) / 2 }

// Stats are optional values of the row that each pick (P) is read at, as kernels.HeadStats has them; nil where there are none.
type Stats struct{ Entropy, MeanLogit, Argmax, Collision []float32 }

// Loss turns the log-probabilities of the picks (P) into the loss, its gradient scale · d loss / d logp (P), and TRL's
// metrics. stats may be nil, except that use_weighting needs Collision; each of its slices that is there adds a metric.
func (b *Batch) Loss(logp []float32, stats *Stats, scale float64) (float64, []float32, map[string]float64, error) {
	in := b.inputs(logp)
	if b.objective.UseWeighting {
		in.Weight = b.likelihood(logp, stats.Collision)
	}
	v, err := b.objective.Value(in)
	if err != nil {
		return 0, nil, nil, err
	}
	return v.Loss, b.spread(v, scale), b.metrics(in, stats), nil
}

func mean(values []float64) (m float64) {
	for _, v := range values {
		m += v
	}
	return m / float64(len(values))
}

// inputs lays log-probabilities (P) out for the formulas.
func (b *Batch) inputs(logp []float32) *Inputs {
	sums, in := b.Sums(logp), &Inputs{}
	for i, p := range b.pairs {
		in.Chosen, in.Rejected = append(in.Chosen, sums[2*i]), append(in.Rejected, sums[2*i+1])
		in.RefChosen, in.RefRejected = append(in.RefChosen, p.RefChosen), append(in.RefRejected, p.RefRejected)
		in.ChosenN, in.RejectedN = append(in.ChosenN, float64(b.Count[2*i])), append(in.RejectedN, float64(b.Count[2*i+1]))
	}
	if b.weights != nil {
		for i, sums := 0, b.Ratioed(logp); i < len(b.pairs); i++ {
			in.LDChosen, in.LDRejected = append(in.LDChosen, sums[2*i]), append(in.LDRejected, sums[2*i+1])
		}
	}
	return in
}

// spread: in the forward pass Sums added logp up and Ratioed logp·weights, so now
// dlogp[i] = scale · (dsums[owner of i] + weights[i] · dratioed[owner of i]).
func (b *Batch) spread(v *Value, scale float64) []float32 {
	dsums, dratioed := interleave(v.DChosen, v.DRejected), interleave(v.DLDChosen, v.DLDRejected)
	if b.weights == nil {
		return b.Spread(dsums, scale)
	}
	dlogp := make([]float32, len(b.Owner))
	for i, s := range b.Owner {
		dlogp[i] = float32(scale * (dsums[s] + b.weights[i]*dratioed[s]))
	}
	return dlogp
}

// interleave lays values of pairs (B) out by sequence (2B).
func interleave(chosen, rejected []float64) (out []float64) {
	for i := range chosen {
		out = append(out, chosen[i], rejected[i])
	}
	return out
}

// likelihood is WPO's weight of each pair (Zhou et al., arXiv:2406.11827, equation 2): how likely the policy is to write the
// two answers itself, each token's probability measured against Σ P² of its row, which is what one sampled from it has on
// average. It is a constant to the gradient.
func (b *Batch) likelihood(logp, collision []float32) []float64 {
	mean := make([]float64, len(b.Count))
	for i, s := range b.Owner {
		mean[s] += (float64(logp[i]) - float64(collision[i])) / float64(b.Count[s])
	}
	weights := make([]float64, len(b.pairs))
	for i := range weights {
		weights[i] = math.Exp(mean[2*i] + mean[2*i+1])
	}
	return weights
}
