package engine

import (
	"context"
	"fmt"
)

// Evaluate are the options of measuring a model before and after: answers to held-out prompts, scored like the training
// answers. Both models answer with the same random numbers.
type Evaluate struct {
	N           int     `yaml:"n"`           // answers per held-out prompt
	Temperature float64 `yaml:"temperature"` // 0: greedy, where one answer is enough
	Seed        uint64  `yaml:"seed"`
	EveryRound  bool    `yaml:"every_round"` // measure the policies between the rounds, too
}

// EvaluateDefaults are four sampled answers per prompt.
func EvaluateDefaults() Evaluate { return Evaluate{N: 4, Temperature: 1, Seed: 1042} }

// evaluate measures the policies before the first and after the last round on the held-out prompts, where there are some,
// and writes eval/summary.json; with every_round those between, too.
func (r *run) evaluate(ctx context.Context) error {
	if len(r.Prompts.Test) == 0 {
		return nil
	}
	for k := range r.Rounds.N + 1 {
		name := fmt.Sprintf("round-%d", k)
		switch {
		case k == 0:
			name = "before"
		case k == r.Rounds.N:
			name = "after"
		case !r.Eval.EveryRound:
			continue
		}
		if err := r.answer(ctx, name, r.start(k)); err != nil {
			return fmt.Errorf("evaluation: %w", err)
		}
	}
	return r.compare()
}

// answer writes and scores the answers of one policy to the held-out prompts: eval/NAME-completions.jsonl and
// eval/NAME.jsonl.
func (r *run) answer(ctx context.Context, name string, p policy) error {
	g := r.Generate
	g.ModelNameOrPath, g.Adapter = p.model, p.adapter
	g.Prompts, g.Out = r.path("prompts", "test.jsonl"), r.path("eval", name+"-completions.jsonl")
	g.N, g.Temperature, g.Seed = r.Eval.N, r.Eval.Temperature, r.Eval.Seed
	if err := g.Run(ctx, r.device, r.hooks.Progress.named("eval: generate "+name)); err != nil {
		return err
	}
	s := r.Score
	s.Completions, s.Prompts, s.Out = g.Out, g.Prompts, r.path("eval", name+".jsonl")
	return s.Run(ctx, r.device, r.hooks.Progress.named("eval: score "+name))
}

// named tells updates under another stage's name.
func (p Progress) named(stage string) Progress {
	return func(u Update) {
		u.Stage = stage
		p.tell(u)
	}
}
