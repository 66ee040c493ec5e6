package main

import (
	"context"
	"fmt"

	"croco/dpo"
	"croco/engine/trainer"
)

// trainCmd holds the kinds of training.
type trainCmd struct {
	DPO dpoCmd `cmd:"" name:"dpo" help:"Direct preference optimisation on pairs of answers."`
	SFT sftCmd `cmd:"" name:"sft" help:"Supervised fine-tuning on prompts with completions."`
	RM  rmCmd  `cmd:"" name:"rm" aliases:"reward" help:"A Bradley–Terry reward model from pairs of answers."`
}

type dpoCmd struct{ training }

// Help stands under the help of croco train dpo.
func (dpoCmd) Help() string { return dpo.Guide() }

func (c *dpoCmd) Run(ctx context.Context, t *console) error { return c.run(ctx, t, trainer.DPO) }

type sftCmd struct{ training }

func (c *sftCmd) Run(ctx context.Context, t *console) error { return c.run(ctx, t, trainer.SFT) }

type rmCmd struct{ training }

func (c *rmCmd) Run(ctx context.Context, t *console) error { return c.run(ctx, t, trainer.Reward) }

// training is what the kinds have in common: the arguments of TRL and transformers.
type training struct {
	Config string `name:"config" help:"YAML file with any of these keys; flags go before it."`
	trainer.Args
}

func (c *training) run(ctx context.Context, t *console, kind trainer.Kind) error {
	if err := c.Args.Validate(kind); err != nil {
		return wrongUsage(err)
	}
	d, err := t.open()
	if err != nil {
		return err
	}
	l := &line{t: t}
	result, err := trainer.Run(ctx, trainer.Job{Kind: kind, Args: c.Args, Device: d, Log: t.log(),
		Ready: func(s trainer.Summary) { t.briefing(s, c.Args) },
		Progress: func(s trainer.Status) {
			logged := s.Step%c.LoggingSteps == 0 || s.Step == s.Steps
			l.show(stepText(s, readMemory()), logged)
			if logged {
				l.end()
			}
		}})
	l.end()
	if err != nil {
		return err
	}
	t.say("%d steps, mean loss %.4f", result.Steps, result.TrainLoss)
	for _, line := range closing(kind, c.Args) {
		t.say("%s", line)
	}
	return nil
}

// stepText is the line of a step.
func stepText(s trainer.Status, m memory) string {
	text := fmt.Sprintf("step %d/%d | loss %.4f", s.Step, s.Steps, s.Loss)
	for _, shown := range []struct{ key, name, format string }{{"rewards/margins", "margin", "%.3f"},
		{"rewards/accuracies", "acc", "%.2f"}, {"accuracy", "acc", "%.2f"}, {"mean_token_accuracy", "token acc", "%.2f"}} {
		if v, ok := s.Metrics[shown.key]; ok {
			text += fmt.Sprintf(" | %s "+shown.format, shown.name, v)
		}
	}
	text += fmt.Sprintf(" | grad %.2f | lr %.2g | %s tok/s", s.GradNorm, s.LearningRate, count(s.TokensPerSecond))
	if m.total > 0 {
		text += fmt.Sprintf(" | mem %s/%s", gib(m.used), gib(m.total))
	}
	if s.Step < s.Steps {
		text += " | eta " + brief(s.Left)
	}
	return text
}
