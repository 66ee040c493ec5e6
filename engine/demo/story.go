package demo

import (
	"context"
	"fmt"
	"time"

	"croco/engine"
	"croco/engine/trainer"
	"croco/kernels"
	"croco/model"
	"croco/pairing"
	"croco/toyworld"
)

// story is one run of the demo.
type story struct {
	dir          string
	seed         uint64
	device       kernels.Device
	hooks        engine.Hooks
	tasks        []toyworld.Task // to tune on
	tests        int             // tasks to measure with
	translations []toyworld.Translation

	card               accuracies
	base, raw, penalty measured
}

// Options of the demo.
type Options struct {
	Dir   string // everything is written here
	Seed  uint64
	Tasks int // to tune on; 0: those of toyworld.Tuning
	Tests int // to measure with; 0: likewise
}

// Run plays the demo: 32 answers to each of 128 tasks in four languages, scored by a reward model that has seen only
// English; preference tuning twice on the same answers, by the raw scores and with a penalty for the wrong language; and
// the truth about all three models, in six languages.
func Run(ctx context.Context, d kernels.Device, o Options, h engine.Hooks) error {
	t := toyworld.Tuning
	if o.Tasks == 0 {
		o.Tasks = t.Tasks
	}
	if o.Tests == 0 {
		o.Tests = t.TestTasks
	}
	begin := time.Now()
	s := &story{dir: o.Dir, seed: o.Seed, device: d, hooks: h, tests: o.Tests}
	if err := s.prepare(o); err != nil {
		return err
	}
	answers, scores := s.path("completions", "completions.jsonl"), s.path("scores", "scores.jsonl")
	g := s.generation("", s.path("prompts", "prompts.jsonl"), answers, t.SamplesPerPrompt, t.Temperature)
	if err := g.Run(ctx, d, h.Progress); err != nil {
		return err
	}
	scoring := s.scoring(answers, scores)
	if err := scoring.Run(ctx, d, h.Progress); err != nil {
		return err
	}
	raw := pairing.Defaults()
	penalty := raw
	penalty.LanguageFilter, penalty.LanguagePenalty = "penalty", t.LanguagePenalty
	for _, arm := range []struct {
		name    string
		options pairing.Options
	}{{"raw", raw}, {"penalty", penalty}} {
		if err := s.tune(ctx, arm.name, scores, arm.options); err != nil {
			return err
		}
	}
	var err error
	if s.card, err = s.reportCard(d); err != nil {
		return err
	}
	for _, m := range []struct {
		of            *measured
		name, adapter string
	}{{&s.base, "base", ""}, {&s.raw, "raw", s.path("raw", "adapter")}, {&s.penalty, "penalty", s.path("penalty", "adapter")}} {
		if *m.of, err = s.measure(ctx, m.name, m.adapter); err != nil {
			return err
		}
	}
	return s.tell(time.Since(begin))
}

// prepare writes the models and the prompts.
func (s *story) prepare(o Options) error {
	if err := Unpack(s.path("models")); err != nil {
		return err
	}
	s.tasks = toyworld.Tasks(toyworld.Tune, o.Tasks, s.seed)
	tests := toyworld.Tasks(toyworld.Test, o.Tests, s.seed)
	if err := writePrompts(s.path("prompts", "prompts.jsonl"), s.tasks, toyworld.Tuning.Languages); err != nil {
		return err
	}
	if err := writePrompts(s.path("prompts", "test.jsonl"), tests, toyworld.Languages()); err != nil {
		return err
	}
	s.translations = toyworld.Translations(tests[:min(len(tests), 20)], s.seed)
	return writeTranslations(s.path("prompts", "translations.jsonl"), s.translations)
}

// tune pairs the scored answers and trains an adapter, in NAME/pairs/pairs.jsonl and NAME/adapter.
func (s *story) tune(ctx context.Context, name, scores string, o pairing.Options) error {
	pairs := s.path(name, "pairs", "pairs.jsonl")
	if _, err := engine.Pairs(scores, pairs, o); err != nil {
		return err
	}
	t, a := toyworld.Tuning, trainer.Defaults(trainer.DPO)
	a.ModelNameOrPath, a.TrainFile, a.OutputDir = s.path("models", "policy"), pairs, s.path(name, "adapter")
	a.LoraR, a.LoraAlpha, a.LoraTargetModules = t.Rank, float64(t.Alpha), nil
	a.PerDeviceTrainBatchSize, a.NumTrainEpochs, a.MaxLength = t.BatchSize, float64(t.Epochs), toyworld.Policy.MaxPositionEmbeddings
	a.LearningRate, a.LRSchedulerType, a.WarmupRatio, a.WeightDecay, a.MaxGradNorm = t.LearningRate, "cosine", t.WarmupShare, t.WeightDecay, t.MaxNorm
	a.Beta, a.Seed, a.LoggingSteps, a.GradientCheckpointing, a.SaveStrategy = t.Beta, s.seed, 1, new(false), "no"
	return engine.Train(ctx, trainer.Job{Kind: trainer.DPO, Args: a, Device: s.device, Log: s.hooks.Log, Progress: s.hooks.Step})
}

func openToy(dir string, d kernels.Device) (*model.Model, error) {
	m, err := model.Open(dir, model.Options{Device: d})
	if err != nil {
		return nil, fmt.Errorf("the demo's model: %w", err)
	}
	return m, nil
}
