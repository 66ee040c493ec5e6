package engine

import (
	"errors"
	"fmt"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"croco/engine/trainer"
	"croco/pairing"
)

// Recipe is a whole run: prompts → completions → scores → pairs → adapter → evaluation. Every stage takes its options
// from its section; files between the stages lie in the run folder.
type Recipe struct {
	Method          string `yaml:"method"`             // croco | icr | lidr | cm-align | mapo | rm-transfer | murating: how answers become pairs
	ModelNameOrPath string `yaml:"model_name_or_path"` // the model that is tuned on its own answers
	Adapter         string `yaml:"adapter"`            // a LoRA adapter to start from
	OutputDir       string `yaml:"output_dir"`         // the run folder
	Seed            uint64 `yaml:"seed"`               // of every stage whose section names none
	Device          string `yaml:"device"`             // auto | cpu | cuda | reference
	Threads         int    `yaml:"threads"`            // 0: one per core
	DType           string `yaml:"dtype"`              // the arithmetic: auto | float32 | bfloat16

	Rounds    Rounds          `yaml:"rounds"`
	Translate Translate       `yaml:"translate"`
	Prompts   PromptFiles     `yaml:"prompts"`
	Generate  Generate        `yaml:"generate"`
	Score     Score           `yaml:"score"`
	Pair      pairing.Options `yaml:"pair,omitempty"`     // methods croco, cm-align, mapo, rm-transfer
	ICR       ICR             `yaml:"icr,omitempty"`      // method icr
	LIDR      LIDR            `yaml:"lidr,omitempty"`     // method lidr
	CMAlign   CMAlign         `yaml:"cm_align,omitempty"` // method cm-align
	MAPO      MAPO            `yaml:"mapo,omitempty"`     // method mapo
	Reward    RewardModel     `yaml:"reward,omitempty"`   // methods rm-transfer, murating
	Train     trainer.Args    `yaml:"train"`
	Eval      Evaluate        `yaml:"eval"`
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
	r, err := DefaultsOf("croco")
	if err != nil {
		panic(err)
	}
	return r
}

// DefaultsOf are the defaults of a method: those of its paper. recipes/METHOD.yaml has them with comments.
func DefaultsOf(name string) (Recipe, error) {
	m, err := methodOf(name)
	if err != nil {
		return Recipe{}, err
	}
	r := Recipe{Method: name, OutputDir: "out", Seed: 42, Device: "auto", DType: "auto", Rounds: Rounds{N: 1, Prompts: "repeat"}, Translate: TranslateDefaults(),
		Generate: GenerateDefaults(), Score: ScoreDefaults(), Train: trainer.Defaults(trainer.DPO), Eval: EvaluateDefaults()}
	r.Generate.PromptFormat = "chat"
	t := &r.Train
	t.LRSchedulerType, t.NumTrainEpochs, t.LoggingSteps, t.SaveStrategy = "cosine", 1, 1, "epoch"
	t.PerDeviceTrainBatchSize, t.GradientAccumulationSteps = 1, 64
	m.defaults(&r)
	return r, nil
}

// Folder of the run's files.
func (r *Recipe) path(parts ...string) string {
	return filepath.Join(append([]string{r.OutputDir}, parts...)...)
}

// taken refuses keys of sections that name what the run itself decides.
func (r *Recipe) taken() error {
	for _, t := range []struct{ key, value string }{
		{"generate.prompts", r.Generate.Prompts}, {"generate.out", r.Generate.Out}, {"generate.shard", r.Generate.Shard},
		{"generate.model_name_or_path", r.Generate.ModelNameOrPath}, {"generate.adapter", r.Generate.Adapter},
		{"score.completions", r.Score.Completions}, {"score.out", r.Score.Out}, {"score.prompts", r.Score.Prompts}, {"score.shard", r.Score.Shard},
		{"translate.output_dir", r.Translate.OutputDir},
		{"train.model_name_or_path", r.Train.ModelNameOrPath}, {"train.adapter", r.Train.Adapter},
		{"train.train_file", r.Train.TrainFile}, {"train.output_dir", r.Train.OutputDir},
	} {
		if t.value != "" {
			return fmt.Errorf("%s: a run decides this itself, found %q: remove the key", t.key, t.value)
		}
	}
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
	m, err := methodOf(r.Method)
	if err != nil {
		return err
	}
	tunes := m.round != nil
	need(!tunes || r.ModelNameOrPath != "", "model_name_or_path: expected the folder of a language model, found nothing")
	need(!tunes || len(r.Prompts.Train) > 0 || r.Translate.Source != "", "prompts.train: expected one file of prompts or more (or translate.source), found none")
	need(r.judged() || len(r.Prompts.Test) == 0, "score: expected model_name_or_path (a reward model), rules, or both, to measure the answers to prompts.test with")
	need(r.OutputDir != "", "output_dir: expected a folder")
	need(!r.Train.BF16, "train.bf16: training computes in float32 here; remove the key")
	need(r.Rounds.N >= 1, "rounds.n: expected one round or more, found %d", r.Rounds.N)
	need(r.Rounds.Prompts == "repeat" || r.Rounds.Prompts == "divide", "rounds.prompts: expected repeat or divide, found %q", r.Rounds.Prompts)
	if r.Translate.Source != "" {
		need(r.Translate.ModelNameOrPath != "", "translate.model_name_or_path: expected the folder of a translator, found nothing")
		if err := r.Translate.Check(); err != nil {
			faults = append(faults, fmt.Errorf("translate.%w", err))
		}
	}
	for name, other := range methods {
		own := other.key == m.key || slices.Contains(m.also, other.key)
		need(own || other.section == nil || reflect.ValueOf(other.section(r)).IsZero(), "%s: belongs to method %s, and the method is %s", other.key, name, r.Method)
	}
	return errors.Join(append(faults, m.validate(r)...)...)
}

// judged says whether there is something to score answers with.
func (r *Recipe) judged() bool {
	return r.Score.ModelNameOrPath != "" || len(r.Score.Rules) > 0 || r.Reward.TrainFile != ""
}

// judge names it.
func (r *Recipe) judge() string {
	judge := r.Score.ModelNameOrPath
	if judge == "" {
		judge = "rules"
	} else if len(r.Score.Rules) > 0 {
		judge += " and rules"
	}
	return judge
}

// describe is one line per fact for the start of a run.
func (r *Recipe) describe() string {
	m, err := methodOf(r.Method)
	if err != nil {
		panic(err) // Validate has asked
	}
	if m.round == nil {
		return fmt.Sprintf("%s, into %s", m.about(r), r.OutputDir)
	}
	prompts := r.Prompts.Train
	if r.Translate.Source != "" {
		prompts = append(slices.Clone(prompts), fmt.Sprintf("%s in %s", r.Translate.Source, strings.Join(r.Translate.Languages, ", ")))
	}
	text := fmt.Sprintf("%s: %d answers per prompt of %s, %s, into %s", r.ModelNameOrPath, r.Generate.N, strings.Join(prompts, ", "), m.about(r), r.OutputDir)
	if r.Rounds.N > 1 {
		text += fmt.Sprintf(", in %d rounds", r.Rounds.N)
	}
	return text
}
