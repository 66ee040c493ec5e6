package judge

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"croco/pairing/python"
)

// Options are a run over languages. The zero value of a word is its default.
type Options struct {
	Judge        string // name of the judging model, for the summary and for Thinking auto
	ModelDir     string // LANGUAGE.json with the model's answers
	ReferenceDir string // LANGUAGE.json with the reference's
	ResultsDir   string // gets LANGUAGE_annotations.json and summary.json
	Languages    []string
	Seed         int64
	AllowTies    bool
	Ties         Ties    // half
	Thinking     string  // auto: off where the judge is known to have the switch | on | off
	Swap         string  // question | authors
	BothOrders   bool    // every question a second time with its sides exchanged; the preference is the mean
	Wording      Wording // by AllowTies: DefaultWording or DefaultWordingTies
}

// Answerer asks the judge: one reply per prompt. Template holds what its chat template is to know, such as
// enable_thinking.
type Answerer func(language string, prompts []string, template map[string]bool) ([]Reply, error)

// Side is one language: the answers of both to the same questions, in any order.
type Side struct {
	Language         string
	Model, Reference []Answer
}

// Run judges every language that both folders have a file of, in the order of Languages, and writes the results. Others
// are told to log and, as with the authors, take nothing from the stream of swaps.
func Run(o Options, ask Answerer, log io.Writer) ([]Result, error) {
	var sides []Side
	for _, language := range o.Languages {
		model, err := o.read(o.ModelDir, language)
		reference, err2 := o.read(o.ReferenceDir, language)
		if err := errors.Join(err, err2); errors.Is(err, os.ErrNotExist) {
			fmt.Fprintf(log, "%s: left out: %v\n", language, err)
			continue
		} else if err != nil {
			return nil, err
		}
		sides = append(sides, Side{language, model, reference})
	}
	return Judge(o, sides, ask, log)
}

// Judge judges languages in their order, and writes LANGUAGE_annotations.json of each and summary.json.
func Judge(o Options, sides []Side, ask Answerer, log io.Writer) ([]Result, error) {
	sides, questions, err := o.Questions(sides)
	if err != nil {
		return nil, err
	}
	o, _, _ = o.complete()
	if err := os.MkdirAll(o.ResultsDir, 0o755); err != nil {
		return nil, err
	}
	var results []Result
	var rows []any
	for i, s := range sides {
		prompts := make([]string, len(questions[i]))
		for j, q := range questions[i] {
			prompts[j] = q.Prompt
		}
		replies, err := ask(s.Language, prompts, o.Variables())
		if err != nil {
			return nil, fmt.Errorf("%s: %w", s.Language, err)
		}
		r, err := Score(s.Language, s.Model, s.Reference, questions[i], replies, o.Ties)
		if err != nil {
			return nil, err
		}
		if err := write(filepath.Join(o.ResultsDir, s.Language+"_annotations.json"), python.Indent(r.JSON(), 2, false)); err != nil {
			return nil, err
		}
		fmt.Fprintln(log, r)
		results, rows = append(results, r), append(rows, r.row())
	}
	summary := python.Dict("judge_model", o.Judge, "model_outputs_dir", o.ModelDir, "reference_outputs_dir", o.ReferenceDir,
		"seed", python.Int(fmt.Sprint(o.Seed)), "allow_ties", o.AllowTies, "tie_handling", string(o.Ties), "thinking", o.Thinking,
		"chat_template_kwargs", object(o.Variables()), "results", rows)
	if o.BothOrders {
		summary.Set("both_orders", true)
	}
	return results, write(filepath.Join(o.ResultsDir, "summary.json"), python.Indent(summary, 2, true))
}

// Questions are those of each language, and the sides with their references in the order of the models' answers. With
// BothOrders each question stands before the same with its sides exchanged.
func (o Options) Questions(sides []Side) (aligned []Side, questions [][]Question, err error) {
	o, swap, err := o.complete()
	if err != nil {
		return nil, nil, err
	}
	for _, s := range sides {
		if s.Reference, err = Align(s.Model, s.Reference); err != nil {
			return nil, nil, fmt.Errorf("%s: %w", s.Language, err)
		}
		asked := Ask(s.Language, s.Model, s.Reference, o.Wording, swap)
		if o.BothOrders {
			asked = bothOrders(asked, Ask(s.Language, s.Model, s.Reference, o.Wording, exchanged(asked)))
		}
		aligned, questions = append(aligned, s), append(questions, asked)
	}
	return aligned, questions, nil
}

// Validate refuses unknown words and a wording without its places.
func (o Options) Validate() error {
	_, _, err := o.complete()
	return err
}

// complete fills in defaults and refuses unknown words.
func (o Options) complete() (Options, Swap, error) {
	for _, word := range []struct {
		key     string
		value   *string
		allowed []string // the first is the default
	}{
		{"ties", (*string)(&o.Ties), []string{"half", "win", "loss"}},
		{"thinking", &o.Thinking, []string{"auto", "on", "off"}},
		{"swap", &o.Swap, []string{"question", "authors"}},
	} {
		if *word.value == "" {
			*word.value = word.allowed[0]
		}
		if !slices.Contains(word.allowed, *word.value) {
			return o, nil, fmt.Errorf("%s: expected one of %s, found %q", word.key, strings.Join(word.allowed, ", "), *word.value)
		}
	}
	if o.Wording == "" {
		o.Wording = DefaultWording
		if o.AllowTies {
			o.Wording = DefaultWordingTies
		}
	}
	for _, place := range []string{"{instruction}", "{output_1}", "{output_2}"} {
		if !strings.Contains(string(o.Wording), place) {
			return o, nil, fmt.Errorf("wording: expected the place %s in it", place)
		}
	}
	if o.Swap == "authors" {
		return o, Stream(o.Seed), nil
	}
	return o, PerQuestion(o.Seed), nil
}

// Variables are what the judge's chat template is told: models that can think aloud are asked not to, as a verdict is one tag.
func (o Options) Variables() map[string]bool {
	name := strings.ToLower(o.Judge)
	switch {
	case o.Thinking == "on", o.Thinking == "off":
		return map[string]bool{"enable_thinking": o.Thinking == "on"}
	case strings.Contains(name, "qwen3"), strings.Contains(name, "qwq"):
		return map[string]bool{"enable_thinking": false}
	}
	return nil
}

func (o Options) read(dir, language string) ([]Answer, error) {
	path := filepath.Join(dir, language+".json")
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return ReadAnswers(string(text), path)
}

func object(m map[string]bool) *python.Object {
	o := python.Dict()
	for k, v := range m {
		o.Set(k, v)
	}
	return o
}

// write writes a whole file or none.
func write(path, text string) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".judge-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // gone already if all went well
	_, err = f.WriteString(text)
	if err := errors.Join(err, f.Chmod(0o644), f.Close()); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return os.Rename(f.Name(), path)
}
