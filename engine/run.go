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
	Ready    func(trainer.Summary, trainer.Args) // before the first step of a training
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
// What lies between completions and pairs is the method's, and the loop may go several rounds. Each stage goes on where
// its file ends, so a run that was stopped anywhere and started again makes the same files.
func (r Recipe) Run(ctx context.Context, d kernels.Device, h Hooks) error {
	if err := errors.Join(r.Validate(), r.taken()); err != nil {
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
	for _, s := range newRun(r, d, h).stages() {
		if err := s.run(ctx); err != nil {
			return err
		}
	}
	return nil
}

func newRun(r Recipe, d kernels.Device, h Hooks) *run {
	r.Translate.OutputDir = r.path("prompts")
	if r.Reward.TrainFile != "" {
		judge := r.judgeMade()
		r.Score.ModelNameOrPath, r.Score.Adapter = judge.model, judge.adapter
	}
	return &run{Recipe: r, device: d, hooks: h}
}

// stages are the steps of a run, in order.
func (r *run) stages() []stage {
	m := methods[r.Method]
	stages := []stage{{"translate", r.translate}, {"prompts", r.preparePrompts}}
	if m.before != nil {
		_, before := m.before(r)
		stages = append(stages, before...)
	}
	if m.round == nil {
		return stages
	}
	for k := range r.Rounds.N {
		stages = append(stages, m.round(r.round(k))...)
	}
	return append(stages, stage{"evaluate", r.evaluate}, stage{"report", r.report})
}

// translate writes the prompts in the other languages, where the recipe asks for it.
func (r *run) translate(ctx context.Context) error {
	if r.Translate.Source == "" {
		return nil
	}
	return r.Translate.Run(ctx, r.device, r.hooks.Progress)
}

func (r *run) report(context.Context) error { return WriteReport(r.OutputDir, r.path("report.html")) }

// tell passes on what a stage found.
func (r *run) tell(found string, err error) error {
	if found != "" {
		r.hooks.Tell("%s", found)
	}
	return err
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
func (r *run) preparePrompts(context.Context) error {
	train := r.Prompts.Train
	if r.Translate.Source != "" {
		train = slices.Concat(train, r.Translate.Files())
	}
	for _, set := range []struct {
		files []string
		out   string
	}{{train, r.path("prompts", "prompts.jsonl")}, {r.Prompts.Test, r.path("prompts", "test.jsonl")}} {
		if len(set.files) == 0 {
			continue
		}
		prompts, err := ReadPrompts(set.files...)
		if err != nil {
			return err
		}
		if r.Prompts.Limit > 0 {
			prompts = slices.DeleteFunc(prompts, func(p sampler.Prompt) bool { return *p.LineID >= r.Prompts.Limit })
		}
		if err := jsonl.WriteRows(set.out, prompts); err != nil {
			return err
		}
	}
	return nil
}

// compare writes the table of before and after.
func (r *run) compare() error {
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
	r.hooks.Tell("%s", table.String())
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
