package demo

import (
	"fmt"
	"slices"
	"strings"

	"croco/internal/jsonl"
	"croco/reward"
	"croco/toyworld"
)

// example is the likeliest answer to one test prompt before and after tuning with the penalty.
type example struct {
	Language, Prompt, Before, After string
	BeforeQuality, AfterQuality     float64
}

type examples []example

// examples picks, from the test prompts in order, up to four gains in different languages and up to two losses.
func (s *story) examples() (examples, error) {
	before, err := jsonl.All[reward.Scored](s.path("eval", "base-greedy.jsonl"))
	if err != nil {
		return nil, err
	}
	after, err := jsonl.All[reward.Scored](s.path("eval", "penalty-greedy.jsonl"))
	if err != nil {
		return nil, err
	}
	var gains, losses examples
	for i := range before {
		x, err := newExample(before[i], after[i])
		if err != nil {
			return nil, err
		}
		same := func(y example) bool { return y.Language == x.Language }
		switch {
		case x.AfterQuality > x.BeforeQuality && len(gains) < 4 && !slices.ContainsFunc(gains, same):
			gains = append(gains, x)
		case x.AfterQuality < x.BeforeQuality && len(losses) < 2 && !slices.ContainsFunc(losses, same):
			losses = append(losses, x)
		}
	}
	return append(gains, losses...), nil
}

func newExample(before, after reward.Scored) (x example, err error) {
	t, err := toyworld.ParseTask(string(before.ID))
	if err != nil {
		return x, err
	}
	x.Language, x.Prompt = before.Language, toyworld.Text(toyworld.Prompt(t, before.Language), before.Language)
	for _, side := range []struct {
		row     reward.Scored
		text    *string
		quality *float64
	}{{before, &x.Before, &x.BeforeQuality}, {after, &x.After, &x.AfterQuality}} {
		answer, _ := toyworld.Strip(side.row.CompletionIDs)
		*side.text = toyworld.Text(answer, x.Language)
		j, err := judge(side.row.Completion)
		if err != nil {
			return x, err
		}
		*side.quality = j.Quality
	}
	return x, nil
}

func (e examples) String() string {
	var b strings.Builder
	b.WriteString("Likeliest answers before and after (b), gains and losses:\n")
	for _, x := range e {
		mark := "gain"
		if x.AfterQuality < x.BeforeQuality {
			mark = "loss"
		}
		fmt.Fprintf(&b, "\n  %s, %s  %s\n    before %3.0f %%  %s\n    after  %3.0f %%  %s\n", x.Language, mark, x.Prompt,
			100*x.BeforeQuality, x.Before, 100*x.AfterQuality, x.After)
	}
	return b.String()
}
