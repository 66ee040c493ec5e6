package engine

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"croco/engine/trainer"
	"croco/pairing"
)

// Recipe is a whole run: prompts → completions → scores → pairs → adapter → evaluation. Every stage takes its options
// from its section; files between the stages lie in the run folder.
type Recipe struct {
	ModelNameOrPath string `yaml:"model_name_or_path"` // the model that is tuned on its own answers
	Adapter         string `yaml:"adapter"`            // a LoRA adapter to start from
	OutputDir       string `yaml:"output_dir"`         // the run folder
	Seed            uint64 `yaml:"seed"`               // of every stage whose section names none
	Device          string `yaml:"device"`             // auto | cpu | cuda | reference
	Threads         int    `yaml:"threads"`            // 0: one per core

	Prompts  PromptFiles     `yaml:"prompts"`
	Generate Generate        `yaml:"generate"`
	Score    Score           `yaml:"score"`
	Pair     pairing.Options `yaml:"pair"`
	Train    trainer.Args    `yaml:"train"`
	Eval     Evaluate        `yaml:"eval"`
}

// PromptFiles are the prompts of a run.
type PromptFiles struct {
	Train []string `yaml:"train"` // one file with languages, or one per language, named PROMPTS_LANGUAGE.jsonl
	Test  []string `yaml:"test"`  // held-out prompts for the evaluation; none: no evaluation
	Limit int      `yaml:"limit"` // only the first lines, in every language; 0: all
}

// Defaults is the recipe of CroCo's paper, but for models and prompts, which it cannot know, and the sizes of the
// machines: see recipes/croco.yaml.
func Defaults() Recipe {
	r := Recipe{OutputDir: "out", Seed: 42, Device: "auto", Generate: GenerateDefaults(), Score: ScoreDefaults(),
		Pair: pairing.Defaults(), Train: trainer.Defaults(trainer.DPO), Eval: EvaluateDefaults()}
	r.Generate.N, r.Generate.MaxNewTokens, r.Generate.PromptFormat = 64, 4096, "chat"
	t := &r.Train
	t.LearningRate, t.LRSchedulerType, t.WarmupRatio, t.WeightDecay = 5e-6, "cosine", 0.05, 0.01
	t.NumTrainEpochs, t.MaxLength, t.LoggingSteps, t.SaveStrategy = 1, 4096, 1, "epoch"
	t.PerDeviceTrainBatchSize, t.GradientAccumulationSteps = 1, 64
	return r
}

// Folder of the run's files.
func (r *Recipe) path(parts ...string) string {
	return filepath.Join(append([]string{r.OutputDir}, parts...)...)
}

// resolve hands the run's settings down to the stages and their files. Sections may not name what the run decides.
func (r *Recipe) resolve() error {
	for _, taken := range []struct{ key, value string }{
		{"generate.prompts", r.Generate.Prompts}, {"generate.out", r.Generate.Out}, {"generate.shard", r.Generate.Shard},
		{"generate.model_name_or_path", r.Generate.ModelNameOrPath}, {"generate.adapter", r.Generate.Adapter},
		{"score.completions", r.Score.Completions}, {"score.out", r.Score.Out}, {"score.prompts", r.Score.Prompts}, {"score.shard", r.Score.Shard},
		{"train.model_name_or_path", r.Train.ModelNameOrPath}, {"train.adapter", r.Train.Adapter},
		{"train.train_file", r.Train.TrainFile}, {"train.output_dir", r.Train.OutputDir},
	} {
		if taken.value != "" {
			return fmt.Errorf("%s: a run decides this itself, found %q: remove the key", taken.key, taken.value)
		}
	}
	r.Generate.ModelNameOrPath, r.Generate.Adapter = r.ModelNameOrPath, r.Adapter
	r.Generate.Prompts, r.Generate.Out = r.path("prompts", "prompts.jsonl"), r.path("completions", "completions.jsonl")
	r.Score.Completions, r.Score.Out = r.Generate.Out, r.path("scores", "scores.jsonl")
	r.Score.Prompts = r.Generate.Prompts
	r.Train.ModelNameOrPath, r.Train.Adapter = r.ModelNameOrPath, r.Adapter
	r.Train.TrainFile, r.Train.OutputDir = r.path("pairs", "pairs.jsonl"), r.path("adapter")
	return nil
}

// Validate says what is missing or impossible before anything runs, all of it at once.
func (r *Recipe) Validate() error {
	var faults []error
	need := func(ok bool, format string, args ...any) {
		if !ok {
			faults = append(faults, fmt.Errorf(format, args...))
		}
	}
	need(r.ModelNameOrPath != "", "model_name_or_path: expected the folder of a language model, found nothing")
	need(len(r.Prompts.Train) > 0, "prompts.train: expected one file of prompts or more, found none")
	need(r.Score.ModelNameOrPath != "" || len(r.Score.Rules) > 0, "score: expected model_name_or_path (a reward model), rules, or both")
	need(r.Generate.N >= 2, "generate.n: a pair needs two answers at least, found %d", r.Generate.N)
	need(r.OutputDir != "", "output_dir: expected a folder")
	need(!r.Train.BF16, "train.bf16: training computes in float32 here; remove the key")
	if err := r.Pair.Validate(); err != nil {
		faults = append(faults, fmt.Errorf("pair.%w", err))
	}
	return errors.Join(faults...)
}

// describe is one line per fact for the start of a run.
func (r *Recipe) describe() string {
	judge := r.Score.ModelNameOrPath
	if judge == "" {
		judge = "rules"
	} else if len(r.Score.Rules) > 0 {
		judge += " and rules"
	}
	return fmt.Sprintf("%s: %d answers per prompt of %s, scored by %s, paired by %s/%s, into %s", r.ModelNameOrPath, r.Generate.N,
		strings.Join(r.Prompts.Train, ", "), judge, r.Pair.Scope, r.Pair.RejectTarget, r.OutputDir)
}
