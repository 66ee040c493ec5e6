package toyworld

// Policy is the shape of the toy models, in the names of a Hugging Face config.json (model_type llama). A reward model
// is the same with a scalar head that is read at <eos>.
//
// At the start matrices are normal with deviation 1/√inputs, o_proj and down_proj divided by √(2 layers), the embedding
// with EmbeddingStd, norms 1; a reward head has deviation 1/√(HiddenSize+1).
var Policy = struct {
	HiddenSize, NumHiddenLayers, NumAttentionHeads, NumKeyValueHeads, IntermediateSize int
	RopeTheta, RMSNormEps, EmbeddingStd                                                float64
	TieWordEmbeddings                                                                  bool
	MaxPositionEmbeddings                                                              int
}{
	HiddenSize: 64, NumHiddenLayers: 3, NumAttentionHeads: 4, NumKeyValueHeads: 4, IntermediateSize: 192,
	RopeTheta: 10000, RMSNormEps: 1e-5, EmbeddingStd: .05, TieWordEmbeddings: true, MaxPositionEmbeddings: 96,
}

// Pretraining makes the base policy from the Corpus. Documents are sorted by length 512 at a time, cut into batches, and
// the batches shuffled. The loss is the weighted mean over a batch's tokens.
var Pretraining = struct {
	Steps, TokensPerStep, WarmupSteps  int     // a step has at most TokensPerStep tokens
	LearningRate, FinalShare           float64 // linear, from LearningRate to FinalShare of it
	Beta1, Beta2, WeightDecay, MaxNorm float64 // decay on matrices, not on norms and embedding
	PromptWeight                       float64 // of a prompt token's loss; an answer token weighs 1
	Documents                          int     // of the corpus in one pool
}{
	Steps: 2600, TokensPerStep: 3072, WarmupSteps: 100, LearningRate: 5e-3, FinalShare: .02,
	Beta1: .9, Beta2: .98, WeightDecay: .1, MaxNorm: 1, PromptWeight: .3, Documents: 512,
}

// RewardRound is one round of Bradley–Terry training, all weights, cosine with 10 % warm-up.
type RewardRound struct {
	Pairs                              []PairOptions
	Epochs, BatchSize                  int
	LearningRate, WeightDecay, MaxNorm float64
}

// RewardRounds train the English-only reward model: the first starts from the base policy, the second goes on.
var RewardRounds = []RewardRound{
	{Pairs: []PairOptions{{Language: "en", Split: Train, Tasks: 6000, Seed: 11, Own: .5, Samples: 2, Noise: .05, Gap: .05}},
		Epochs: 3, BatchSize: 48, LearningRate: 1.5e-3, WeightDecay: .01, MaxNorm: 1},
	{Pairs: []PairOptions{{Language: "en", Split: Train, Tasks: 9000, Seed: 7011, Own: .7, Samples: 2, Noise: .03, Gap: .05}},
		Epochs: 2, BatchSize: 48, LearningRate: 1.2e-3, WeightDecay: .01, MaxNorm: 1},
}

// MixedRewardRounds train a reward model that knows all languages and still mostly English: the same number of pairs,
// three quarters of them English and a twentieth of each other language, some with an answer in a wrong language.
var MixedRewardRounds = []RewardRound{
	{Pairs: mixed(PairOptions{Split: Train, Seed: 11, Own: .5, Samples: 2, Noise: .05, Gap: .05}, 4500, 0, 300),
		Epochs: 3, BatchSize: 48, LearningRate: 1.5e-3, WeightDecay: .01, MaxNorm: 1},
	{Pairs: mixed(PairOptions{Split: Train, Seed: 7011, Own: .7, Samples: 2, Noise: .03, Gap: .05}, 5250, 1500, 450),
		Epochs: 2, BatchSize: 48, LearningRate: 1.2e-3, WeightDecay: .01, MaxNorm: 1},
}

// mixed asks for pairs in English without and with foreign candidates (half of them), and in each other language (an
// eighth foreign).
func mixed(o PairOptions, english, foreign, each int) (all []PairOptions) {
	add := func(language string, tasks int, share float64) {
		if p := o; tasks > 0 {
			p.Language, p.Tasks, p.Foreign, p.Seed = language, tasks, share, o.Seed+100*uint64(len(all))
			all = append(all, p)
		}
	}
	add("en", english, 0)
	add("en", foreign, .5)
	for _, l := range Languages()[1:] {
		add(l, each, .125)
	}
	return all
}

// ReportCard makes the held-out pairs that a reward model's accuracy is measured on, per language.
func ReportCard(language string) PairOptions {
	return PairOptions{Language: language, Split: Test, Tasks: 250, Seed: 50, Own: .5, Samples: 2, Gap: .05}
}

// Tuning is the demo's loop: sample, score, pair inside the language, tune with LoRA DPO.
var Tuning = struct {
	Languages, Untuned                       []string
	Tasks, TestTasks, SamplesPerPrompt       int
	MaxNewTokens                             int
	Temperature                              float64
	LanguagePenalty                          float64 // times the standard deviation of the language's scores
	Rank, Alpha, BatchSize, Epochs           int
	Beta, LearningRate, WeightDecay, MaxNorm float64
	WarmupShare                              float64 // of the steps, then cosine
	GreedyAnswers, SampledAnswers            int     // per test prompt when a model is measured
}{
	Languages: []string{"en", "de", "es", "da"}, Untuned: []string{"fr", "gl"},
	Tasks: 128, TestTasks: 240, SamplesPerPrompt: 32, MaxNewTokens: 36, Temperature: 1, LanguagePenalty: 3,
	Rank: 8, Alpha: 16, BatchSize: 16, Epochs: 1,
	Beta: .1, LearningRate: 1e-3, WeightDecay: .01, MaxNorm: 1, WarmupShare: .05,
	GreedyAnswers: 1, SampledAnswers: 3,
}
