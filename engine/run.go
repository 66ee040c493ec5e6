package engine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"

	"croco/engine/report"
	"croco/engine/trainer"
	"croco/eval"
	"croco/internal/jsonl"
	"croco/kernels"
	"croco/reward"
	"croco/sampler"
)

// Hooks are told how a run goes. Any of them may be nil.
type Hooks struct {
	Log      *slog.Logger
	Say      func(text string) // what a stage found, for people: several lines
	Progress Progress
	Ready    func(trainer.Summary) // before the first step of training
	Step     func(trainer.Status)
}

func (h Hooks) Tell(format string, args ...any) {
	if h.Say != nil {
		h.Say(fmt.Sprintf(format, args...))
	}
}

// Run runs what is missing of a recipe, stage by stage, in its run folder:
//
//	prompts → completions → scores → pairs → adapter → eval → report.html
//
// Each stage goes on where its file ends, so a run that was stopped anywhere and started again makes the same files.
func (r Recipe) Run(ctx context.Context, d kernels.Device, h Hooks) error {
	if err := errors.Join(r.Validate(), r.resolve()); err != nil {
		return err
	}
	release, err := Lock(r.OutputDir)
	if err != nil {
		return err
	}
	defer release()
	h.Tell("%s", r.describe())
	if err := r.keep(); err != nil {
		return err
	}
	tested, err := r.preparePrompts()
	if err != nil {
		return err
	}
	if err := r.Generate.Run(ctx, d, h.Progress); err != nil {
		return err
	}
	if err := r.Score.Run(ctx, d, h.Progress); err != nil {
		return err
	}
	found, err := Pairs(r.Score.Out, r.Train.TrainFile, r.Pair)
	if err != nil {
		return err
	}
	if found != "" {
		h.Tell("%s", found)
	}
	if err := Train(ctx, trainer.Job{Kind: trainer.DPO, Args: r.Train, Device: d, Log: h.Log, Ready: h.Ready, Progress: h.Step}); err != nil {
		return err
	}
	if tested {
		if err := r.evaluate(ctx, d, h); err != nil {
			return err
		}
	}
	return WriteReport(r.OutputDir, r.path("report.html"))
}

// keep writes recipe.yaml, every default included. A folder that holds another recipe is refused.
func (r *Recipe) keep() error {
	raw, err := r.Marshal()
	if err != nil {
		return err
	}
	path := r.path("recipe.yaml")
	old, err := os.ReadFile(path)
	if err == nil && !bytes.Equal(old, raw) {
		return fmt.Errorf("%s holds a run of another recipe (its recipe.yaml differs): choose another output_dir, or delete the folder", r.OutputDir)
	}
	return jsonl.WriteFile(path, raw)
}

// preparePrompts writes prompts/prompts.jsonl, and prompts/test.jsonl where there are held-out prompts.
func (r *Recipe) preparePrompts() (tested bool, err error) {
	for _, set := range []struct {
		files []string
		out   string
	}{{r.Prompts.Train, r.path("prompts", "prompts.jsonl")}, {r.Prompts.Test, r.path("prompts", "test.jsonl")}} {
		if len(set.files) == 0 {
			continue
		}
		prompts, err := ReadPrompts(set.files...)
		if err != nil {
			return false, err
		}
		if r.Prompts.Limit > 0 {
			prompts = slices.DeleteFunc(prompts, func(p sampler.Prompt) bool { return *p.LineID >= r.Prompts.Limit })
		}
		if err := jsonl.WriteRows(set.out, prompts); err != nil {
			return false, err
		}
	}
	return len(r.Prompts.Test) > 0, nil
}

// evaluate measures the model before and after on the held-out prompts and writes eval/summary.json. After full
// fine-tuning the tuned model is a folder of its own, otherwise an adapter on the same base.
func (r *Recipe) evaluate(ctx context.Context, d kernels.Device, h Hooks) error {
	after, adapter := *r, r.Train.OutputDir
	if !r.Train.UsePEFT {
		after.Generate.ModelNameOrPath, adapter = r.Train.OutputDir, ""
	}
	if err := r.answer(ctx, d, "before", r.Adapter, h.Progress); err != nil {
		return err
	}
	if err := after.answer(ctx, d, "after", adapter, h.Progress); err != nil {
		return err
	}
	return r.compare(h)
}

// compare writes the table of before and after.
func (r *Recipe) compare(h Hooks) error {
	before, err := jsonl.All[reward.Scored](r.path("eval", "before.jsonl"))
	if err != nil {
		return err
	}
	after, err := jsonl.All[reward.Scored](r.path("eval", "after.jsonl"))
	if err != nil {
		return err
	}
	table, err := eval.Compare(eval.FromScored(before), eval.FromScored(after), eval.Options{})
	if err != nil {
		return err
	}
	h.Tell("%s", table.String())
	raw, err := table.JSON()
	if err != nil {
		return err
	}
	return jsonl.WriteFile(r.path("eval", "summary.json"), raw)
}

// WriteReport makes a page of what lies in a run folder.
func WriteReport(dir, out string) error {
	page, err := report.FromRun(dir)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if err := report.Write(&b, page); err != nil {
		return err
	}
	return jsonl.WriteFile(out, b.Bytes())
}
