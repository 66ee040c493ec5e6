package engine

import (
	"context"
	"fmt"

	"croco/kernels"
)

// Evaluate are the options of measuring a model before and after: answers to held-out prompts, scored like the training
// answers. Both models answer with the same random numbers.
type Evaluate struct {
	N           int     `yaml:"n"`           // answers per held-out prompt
	Temperature float64 `yaml:"temperature"` // 0: greedy, where one answer is enough
	Seed        uint64  `yaml:"seed"`
}

// EvaluateDefaults are four sampled answers per prompt.
func EvaluateDefaults() Evaluate { return Evaluate{N: 4, Temperature: 1, Seed: 1042} }

// answer writes and scores the answers of one model to the held-out prompts: eval/NAME-completions.jsonl and
// eval/NAME.jsonl.
func (r *Recipe) answer(ctx context.Context, d kernels.Device, name, adapter string, progress Progress) error {
	g := r.Generate
	g.Adapter, g.Prompts, g.Out = adapter, r.path("prompts", "test.jsonl"), r.path("eval", name+"-completions.jsonl")
	g.N, g.Temperature, g.Seed = r.Eval.N, r.Eval.Temperature, r.Eval.Seed
	if err := g.Run(ctx, d, progress.named("eval: generate "+name)); err != nil {
		return fmt.Errorf("evaluation: %w", err)
	}
	s := r.Score
	s.Completions, s.Prompts, s.Out = g.Out, g.Prompts, r.path("eval", name+".jsonl")
	if err := s.Run(ctx, d, progress.named("eval: score "+name)); err != nil {
		return fmt.Errorf("evaluation: %w", err)
	}
	return nil
}

// named tells updates under another stage's name.
func (p Progress) named(stage string) Progress {
	return func(u Update) {
		u.Stage = stage
		p.tell(u)
	}
}
