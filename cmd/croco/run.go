package main

import (
	"context"
	"os"
	"path/filepath"

	"croco/engine"
	"croco/recipes"
)

// runCmd runs what is missing of a recipe.
type runCmd struct {
	Recipe string   `arg:"" help:"The recipe, a YAML file; croco init writes one."`
	Out    string   `name:"out" help:"Run folder, in place of the recipe's output_dir."`
	Set    []string `name:"set" sep:"none" help:"Change a key of the recipe: --set train.learning_rate=1e-5."`
}

func (c *runCmd) Run(ctx context.Context, t *console) error {
	r, err := engine.ReadRecipe(c.Recipe, c.Set)
	if err != nil {
		return wrongUsage(err)
	}
	if c.Out != "" {
		r.OutputDir = c.Out
	}
	if t.device == "auto" {
		t.device = r.Device
	}
	if t.threads == 0 {
		t.threads = r.Threads
	}
	if t.dtype == "auto" {
		t.dtype = r.DType
	}
	if err := r.Validate(); err != nil {
		return wrongUsage(err)
	}
	d, err := t.open()
	if err != nil {
		return err
	}
	hooks, end := t.hooks()
	defer end()
	hooks.Ready = t.briefing
	if err := r.Run(ctx, d, hooks); err != nil {
		return err
	}
	end()
	t.say("everything is in %s; open %s/report.html", r.OutputDir, r.OutputDir)
	return nil
}

// initCmd writes a commented recipe.
type initCmd struct {
	Recipe string `arg:"" optional:"" default:"croco" help:"Which: a method by its paper (croco, icr, lidr, …), or a real run on a laptop (smollm2, gemma3, icr-gemma3)."`
	Out    string `name:"out" default:"recipe.yaml" help:"File to write."`
}

func (c *initCmd) Run(t *console) error {
	raw, err := recipes.Read(c.Recipe)
	if err != nil {
		return wrongUsage(err)
	}
	f, err := os.OpenFile(c.Out, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644) // never over somebody's recipe
	if err != nil {
		return err
	}
	if _, err := f.Write(raw); err != nil {
		f.Close()
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	t.say("%s: the recipe %s; edit it, then: croco run %s", c.Out, c.Recipe, c.Out)
	return nil
}

// reportCmd writes report.html of a run folder again.
type reportCmd struct {
	Dir string `arg:"" help:"A run folder."`
	Out string `name:"out" help:"File for the page; without it report.html in the folder."`
}

func (c *reportCmd) Run(t *console) error {
	out := c.Out
	if out == "" {
		out = filepath.Join(c.Dir, "report.html")
	}
	if err := engine.WriteReport(c.Dir, out); err != nil {
		return err
	}
	t.say("the page: %s", out)
	return nil
}
