package engine

import (
	"context"
	"fmt"
	"slices"

	"croco/engine/trainer"
	"croco/internal/jsonl"
	"croco/kernels"
	"croco/pairing"
	"croco/sampler"
)

// Rounds say how often the loop is run, each time from the policy that the last one made. Round k of several lies in
// round-k of the run folder, with the files of a run.
type Rounds struct {
	N       int    `yaml:"n"`
	Prompts string `yaml:"prompts"` // repeat: all prompts in every round, with new random numbers | divide: each round has its share of the lines
}

// policy is a language model: a folder, and an adapter on it where there is one.
type policy struct{ model, adapter string }

// run is a recipe under way.
type run struct {
	Recipe
	device kernels.Device
	hooks  Hooks
}

// round is one pass of the loop, from prompts to a tuned policy. Its recipe is the run's, completed: the stages know
// their files and models.
type round struct {
	Recipe
	run    *run
	number int // from 0
	start  policy
}

// start is the policy that a round begins with; number Rounds.N is what the last one made.
func (r *run) start(number int) policy {
	if number > 0 {
		return r.round(number - 1).made()
	}
	if before := methods[r.Method].before; before != nil {
		first, _ := before(r)
		return first
	}
	return policy{r.ModelNameOrPath, r.Adapter}
}

// round completes the recipe for one round.
func (r *run) round(number int) *round {
	o := &round{Recipe: r.Recipe, run: r, number: number, start: r.start(number)}
	if r.Rounds.N > 1 {
		o.OutputDir = r.path(fmt.Sprintf("round-%d", number+1))
	}
	o.Generate.ModelNameOrPath, o.Generate.Adapter = o.start.model, o.start.adapter
	o.Generate.Prompts, o.Generate.Out = o.path("prompts", "prompts.jsonl"), o.path("completions", "completions.jsonl")
	o.Generate.Seed += uint64(number)
	o.Score.Completions, o.Score.Out = o.Generate.Out, o.path("scores", "scores.jsonl")
	o.Score.Prompts = o.Generate.Prompts
	o.Train.ModelNameOrPath, o.Train.Adapter = o.start.model, o.start.adapter
	o.Train.TrainFile, o.Train.OutputDir = o.path("pairs", "pairs.jsonl"), o.path("adapter")
	return o
}

// made is the policy that a round makes: an adapter on its model, or after full fine-tuning a folder of its own.
func (o *round) made() policy {
	if o.Train.UsePEFT {
		return policy{o.Train.ModelNameOrPath, o.Train.OutputDir}
	}
	return policy{o.Train.OutputDir, ""}
}

// progress names the round where there are several.
func (o *round) progress(u Update) {
	if o.Rounds.N > 1 {
		u.Stage = fmt.Sprintf("round %d: %s", o.number+1, u.Stage)
	}
	o.run.hooks.Progress.tell(u)
}

// prompts writes the round's prompts, where rounds have folders of their own: all of the run's, or its share of the lines.
func (o *round) prompts(context.Context) error {
	n := o.Rounds.N
	if n == 1 {
		return nil
	}
	o.run.hooks.Tell("round %d of %d: from %s %s", o.number+1, n, o.start.model, o.start.adapter)
	prompts, err := ReadPrompts(o.run.path("prompts", "prompts.jsonl"))
	if err != nil {
		return err
	}
	if o.Rounds.Prompts == "divide" {
		var lines []int
		for _, p := range prompts {
			lines = append(lines, *p.LineID)
		}
		slices.Sort(lines)
		lines = slices.Compact(lines)
		lo, hi := Shard{o.number, n}.Range(len(lines))
		if lo == hi {
			return fmt.Errorf("rounds.n: %d rounds cannot divide %d lines of prompts: expected at least one for each", n, len(lines))
		}
		prompts = slices.DeleteFunc(prompts, func(p sampler.Prompt) bool { return *p.LineID < lines[lo] || *p.LineID > lines[hi-1] })
	}
	return jsonl.WriteRows(o.Generate.Prompts, prompts)
}

// generate writes answers with the policy that the round begins with.
func (o *round) generate(ctx context.Context) error {
	return o.Generate.Run(ctx, o.run.device, o.progress)
}

// train tunes the policy on the round's pairs.
func (o *round) train(ctx context.Context) error { return o.run.train(ctx, o.Train) }

func (r *run) train(ctx context.Context, a trainer.Args) error {
	kind := trainer.DPO
	if r.Pair.Rule == pairing.MaxRewardRule {
		kind = trainer.SFT
	}
	job := trainer.Job{Kind: kind, Args: a, Device: r.device, Log: r.hooks.Log, Progress: r.hooks.Step}
	if r.hooks.Ready != nil {
		job.Ready = func(s trainer.Summary) { r.hooks.Ready(s, a) }
	}
	return Train(ctx, job)
}

// report writes the page of a round that has a folder of its own.
func (o *round) report(context.Context) error {
	if o.Rounds.N == 1 {
		return nil
	}
	return WriteReport(o.OutputDir, o.path("report.html"))
}
