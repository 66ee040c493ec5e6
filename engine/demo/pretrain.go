package demo

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"croco/kernels"
	"croco/kernels/forest"
	"croco/model"
	"croco/toyworld"
)

// policyConfig is config.json of the base policy; a reward model's differs in its architecture.
func policyConfig(architecture string) *model.Config {
	p := toyworld.Policy
	raw, err := json.Marshal(map[string]any{
		"model_type": "llama", "architectures": []string{architecture}, "num_labels": 1,
		"vocab_size": toyworld.VocabularySize(), "hidden_size": p.HiddenSize, "intermediate_size": p.IntermediateSize,
		"num_hidden_layers": p.NumHiddenLayers, "num_attention_heads": p.NumAttentionHeads,
		"num_key_value_heads": p.NumKeyValueHeads, "max_position_embeddings": p.MaxPositionEmbeddings,
		"rms_norm_eps": p.RMSNormEps, "rope_theta": p.RopeTheta, "tie_word_embeddings": p.TieWordEmbeddings, "hidden_act": "silu",
		"bos_token_id": nil, "eos_token_id": toyworld.EOS, "pad_token_id": toyworld.Pad, "torch_dtype": "bfloat16",
	})
	if err != nil {
		panic(err) // plain data
	}
	c, err := model.ParseConfig("config.json", raw)
	if err != nil {
		panic(err)
	}
	return c
}

// Pretrain makes the base policy from the corpus, by the recipe of toyworld.Pretraining. log receives a line now and then.
func Pretrain(d kernels.Device, seed uint64, steps int, log func(string)) (*model.Model, error) {
	m, err := model.New(policyConfig("LlamaForCausalLM"), seed, model.Options{Device: d, Trainable: model.All})
	if err != nil {
		return nil, err
	}
	spread(m)
	r := toyworld.Pretraining
	f := newFit(m, kernels.AdamW{Beta1: r.Beta1, Beta2: r.Beta2, Eps: 1e-8, WeightDecay: r.WeightDecay}, r.MaxNorm,
		func(p *model.Param) bool { return len(p.Shape) == 2 && !strings.Contains(p.Name, "embed") })
	defer f.free()
	begin, average, tokens := time.Now(), 0.0, 0
	var waiting [][]toyworld.Document
	for step, pool := 0, 0; step < steps; step++ {
		if len(waiting) == 0 {
			waiting = batches(seed, pool)
			pool++
		}
		batch := waiting[0]
		waiting = waiting[1:]
		loss := imitate(m, batch, r.PromptWeight)
		f.step(r.LearningRate * min(1, float64(step+1)/float64(r.WarmupSteps)) * max(r.FinalShare, 1-float64(step)/float64(steps)))
		for _, doc := range batch {
			tokens += len(doc.Prompt) + len(doc.Answer)
		}
		if average += .02 * (loss - average); step == 0 {
			average = loss
		}
		if step%100 == 99 {
			log(fmt.Sprintf("pre-training: step %d of %d, loss %.3f, %.1f M tokens, %.0f s", step+1, steps, average, float64(tokens)/1e6, time.Since(begin).Seconds()))
		}
	}
	return m, d.Sync()
}

// spread rescales the weights of model.New (deviation 0.02) to those of toyworld.Policy.
func spread(m *model.Model) {
	for _, p := range m.Params() {
		if len(p.Shape) != 2 {
			continue
		}
		std := 1 / math.Sqrt(float64(p.Shape[1]))
		switch {
		case strings.Contains(p.Name, "embed"):
			std = toyworld.Policy.EmbeddingStd
		case strings.Contains(p.Name, "o_proj"), strings.Contains(p.Name, "down_proj"):
			std /= math.Sqrt(2 * float64(toyworld.Policy.NumHiddenLayers))
		}
		m.Device().Scale(p.Value, float32(std/0.02))
	}
	m.Updated()
}

// batches makes a pool of documents, sorts it by length, cuts it into batches of at most TokensPerStep tokens (counted
// as if padded), and shuffles them.
func batches(seed uint64, pool int) [][]toyworld.Document {
	r := toyworld.Pretraining
	docs := slices.Collect(toyworld.Documents(toyworld.Train, seed, pool*r.Documents, (pool+1)*r.Documents))
	size := func(d toyworld.Document) int { return len(d.Prompt) + len(d.Answer) }
	slices.SortStableFunc(docs, func(a, b toyworld.Document) int { return size(a) - size(b) })
	var out [][]toyworld.Document
	for first := 0; first < len(docs); {
		n := 1
		for first+n < len(docs) && (n+1)*size(docs[first+n]) <= r.TokensPerStep {
			n++
		}
		out = append(out, docs[first:first+n])
		first += n
	}
	for i := len(out) - 1; i > 0; i-- {
		j := int(kernels.Uniform(kernels.Mix(seed, uint64(pool)), uint64(i)) * float64(i+1))
		out[i], out[j] = out[j], out[i]
	}
	return out
}

// imitate adds the gradient of the weighted mean negative log-likelihood of documents, and returns it. A token of an
// answer weighs 1, one of a prompt promptWeight.
func imitate(m *model.Model, docs []toyworld.Document, promptWeight float64) float64 {
	texts := make([][]int32, len(docs))
	for i, d := range docs {
		texts[i] = slices.Concat(d.Prompt, d.Answer)
	}
	f := forest.Build(texts)
	type pick struct{ row, token int32 }
	weights, total := map[pick]float64{}, 0.0 // equal beginnings share their picks
	for i, d := range docs {
		path := f.Path(i)
		for t := 1; t < len(path); t++ {
			w := 1.0
			if t < len(d.Prompt) {
				w = promptWeight
			}
			weights[pick{path[t-1], texts[i][t]}] += w
			total += w
		}
	}
	picks := make([]pick, 0, len(weights))
	for p := range weights {
		picks = append(picks, p)
	}
	slices.SortFunc(picks, func(a, b pick) int {
		if a.row != b.row {
			return int(a.row - b.row)
		}
		return int(a.token - b.token)
	})
	var at kernels.Picks
	dlogp := make([]float32, len(picks))
	for i, p := range picks {
		at.Rows, at.Tokens = append(at.Rows, p.row), append(at.Tokens, p.token)
		dlogp[i] = float32(-weights[p] / total)
	}
	h := m.Forward(f, true)
	defer h.Free()
	loss := 0.0
	for i, logp := range m.LogProbs(h, at) {
		loss -= weights[picks[i]] / total * float64(logp)
	}
	m.BackwardLogProbs(h, at, dlogp)
	return loss
}
