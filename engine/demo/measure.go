package demo

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"

	"croco/engine"
	"croco/eval"
	"croco/internal/jsonl"
	"croco/kernels"
	"croco/reward"
	"croco/sampler"
	"croco/toyworld"
)

// measured is what the test tasks say of one model.
type measured struct {
	sampled, greedy []eval.Answer // with true quality; scored by the reward model
	translation     float64       // share of translations that are wholly right, greedy
}

// measure answers the test prompts with the policy under an adapter ("" for none), greedily and sampled, and judges the
// answers. Files are dir/NAME-….jsonl.
func (s *story) measure(ctx context.Context, name, adapter string) (m measured, err error) {
	t := toyworld.Tuning
	if m.sampled, err = s.answer(ctx, name+"-sampled", adapter, t.SampledAnswers, t.Temperature); err != nil {
		return m, err
	}
	if m.greedy, err = s.answer(ctx, name+"-greedy", adapter, t.GreedyAnswers, 0); err != nil {
		return m, err
	}
	g := s.generation(adapter, s.path("prompts", "translations.jsonl"), s.path("eval", name+"-translations.jsonl"), 1, 0)
	if err := g.Run(ctx, s.device, s.hooks.Progress); err != nil {
		return m, err
	}
	rows, err := jsonl.All[sampler.Completion](g.Out)
	if err != nil {
		return m, err
	}
	for i, row := range rows {
		if answer, ended := toyworld.Strip(row.CompletionIDs); ended && slices.Equal(answer, s.translations[i].Gold) {
			m.translation += 1 / float64(len(rows))
		}
	}
	return m, nil
}

// answer writes, scores and judges n answers to each test prompt.
func (s *story) answer(ctx context.Context, name, adapter string, n int, temperature float64) ([]eval.Answer, error) {
	g := s.generation(adapter, s.path("prompts", "test.jsonl"), s.path("eval", name+"-completions.jsonl"), n, temperature)
	if err := g.Run(ctx, s.device, s.hooks.Progress); err != nil {
		return nil, err
	}
	scores := s.scoring(g.Out, s.path("eval", name+".jsonl"))
	if err := scores.Run(ctx, s.device, s.hooks.Progress); err != nil {
		return nil, err
	}
	return judged(scores.Out)
}

// generation and scoring are the stages' options for the toy models.
func (s *story) generation(adapter, prompts, out string, n int, temperature float64) engine.Generate {
	g := engine.GenerateDefaults()
	g.ModelNameOrPath, g.Adapter, g.Prompts, g.Out = s.path("models", "policy"), adapter, prompts, out
	g.N, g.Temperature, g.Seed, g.MaxNewTokens, g.MaxRows = n, temperature, s.seed, toyworld.Tuning.MaxNewTokens, 256
	return g
}

func (s *story) scoring(completions, out string) engine.Score {
	o := engine.ScoreDefaults()
	o.ModelNameOrPath, o.Completions, o.Out, o.Detect = s.path("models", "reward"), completions, out, detect
	return o
}

// judged reads scored answers and adds their true quality.
func judged(path string) ([]eval.Answer, error) {
	rows, err := jsonl.All[reward.Scored](path)
	if err != nil {
		return nil, err
	}
	answers := eval.FromScored(rows)
	for i, row := range rows {
		j, err := judge(row.Completion)
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", path, i+1, err)
		}
		answers[i].Quality, answers[i].Pass = j.Quality, eval.Share(j.Pass)
		answers[i].RightLanguage = eval.Share(j.RightLanguage)
	}
	return answers, nil
}

// accuracies is the reward model's report card: on held-out pairs in each language how often it is right, and how often
// it prefers the right-language answer to the same answer in English.
type accuracies struct{ right, ownLanguage map[string]float64 }

func (s *story) reportCard(d kernels.Device) (accuracies, error) {
	policy, err := openToy(s.path("models", "policy"), d)
	if err != nil {
		return accuracies{}, err
	}
	defer policy.Close()
	judge, err := openToy(s.path("models", "reward"), d)
	if err != nil {
		return accuracies{}, err
	}
	defer judge.Close()
	card := accuracies{map[string]float64{}, map[string]float64{}}
	for _, l := range toyworld.Languages() {
		o := toyworld.ReportCard(l)
		if s.tests < toyworld.Tuning.TestTasks { // a small demo has a small card
			o.Tasks = s.tests
		}
		card.right[l] = Accuracy(judge, toyworld.InLanguage(toyworld.PreferencePairs(o, Sample(policy, o.Seed))))
		if l != "en" {
			card.ownLanguage[l] = Accuracy(judge, toyworld.AgainstEnglish(toyworld.Tasks(toyworld.Test, 100, o.Seed), l, o.Seed))
		}
	}
	return card, nil
}

func (s *story) path(parts ...string) string {
	return filepath.Join(append([]string{s.dir}, parts...)...)
}
