package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"croco/engine/tasks"
	"croco/eval"
	"croco/eval/results"
)

// evalCmd measures a model on a task, or says whether what two models did differs by more than noise.
type evalCmd struct {
	tasks.Eval
	Compare  []string `name:"compare" help:"Two folders of results (or results files, lm_eval's too): a paired test of every metric."`
	Before   string   `name:"before" help:"Scores file of the model before; with --after, a comparison per language."`
	After    string   `name:"after" help:"Scores file of the model after."`
	Markdown bool     `name:"markdown" help:"A table for a document."`
	JSON     bool     `name:"json" help:"The same as JSON."`
}

// Help stands under the help of croco eval.
func (evalCmd) Help() string {
	return `Three forms:
  croco eval --task TASK --data FILE --model_name_or_path DIR --out DIR    a model's results on a task
  croco eval --compare A B                                                 two folders of results, paired
  croco eval --before FILE --after FILE                                    two scores files, paired
docs/evaluation.md shows them at work, with the formats of the data.`
}

func (c *evalCmd) Run(ctx context.Context, t *console) error {
	switch {
	case c.Task != "" && (c.Compare != nil || c.Before+c.After != "") || c.Compare != nil && c.Before+c.After != "":
		return usageError{errors.New("expected one of --task, --compare, and --before with --after")}
	case c.Task != "":
		return c.measure(ctx, t)
	case c.Compare != nil:
		return c.compare(t)
	}
	return c.beforeAndAfter(t)
}

// measure runs a task.
func (c *evalCmd) measure(ctx context.Context, t *console) error {
	if err := need("data", c.Data, "model_name_or_path", c.ModelNameOrPath, "out", c.Out); err != nil {
		return err
	}
	if err := c.Check(); err != nil {
		return wrongUsage(err)
	}
	d, err := t.open()
	if err != nil {
		return err
	}
	run, err := c.Eval.Run(ctx, d, sayer{t}, t.progress())
	if err != nil {
		return err
	}
	if c.Markdown {
		fmt.Fprint(t.out, run.Grid().Markdown())
	} else {
		fmt.Fprint(t.out, run.Grid().Text())
	}
	return nil
}

// compare tests two runs against each other.
func (c *evalCmd) compare(t *console) error {
	if len(c.Compare) != 2 {
		return usageError{fmt.Errorf("--compare: expected two runs, found %d", len(c.Compare))}
	}
	a, err := results.Read(c.Compare[0])
	if err != nil {
		return err
	}
	b, err := results.Read(c.Compare[1])
	if err != nil {
		return err
	}
	compared, err := results.Compare(a, b)
	if err != nil {
		return err
	}
	switch {
	case c.JSON:
		raw, err := compared.JSON()
		if err != nil {
			return err
		}
		fmt.Fprintf(t.out, "%s\n", raw)
	case c.Markdown:
		fmt.Fprint(t.out, compared.Grid().Markdown())
	default:
		fmt.Fprint(t.out, compared.Grid().Text())
		fmt.Fprintln(t.out, strings.Join(compared.Words(), "\n"))
	}
	return nil
}

// beforeAndAfter compares two models by their scored answers to the same prompts.
func (c *evalCmd) beforeAndAfter(t *console) error {
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
