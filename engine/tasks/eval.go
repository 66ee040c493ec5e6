package tasks

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
	"unicode"

	"croco/engine"
	"croco/eval"
	"croco/eval/results"
	"croco/kernels"
	"croco/reward/language"
)

// Eval are the options of measuring one model on one task.
type Eval struct {
	Task     string `name:"task" help:"What to measure: mgsm, choice, arena, classification, entailment, knowledge, qa or instructions."`
	Data     string `name:"data" help:"Files of the task, separated by commas; docs/evaluation.md has their formats."`
	FewShot  string `name:"fewshot_data" help:"Solved examples in the same format; of several files, that of the language."`
	Shots    int    `name:"num_fewshot" help:"Examples before each question: the first of the file, or drawn anew in each iteration."`
	Out      string `name:"out" help:"Folder for results.json, samples and answers. What it holds of an earlier run is used."`
	Language string `name:"language" help:"Language of files that do not say theirs."`
	Limit    int    `name:"limit" help:"Only the first questions of each file; 0: all."`

	Model
	Form         string   `name:"prompt" help:"How to ask: native_cot, en_cot or direct (mgsm), letters or texts (choice); none: the first."`
	Template     string   `name:"template" help:"File with the wording of classification, entailment, knowledge and qa: {text} in it, {answer} at its end; none: croco's."`
	Labels       []string `name:"labels" help:"What labels are called in the prompt: label=word."`
	PromptFormat string   `name:"prompt_format" help:"text (as it is) or chat (one turn of a user, by the chat template)."`
	Batch        int      `name:"batch_tokens" help:"Tokens of one forward pass over choices; it changes no bit."`
	MaxNewTokens int      `name:"max_new_tokens" help:"Longest answer; 0: the task's."`
	Temperature  float64  `name:"temperature" help:"0 takes the likeliest token."`
	Seed         uint64   `name:"seed" help:"Seed of the draws of tokens and of resampling."`
	Iterations   int      `name:"num_iterations" help:"Resampled evaluations (classification, entailment, knowledge, qa, instructions); EuroEval has 10, CroCo 3."`
}

// EvalDefaults are greedy answers to bare prompts.
func EvalDefaults() Eval {
	return Eval{Model: Model{MaxRows: 16}, PromptFormat: "text", Batch: 4096, Seed: 4242, Iterations: 10}
}

// measure is one kind of task: questions of a file → samples.
type measure func(o Eval, ctx context.Context, s *session, file string) (results.Task, error)

// kinds are the tasks by name.
var kinds = map[string]struct {
	measure measure
	forms   []string
}{
	"mgsm":   {Eval.mgsm, []string{"native_cot", "en_cot", "direct"}},
	"choice": {Eval.choice, []string{"letters", "texts"}},
	"arena":  {Eval.arena, nil},

	"classification": {Eval.documents, nil},
	"entailment":     {Eval.documents, nil},
	"knowledge":      {Eval.documents, nil},
	"qa":             {Eval.documents, nil},
	"instructions":   {Eval.instructions, nil},
}

// Check refuses what has no meaning.
func (o Eval) Check() error {
	kind, ok := kinds[o.Task]
	if !ok {
		return fmt.Errorf("task: expected one of %s, found %q", strings.Join(slices.Sorted(maps.Keys(kinds)), ", "), o.Task)
	}
	switch {
	case o.Form != "" && kind.forms == nil:
		return fmt.Errorf("prompt: task %s has one form, found %q", o.Task, o.Form)
	case o.Form != "" && !slices.Contains(kind.forms, o.Form):
		return fmt.Errorf("prompt: expected one of %s for task %s, found %q", strings.Join(kind.forms, ", "), o.Task, o.Form)
	}
	if o.PromptFormat != "text" && o.PromptFormat != "chat" {
		return fmt.Errorf("prompt_format: expected text or chat, found %q", o.PromptFormat)
	}
	for _, n := range []struct {
		key          string
		value, least float64
	}{{"num_fewshot", float64(o.Shots), 0}, {"limit", float64(o.Limit), 0}, {"batch_tokens", float64(o.Batch), 1}, {"temperature", o.Temperature, 0},
		{"max_new_tokens", float64(o.MaxNewTokens), 0}, {"num_iterations", float64(o.Iterations), 1}} {
		if !(n.value >= n.least) {
			return fmt.Errorf("%s: expected %g or more, found %g", n.key, n.least, n.value)
		}
	}
	if o.Shots > 0 && o.FewShot == "" {
		return errors.New("num_fewshot: the examples come from --fewshot_data, which is missing")
	}
	return nil
}

// session is a run of tasks with one model.
type session struct {
	*reader
	dir      string
	log      io.Writer
	progress engine.Progress
	spent    spent
	notes    map[string]any
}

// Run measures the model on every file and writes the results. log hears what people should know.
func (o Eval) Run(ctx context.Context, d kernels.Device, log io.Writer, progress engine.Progress) (run results.Run, err error) {
	if err := o.Check(); err != nil {
		return run, err
	}
	if forms := kinds[o.Task].forms; o.Form == "" && forms != nil {
		o.Form = forms[0]
	}
	files := list(o.Data)
	for _, file := range append(files, list(o.FewShot)...) {
		if _, err := os.Stat(file); err != nil {
			return run, err
		}
	}
	release, err := engine.Lock(o.Out)
	if err != nil {
		return run, err
	}
	defer release()
	m, err := o.Model.open(d)
	if err != nil {
		return run, err
	}
	defer func() { err = errors.Join(err, m.Close()) }()
	begin := time.Now()
	s := &session{reader: m, dir: o.Out, log: log, progress: progress, notes: map[string]any{"model_sha256": m.hash}}
	run = results.Run{Model: m.name, ModelArgs: "pretrained=" + o.ModelNameOrPath, Notes: s.notes}
	if o.Adapter != "" {
		run.ModelArgs += ",peft=" + o.Adapter
	}
	for _, file := range files {
		t, err := kinds[o.Task].measure(o, ctx, s, file)
		if err != nil {
			return run, err
		}
		for _, other := range run.Tasks {
			if other.Name == t.Name {
				return run, fmt.Errorf("%s is task %s, as a file before it is: give one file of each", file, t.Name)
			}
		}
		if err := o.describe(&t, file); err != nil {
			return run, err
		}
		run.Tasks = append(run.Tasks, t)
	}
	if s.spent.Stored > 0 {
		s.notes["tokens_computed"], s.notes["tokens_in_rows"] = s.spent.Computed, s.spent.Stored
		fmt.Fprintf(log, "%d tokens computed for %d in the rows\n", s.spent.Computed, s.spent.Stored)
	}
	run.Date, run.Seconds = float64(begin.UnixMilli())/1000, time.Since(begin).Seconds()
	return run, run.Write(o.Out)
}

// describe says how a task was measured.
func (o Eval) describe(t *results.Task, file string) error {
	raw, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(raw)
	t.Shots = max(t.Shots, o.Shots)
	t.Config = map[string]any{"task": t.Name, "dataset_path": filepath.Base(file), "dataset_sha256": hex.EncodeToString(sum[:]), "num_fewshot": t.Shots,
		"prompt": o.Form, "template": o.Template, "labels": o.Labels, "prompt_format": o.PromptFormat, "limit": o.Limit,
		"generation_kwargs": map[string]any{"temperature": o.Temperature, "max_gen_toks": o.MaxNewTokens, "seed": o.Seed}}
	return nil
}

// list splits at commas.
func list(s string) []string { return strings.FieldsFunc(s, func(r rune) bool { return r == ',' }) }

// limited is the beginning of a list.
func limited[T any](all []T, limit int) []T {
	if limit > 0 && limit < len(all) {
		return all[:limit]
	}
	return all
}

// RightLanguage is a metric of an answer: 1 in the language that was asked for, 0 in another, nothing where that is unknown
// or the answer has no letters.
const (
	RightLanguage     = "right_language"
	ReferenceLanguage = "reference_right_language" // the same of the reference's answers, beside a judge's verdicts
)

// detect looks at an answer's language.
func detect(answer, wanted string) (detected string, values map[string]float64) {
	if !strings.ContainsFunc(answer, unicode.IsLetter) {
		return "", nil
	}
	detected, _ = language.Detect(answer)
	wanted = language.Canonical(wanted)
	if wanted == "" {
		return detected, nil
	}
	return detected, map[string]float64{RightLanguage: eval.Share(detected == wanted)}
}
