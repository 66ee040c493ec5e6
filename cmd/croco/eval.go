package main

import (
	"fmt"

	"croco/eval"
)

// evalCmd compares two models by their scored answers to the same prompts.
type evalCmd struct {
	Before   string `name:"before" help:"Scores file of the model before."`
	After    string `name:"after" help:"Scores file of the model after."`
	Markdown bool   `name:"markdown" help:"A table for a document."`
	JSON     bool   `name:"json" help:"The same as JSON."`
}

func (c *evalCmd) Run(t *console) error {
	if err := need("before", c.Before, "after", c.After); err != nil {
		return err
	}
	before, err := eval.Read(c.Before)
	if err != nil {
		return err
	}
	after, err := eval.Read(c.After)
	if err != nil {
		return err
	}
	table, err := eval.Compare(before, after, eval.Options{})
	if err != nil {
		return err
	}
	switch {
	case c.JSON:
		raw, err := table.JSON()
		if err != nil {
			return err
		}
		fmt.Fprintf(t.out, "%s\n", raw)
	case c.Markdown:
		fmt.Fprint(t.out, table.Markdown())
	default:
		fmt.Fprint(t.out, table)
		for _, line := range table.Headline() {
			fmt.Fprintln(t.out, line)
		}
	}
	return nil
}
