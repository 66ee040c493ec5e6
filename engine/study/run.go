package study

import (
	"bytes"
	"context"
	"path/filepath"
	"slices"

	"croco/engine"
	"croco/engine/trainer"
	"croco/eval"
	"croco/internal/jsonl"
	"croco/pairing"
	"croco/toyworld"
)

// Recipe is what was chosen on tasks that the results do not use.
type Recipe struct {
	LearningRate float64
	Batch        int
}

// tuning is how an arm is trained on its pairs.
type tuning struct {
	Kind trainer.Kind
	Rate float64 // times the recipe's learning rate; 0: 1
	NLL  float64 // weight of the chosen answers' negative log-likelihood per token, beside DPO
	// Recipe, where not nil, takes the place of the chosen one.
	Recipe *Recipe
}

// run makes an arm's pairs, trains on them, and measures.
func (w *world) run(ctx context.Context, a Arm) (r Result, err error) {
	r = Result{Seed: w.seed, Arm: a.Name}
	if a.probe != nil {
		r.Numbers, err = a.probe(ctx, w)
		return r, err
	}
	adapter := ""
	if a.pairs != nil {
		d, err := a.pairs(ctx, w)
		if err != nil {
			return r, err
		}
		r.Pairs, r.Numbers = count(d.pairs), d.numbers
		if adapter, err = w.tune(ctx, a.Name, d, a.tune); err != nil {
			return r, err
		}
	}
	return r, w.measure(ctx, adapter, &r)
}

// tune trains an adapter on an arm's pairs, unless it is there, and returns its folder.
func (w *world) tune(ctx context.Context, name string, d data, how tuning) (string, error) {
	var b bytes.Buffer
	if err := pairing.WritePairs(&b, d.pairs); err != nil {
		return "", err
	}
	pairs := filepath.Join(w.folder(name), "pairs.jsonl")
	if err := jsonl.WriteFile(pairs, b.Bytes()); err != nil {
		return "", err
	}
	recipe := recipes[how.Kind]
	if how.Recipe != nil {
		recipe = *how.Recipe
	}
	if how.Rate > 0 {
		recipe.LearningRate *= how.Rate
	}
	t, a := toyworld.Tuning, trainer.Defaults(how.Kind)
	a.ModelNameOrPath, a.TrainFile, a.OutputDir, a.Adapter = w.policy, pairs, filepath.Join(w.folder(name), "adapter"), d.start
	a.LoraR, a.LoraAlpha, a.LoraDropout, a.LoraTargetModules = t.Rank, float64(t.Alpha), 0, nil
	a.LearningRate, a.PerDeviceTrainBatchSize = recipe.LearningRate, recipe.Batch
	a.NumTrainEpochs, a.MaxLength = float64(t.Epochs), toyworld.Policy.MaxPositionEmbeddings
	a.LRSchedulerType, a.WarmupRatio, a.WeightDecay, a.MaxGradNorm = "cosine", t.WarmupShare, t.WeightDecay, t.MaxNorm
	a.Beta, a.RPOAlpha, a.Seed = t.Beta, how.NLL, w.key("tune")
	a.LoggingSteps, a.GradientCheckpointing, a.SaveStrategy, a.ReportTo = 1, new(false), "no", "none"
	return a.OutputDir, engine.Train(ctx, trainer.Job{Kind: how.Kind, Args: a, Device: w.Device})
}

// adapter is the folder of another arm's adapter, which is trained first where it is not there.
func (w *world) adapter(ctx context.Context, arm string) (string, error) {
	i := slices.IndexFunc(arms, func(a Arm) bool { return a.Name == arm })
	if i < 0 {
		panic("study: no arm " + arm)
	}
	d, err := arms[i].pairs(ctx, w)
	if err != nil {
		return "", err
	}
	return w.tune(ctx, arm, d, arms[i].tune)
}

// measure answers the test tasks in all languages under an adapter, three times sampled and once greedily, and some
// translations; the truth and both reward models judge.
func (w *world) measure(ctx context.Context, adapter string, r *Result) error {
	t := toyworld.Tuning
	asked := questions(w.tests, toyworld.Languages())
	sampled, err := w.answer(ctx, w.policy, adapter, asked, decoding{t.SampledAnswers, t.Temperature, "test"})
	if err != nil {
		return err
	}
	greedy, err := w.answer(ctx, w.policy, adapter, asked, decoding{t.GreedyAnswers, 0, "test"})
	if err != nil {
		return err
	}
	english, err := w.judge(enModel, sampled)
	if err != nil {
		return err
	}
	mixed, err := w.judge(mixModel, sampled)
	if err != nil {
		return err
	}
	r.Languages = map[string]Values{}
	for i, row := range sampled {
		j := truth(row.ID, row.Language, row.CompletionIDs)
		r.add(row.Language, Values{Quality: j.Quality, Pass: eval.Share(j.Pass), RightLanguage: eval.Share(j.RightLanguage), Full: eval.Share(j.Full),
			RewardEnglish: english[i], RewardMixed: mixed[i]}, len(w.tests)*t.SampledAnswers)
	}
	for _, row := range greedy {
		j := truth(row.ID, row.Language, row.CompletionIDs)
		r.add(row.Language, Values{GreedyQuality: j.Quality, GreedyPass: eval.Share(j.Pass), GreedyRight: eval.Share(j.RightLanguage)}, len(w.tests)*t.GreedyAnswers)
	}
	for l, v := range r.Languages {
		for m := range v {
			v[m] = rounded(v[m])
		}
		r.Languages[l] = v
	}
	r.Translation, err = w.translate(ctx, adapter)
	return err
}

// add adds one of n answers to a language's means.
func (r *Result) add(language string, of Values, n int) {
	v := r.Languages[language]
	for m := range v {
		v[m] += of[m] / float64(n)
	}
	r.Languages[language] = v
}

// translate is the share of translations from English that are wholly right.
func (w *world) translate(ctx context.Context, adapter string) (float64, error) {
	var asked []question
	for i, x := range w.translations {
		asked = append(asked, question{x.Task, i, x.Language, toyworld.Chat(x.Question)})
	}
	rows, err := w.answer(ctx, w.policy, adapter, asked, decoding{1, 0, "translations"})
	right := 0.0
	for i, row := range rows {
		if words, ended := toyworld.Strip(row.CompletionIDs); ended && slices.Equal(words, w.translations[i].Gold) {
			right++
		}
	}
	return rounded(right / float64(max(1, len(rows)))), err
}
