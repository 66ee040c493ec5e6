package main

import (
	"context"
	"fmt"
	"path/filepath"

	"croco/engine"
	"croco/engine/demo"
	"croco/engine/trainer"
)

// demoCmd plays the whole loop in the toy world.
type demoCmd struct {
	Out   string `name:"out" default:"out/demo" help:"Folder for everything that the demo writes."`
	Seed  uint64 `name:"seed" default:"0" help:"Seed of tasks, answers and training."`
	Tasks int    `name:"tasks" default:"0" help:"Tasks to tune on; 0: 128."`
	Tests int    `name:"tests" default:"0" help:"Tasks to measure with; 0: 240."`
}

func (c *demoCmd) Run(ctx context.Context, t *console) error {
	d, err := t.open()
	if err != nil {
		return err
	}
	hooks, end := t.hooks()
	defer end()
	if err := demo.Run(ctx, d, demo.Options{Dir: c.Out, Seed: c.Seed, Tasks: c.Tasks, Tests: c.Tests}, hooks); err != nil {
		return err
	}
	end()
	t.say("the page: %s", filepath.Join(c.Out, "report.html"))
	return nil
}

// hooks tell a run on the console: findings to standard output, progress beside it. end closes the progress line.
func (t *console) hooks() (engine.Hooks, func()) {
	l := &line{t: t}
	return engine.Hooks{
		Log:      t.log(),
		Progress: l.progress(),
		Say: func(text string) {
			l.end()
			fmt.Fprintln(t.out, text)
		},
		Step: func(s trainer.Status) {
			l.show(stepText(s, readMemory()), s.Step == s.Steps)
			if s.Step == s.Steps {
				l.end()
			}
		},
	}, l.end
}
