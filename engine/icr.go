package engine

import (
	"context"
	"fmt"

	"croco/engine/trainer"
	"croco/pairing/icr"
)

// ICR is the section of method icr: docs/methods/icr.md.
type ICR struct {
	Beta           float64 `yaml:"beta"`            // factor of the reward; the length control's grid is made for 1
	Variant        string  `yaml:"variant"`         // crosslingual | multilingual | translated: the prompt that scores
	Prefix         string  `yaml:"prefix"`          // ahead of the English prompt that scores; asks for {language}
	SourceLanguage string  `yaml:"source_language"` // in which the rewarding model was tuned
	Reference      string  `yaml:"reference"`       // fixed: the first model in every round | previous: the policy one round ago
	icr.Options    `yaml:",inline"`

	RewardModel      string `yaml:"reward_model"`      // the model that rewards, in every round; empty: the policy of the round
	RewardAdapter    string `yaml:"reward_adapter"`    // an adapter on it
	ReferenceModel   string `yaml:"reference_model"`   // the model that it came from; empty: model_name_or_path without adapter
	ReferenceAdapter string `yaml:"reference_adapter"` // an adapter on that

	EnglishPairs string       `yaml:"english_pairs"` // pairs to tune the policy on in English first; empty: it has been
	English      trainer.Args `yaml:"english"`       // that tuning, with the keys of train
	Translation  Asking       `yaml:"translation"`   // variant translated: how the policy translates its answers
}

// icrMethod lets a model that was tuned in English reward answers in other languages.
var icrMethod = method{
	key: "icr", section: func(r *Recipe) any { return r.ICR },
	about: func(r *Recipe) string {
		return fmt.Sprintf("rewarded by log π/π_ref (%s, reference %s), paired by argmax and argmin", r.ICR.Variant, r.ICR.Reference)
	},
	defaults: icrDefaults, validate: icrFaults,
	before: inEnglish,
	round: func(o *round) []stage {
		return []stage{{"prompts", o.prompts}, {"generate", o.generate}, {"translate answers", o.toEnglish}, {"reward", o.reward},
			{"pair", o.icrPairs}, {"train", o.train}, {"report", o.report}}
	},
}

// inEnglish tunes the policy in English first, where the recipe has pairs for it.
func inEnglish(r *run) (policy, []stage) {
	if r.ICR.EnglishPairs == "" {
		return policy{r.ModelNameOrPath, r.Adapter}, nil
	}
	o := r.english()
	return o.made(), []stage{{"english", o.train}}
}

// icrDefaults are the paper's, and of training, which it does not tell, those of a later work on its data (LaCoMSA).
func icrDefaults(r *Recipe) {
	r.Rounds.N = 2
	g := &r.Generate
	g.N, g.Temperature, g.MaxNewTokens = 10, 0.9, 2400
	t := &r.Train
	t.LearningRate, t.WarmupSteps, t.MaxLength, t.RPOAlpha = 1e-6, 20, 3072, 1
	english := r.Train
	english.RPOAlpha = 0
	ask := AskingDefaults()
	ask.Format = "tagged_lax"
	r.ICR = ICR{Beta: 1, Variant: "crosslingual", Prefix: icr.DefaultPrefix, SourceLanguage: "en", Reference: "fixed",
		Options: icr.Defaults(), English: english, Translation: ask}
}

func icrFaults(r *Recipe) (faults []error) {
	need := func(ok bool, format string, args ...any) {
		if !ok {
			faults = append(faults, fmt.Errorf(format, args...))
		}
	}
	i := r.ICR
	need(r.Generate.N >= 2, "generate.n: a pair needs two answers at least, found %d", r.Generate.N)
	need(i.Reference == "fixed" || i.Reference == "previous", "icr.reference: expected fixed or previous, found %q", i.Reference)
	need(i.Beta > 0, "icr.beta: expected a number above 0, found %v", i.Beta)
	need(i.EnglishPairs == "" || i.RewardModel == "", "icr.english_pairs: icr.reward_model is given, so nothing has to be tuned in English; remove one of the keys")
	need(i.EnglishPairs != "" || i.RewardModel != "" || i.ReferenceModel != "" || r.Adapter != "",
		"icr: expected a model tuned in English and the one it came from: set adapter (the tuned one), icr.reference_model (the one before), "+
			"icr.reward_model (another that rewards), or icr.english_pairs (to tune it first)")
	faults = append(faults, within("icr.", i.Options.Validate()), within("icr.", r.implicit().Validate()), within("icr.translation.", i.Translation.Validate()))
	for _, t := range []struct{ key, value string }{{"model_name_or_path", i.English.ModelNameOrPath}, {"adapter", i.English.Adapter},
		{"train_file", i.English.TrainFile}, {"output_dir", i.English.OutputDir}} {
		need(t.value == "", "icr.english.%s: a run decides this itself, found %q: remove the key", t.key, t.value)
	}
	return faults
}

// implicit are the options of the reward, without files and models.
func (r *Recipe) implicit() Implicit {
	return Implicit{Variant: r.ICR.Variant, Prefix: r.ICR.Prefix, SourceLanguage: r.ICR.SourceLanguage, PromptFormat: r.Generate.PromptFormat,
		Beta: r.ICR.Beta, MaxRows: r.Score.MaxRows}
}

// english is the tuning of the policy in English, as a round of its own folder.
func (r *run) english() *round {
	o := &round{Recipe: r.Recipe, run: r, start: policy{r.ModelNameOrPath, r.Adapter}}
	o.OutputDir = r.path("english")
	o.Train = r.ICR.English
	o.Train.ModelNameOrPath, o.Train.Adapter = r.ModelNameOrPath, r.Adapter
	o.Train.TrainFile, o.Train.OutputDir = r.ICR.EnglishPairs, o.path("adapter")
	return o
}

// toEnglish lets the policy translate its answers, for the variant that scores those.
func (o *round) toEnglish(ctx context.Context) error {
	if o.ICR.Variant != "translated" {
		return nil
	}
	return o.translations(o.ICR.SourceLanguage, o.ICR.Translation, true).Run(ctx, o.run.device, o.progress)
}

// reward scores the answers by the round's policy, or the model that the recipe names, against the reference.
func (o *round) reward(ctx context.Context) error {
	i, s := o.ICR, o.implicit()
	rewarding, reference := o.start, o.reference()
	if i.RewardModel != "" {
		rewarding = policy{i.RewardModel, i.RewardAdapter}
	}
	s.ModelNameOrPath, s.Adapter = rewarding.model, rewarding.adapter
	s.ReferenceModel, s.ReferenceAdapter = reference.model, reference.adapter
	s.Completions, s.Prompts, s.Out = o.Generate.Out, o.Generate.Prompts, o.Score.Out
	s.Translations = o.path("translations", "translations.jsonl")
	return s.Run(ctx, o.run.device, o.progress)
}

// reference is the model that the rewarding one is held against.
func (o *round) reference() policy {
	i := o.ICR
	switch {
	case i.Reference == "previous" && o.number > 0:
		return o.run.start(o.number - 1)
	case i.ReferenceModel != "":
		return policy{i.ReferenceModel, i.ReferenceAdapter}
	case i.EnglishPairs != "":
		return policy{o.ModelNameOrPath, o.Adapter}
	}
	return policy{o.ModelNameOrPath, ""}
}

// icrPairs makes the round's pairs of its rewards.
func (o *round) icrPairs(context.Context) error {
	return o.run.tell(ICRPairs(o.Score.Out, o.Train.TrainFile, o.ICR.Options))
}

// ICRPairs turns a file of implicit rewards into a pairs file, as Pairs does with scores.
func ICRPairs(scores, out string, o icr.Options) (report string, err error) {
	return pairsOf("pair icr", o, out, func() (found, error) {
		rows, err := readCandidates(scores)
		if err != nil {
			return found{}, err
		}
		pairs, report, err := icr.FromScores(rows, o)
		return foundPairs(pairs, report.String()), err
	}, scores)
}
