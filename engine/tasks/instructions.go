package tasks

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"croco/eval"
	"croco/eval/euroeval"
	"croco/eval/ifeval"
	"croco/eval/results"
	"croco/pairing/python"
)

// instructions measures how many of the demands that a program can check the answers keep to.
func (o Eval) instructions(ctx context.Context, s *session, file string) (t results.Task, err error) {
	all, err := ifeval.Read(file)
	if err != nil {
		return t, err
	}
	t = results.Task{Name: taskName(file), Metrics: []string{"prompt_level_strict_acc", "inst_level_strict_acc", RightLanguage}, Filters: []string{"none"}}
	var test []ifeval.Document
	left := map[string]bool{}
	for _, d := range limited(all, o.Limit) {
		if ids := d.Unsupported(); len(ids) > 0 {
			t.Left++
			for _, id := range ids {
				left[id] = true
			}
			continue
		}
		test = append(test, d)
	}
	if t.Left > 0 {
		fmt.Fprintf(s.log, "%s: %d of %d prompts are left out, as nothing here can check %s\n", file, t.Left, t.Left+len(test), strings.Join(sorted(left), ", "))
	}
	if len(test) == 0 {
		return t, errors.New(file + ": no prompt is left")
	}
	t.Documents = len(test)
	questions := make([]question, len(test))
	for i, d := range test {
		questions[i] = question{place: fmt.Sprintf("%s, prompt %s", file, d.ID), text: d.Prompt, about: d.ID}
	}
	if o.MaxNewTokens == 0 {
		o.MaxNewTokens = 2048
	}
	got, err := s.answers(ctx, questions, asking{chat: o.PromptFormat == "chat", temperature: o.Temperature, seed: o.Seed, max: o.MaxNewTokens}, t.Name)
	if err != nil {
		return t, err
	}
	draws, err := euroeval.Resample(o.Iterations, nil, make([]euroeval.Document, len(test)), 0, o.Seed)
	if err != nil {
		return t, err
	}
	var records []*python.Object
	kept, demands := make([]float64, len(test)), make([]float64, len(test))
	for i, d := range test {
		for _, ok := range ifeval.Check(got[i].Text, d) {
			kept[i] += eval.Share(ok)
			demands[i]++
		}
		sample := results.Sample{DocID: i, Doc: python.Dict("id", d.ID, "prompt", d.Prompt), Prompt: d.Prompt, Resps: []string{got[i].Text}, Filtered: got[i].Text, Filter: "none", Language: d.Language}
		if sample.Detected, sample.Values = detect(got[i].Text, d.Language); sample.Values == nil {
			sample.Values = map[string]float64{}
		}
		sample.Values["prompt_level_strict_acc"], sample.Values["inst_level_strict_acc"] = eval.Share(kept[i] == demands[i]), kept[i]/demands[i]
		t.Samples = append(t.Samples, sample)
	}
	for _, d := range draws {
		k, n := 0.0, 0.0
		for _, at := range d.Test {
			k, n = k+kept[at], n+demands[at]
		}
		records = append(records, python.Dict("instruction_accuracy", k/n))
	}
	return t, s.report(&t, []euroeval.Metric{{Key: "instruction_accuracy", Name: "Instruction Accuracy"}}, records)
}

func sorted(set map[string]bool) (keys []string) {
	for k := range set {
		keys = append(keys, strconv.Quote(k))
	}
	slices.Sort(keys)
	return keys
}
