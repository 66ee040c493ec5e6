package demo

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"croco/kernels"
	"croco/kernels/forest"
	"croco/model"
	"croco/sampler"
	"croco/toyworld"
)

// TrainReward makes a reward model: the policy with a scalar head, all weights trained on pairs of the policy's own
// answers and of corpus styles, by toyworld.RewardRounds (English only) or toyworld.MixedRewardRounds.
func TrainReward(d kernels.Device, policy *model.Model, rounds []toyworld.RewardRound, seed uint64, log func(string)) (*model.Model, error) {
	m, err := withScore(d, policy, seed)
	if err != nil {
		return nil, err
	}
	for i, round := range rounds {
		begin := time.Now()
		var pairs []toyworld.Pair
		for k, o := range round.Pairs {
			o.Seed += seed
			pairs = append(pairs, toyworld.PreferencePairs(o, Sample(policy, kernels.Mix(seed, uint64(i+len(rounds)*k))))...)
		}
		accuracy := prefer(m, round, pairs, seed)
		log(fmt.Sprintf("reward model: round %d, %d pairs, training accuracy %.1f %%, %.0f s", i+1, len(pairs), 100*accuracy, time.Since(begin).Seconds()))
	}
	return m, d.Sync()
}

// TrainRewardOn makes a reward model from given pairs, in one round.
func TrainRewardOn(d kernels.Device, policy *model.Model, round toyworld.RewardRound, pairs []toyworld.Pair, seed uint64) (*model.Model, error) {
	m, err := withScore(d, policy, seed)
	if err != nil {
		return nil, err
	}
	prefer(m, round, pairs, seed)
	return m, d.Sync()
}

// withScore copies a policy and puts a random scalar head on it.
func withScore(d kernels.Device, policy *model.Model, seed uint64) (*model.Model, error) {
	m, err := model.New(policyConfig("LlamaForSequenceClassification"), seed, model.Options{Device: d, Trainable: model.All})
	if err != nil {
		return nil, err
	}
	from := map[string]*model.Param{}
	for _, p := range policy.Params() {
		from[p.Name] = p
	}
	for _, p := range m.Params() {
		if same, ok := from[p.Name]; ok {
			d.Copy(p.Value, same.Value)
		} else {
			d.Scale(p.Value, float32(1/math.Sqrt(float64(toyworld.Policy.HiddenSize+1))/0.02))
		}
	}
	m.Updated()
	return m, nil
}

// Sample answers prompts with a policy at temperature 1.
func Sample(policy *model.Model, seed uint64) toyworld.Generate {
	return func(prompts [][]int32, n int) [][][]int32 {
		jobs := make([]sampler.Job, len(prompts))
		for i, p := range prompts {
			jobs[i] = sampler.Job{Key: uint64(i), Prompt: p, N: n}
		}
		out := make([][][]int32, len(prompts))
		p := sampler.Params{Temperature: 1, MaxNewTokens: toyworld.Tuning.MaxNewTokens, Stop: []int32{toyworld.EOS}, Seed: seed, MaxRows: 256}
		err := sampler.New(policy).Generate(context.Background(), jobs, p, func(job int, answers []sampler.Answer) error {
			for _, a := range answers {
				out[job] = append(out[job], a.IDs)
			}
			return nil
		})
		if err != nil {
			panic(err) // neither prompts nor limits come from outside
		}
		return out
	}
}

// prefer trains a classifier on pairs with −log σ(r(chosen) − r(rejected)), in batches, at a cosine rate with a tenth of
// the steps as warm-up, and returns the share of pairs it had right when it saw them.
func prefer(m *model.Model, round toyworld.RewardRound, pairs []toyworld.Pair, seed uint64) float64 {
	f := newFit(m, kernels.AdamW{Beta1: .9, Beta2: .999, Eps: 1e-8, WeightDecay: round.WeightDecay}, round.MaxNorm,
		func(p *model.Param) bool { return true })
	defer f.free()
	perEpoch := (len(pairs) + round.BatchSize - 1) / round.BatchSize
	total := round.Epochs * perEpoch
	right, step := 0, 0
	for epoch := range round.Epochs {
		order := shuffled(len(pairs), kernels.Mix(seed, uint64(epoch)))
		for batch := range slices.Chunk(order, round.BatchSize) {
			right += rank(m, pairs, batch)
			x := float64(step) / float64(total)
			f.step(round.LearningRate * min(1, 10*float64(step+1)/float64(total)) * .5 * (1 + math.Cos(math.Pi*x)))
			step++
		}
	}
	return float64(right) / float64(round.Epochs*len(pairs))
}

// rank adds the gradient of the mean Bradley–Terry loss of a batch of pairs, and counts those in the right order.
func rank(m *model.Model, pairs []toyworld.Pair, batch []int) (right int) {
	texts := make([][]int32, 0, 2*len(batch)) // chosen, rejected, chosen, …
	for _, i := range batch {
		texts = append(texts, slices.Concat(pairs[i].Prompt, pairs[i].Chosen), slices.Concat(pairs[i].Prompt, pairs[i].Rejected))
	}
	f := forest.Build(texts)
	h := m.Forward(f, true)
	defer h.Free()
	scores := m.Scores(h, f.Ends)
	dscores := make([]float32, len(scores))
	for i := 0; i < len(scores); i += 2 {
		margin := float64(scores[i] - scores[i+1])
		if margin > 0 {
			right++
		}
		g := float32(-1 / (1 + math.Exp(margin)) / float64(len(batch))) // d −log σ(margin) = −σ(−margin)
		dscores[i], dscores[i+1] = g, -g
	}
	m.BackwardScores(h, f.Ends, dscores)
	return right
}

// shuffled is a permutation of 0 … n−1.
func shuffled(n int, seed uint64) []int {
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	for i := n - 1; i > 0; i-- {
		j := int(kernels.Uniform(seed, uint64(i)) * float64(i+1))
		order[i], order[j] = order[j], order[i]
	}
	return order
}

// Accuracy is the share of pairs that a reward model puts in the right order.
func Accuracy(m *model.Model, pairs []toyworld.Pair) float64 {
	right := 0
	for chunk := range slices.Chunk(pairs, 64) {
		texts := make([][]int32, 0, 2*len(chunk))
		for _, p := range chunk {
			texts = append(texts, slices.Concat(p.Prompt, p.Chosen), slices.Concat(p.Prompt, p.Rejected))
		}
		f := forest.Build(texts)
		h := m.Forward(f, false)
		scores := m.Scores(h, f.Ends)
		h.Free()
		for i := 0; i < len(scores); i += 2 {
			if scores[i] > scores[i+1] {
				right++
			}
		}
	}
	return float64(right) / float64(len(pairs))
}

// Save writes a toy model as a Hugging Face folder in bfloat16.
func Save(m *model.Model, dir string) error { return m.Save(dir, kernels.BF16) }
