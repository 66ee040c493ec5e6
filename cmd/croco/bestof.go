package main

import (
	"encoding/json"
	"fmt"

	"croco/engine"
	"croco/eval/bestof"
)

// bestOfCmd picks the best of n scored answers.
type bestOfCmd struct {
	engine.BestOf
	Markdown bool `name:"markdown" help:"A table for a document."`
	JSON     bool `name:"json" help:"The same as JSON."`
}

func (c *bestOfCmd) Run(t *console) error {
	if err := need("scores", c.Scores); err != nil {
		return err
	}
	points, err := c.BestOf.Run()
	if err != nil {
		return err
	}
	table := bestof.Table(points)
	switch {
	case c.JSON:
		raw, err := json.MarshalIndent(points, "", "  ")
		if err != nil {
			return err
		}
		fmt.Fprintf(t.out, "%s\n", raw)
	case c.Markdown:
		fmt.Fprint(t.out, table.Markdown())
	default:
		fmt.Fprint(t.out, table.Text())
	}
	if c.Out != "" {
		t.say("the best answer to every prompt: %s", c.Out)
	}
	return nil
}
