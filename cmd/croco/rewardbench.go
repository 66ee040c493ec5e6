package main

import (
	"context"
	"fmt"

	"croco/engine"
)

// rewardBenchCmd tests which of two answers a reward model prefers.
type rewardBenchCmd struct {
	engine.RewardBench
	Markdown bool `name:"markdown" help:"A table for a document."`
}

// Help stands under the help of croco rewardbench.
func (rewardBenchCmd) Help() string {
	return `Accuracy per language and subset on files of M-RewardBench (id, prompt, chosen, rejected, language, subset) or of your own.
Where subsets are those of the benchmark, they are weighted into its four sections as its authors weight classifiers, and the
score is the mean of the sections. A tie is not right; a judge's reply without a verdict counts half.`
}

func (c *rewardBenchCmd) Run(ctx context.Context, t *console) error {
	if err := need("model_name_or_path", c.ModelNameOrPath, "pairs", c.Pairs, "out", c.Out); err != nil {
		return err
	}
	if err := c.Validate(); err != nil {
		return wrongUsage(err)
	}
	d, err := t.open()
	if err != nil {
		return err
	}
	s, err := c.RewardBench.Run(ctx, d, t.progress())
	if err != nil {
		return err
	}
	table := s.Table().Text()
	if c.Markdown {
		table = s.Table().Markdown()
	}
	fmt.Fprint(t.out, table)
	if s.Mean.Missing != "" {
		t.say("note: %s", s.Mean.Missing)
	}
	t.say("results of %d pairs in %s", s.Mean.Pairs, c.Out)
	return nil
}
