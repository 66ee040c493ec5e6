package main

import (
	"encoding/json"
	"fmt"
	"runtime"

	"croco/bench"
	"croco/kernels"
)

// benchStage are the options of measuring a whole stage; each work reads those that it has.
type benchStage struct {
	Model   string `name:"model_name_or_path" help:"Folder of the model."`
	Samples int    `name:"samples" default:"16" help:"generate: answers."`
	Prompt  int    `name:"prompt" default:"64" help:"Tokens of the prompt; score: tokens that all conversations begin with."`
	New     int    `name:"new" default:"64" help:"generate: tokens of an answer."`
	Batch   int    `name:"batch" default:"4" help:"score: conversations; dpo: pairs; full: texts."`
	Length  int    `name:"length" default:"128" help:"score: tokens of a conversation."`
	Answer  int    `name:"answer" default:"64" help:"dpo, full: tokens of an answer."`
	Steps   int    `name:"steps" default:"4" help:"dpo, full: steps after the first."`
	Rank    int    `name:"rank" default:"16" help:"dpo: LoRA rank."`
	Repeats int    `name:"repeats" default:"2" help:"Repeats after warming up; the fastest counts."`
}

type benchGenerateCmd struct{ benchStage }
type benchScoreCmd struct{ benchStage }
type benchDPOCmd struct{ benchStage }
type benchFullCmd struct{ benchStage }
type benchLoadCmd struct{ benchStage }

func (c *benchGenerateCmd) Run(t *console) error { return c.measure(t, bench.Generate) }
func (c *benchScoreCmd) Run(t *console) error    { return c.measure(t, bench.Score) }
func (c *benchDPOCmd) Run(t *console) error      { return c.measure(t, bench.DPO) }
func (c *benchFullCmd) Run(t *console) error     { return c.measure(t, bench.Full) }
func (c *benchLoadCmd) Run(t *console) error     { return c.measure(t, bench.Load) }

// measure prints one JSON line, as the peers' scripts do.
func (c *benchStage) measure(t *console, work func(string, kernels.Device, bench.Shape) (bench.Result, error)) error {
	if err := need("model_name_or_path", c.Model); err != nil {
		return err
	}
	d, err := t.open()
	if err != nil {
		return err
	}
	threads := t.threads
	if threads == 0 {
		threads = runtime.NumCPU()
	}
	r, err := work(c.Model, d, bench.Shape{Samples: c.Samples, Prompt: c.Prompt, New: c.New, Batch: c.Batch, Length: c.Length,
		Answer: c.Answer, Steps: c.Steps, Rank: c.Rank, Repeats: c.Repeats, Threads: threads})
	if err != nil {
		return err
	}
	line, err := json.Marshal(r)
	if err == nil {
		_, err = fmt.Fprintf(t.out, "%s\n", line)
	}
	return err
}
