package tasks

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"croco/eval"
	"croco/eval/judge"
	"croco/eval/results"
	"croco/internal/jsonl"
	"croco/pairing/python"
	"croco/reward/language"
)

// arena answers prompts in the shapes of m-ArenaHard, X-AlpacaEval and AlpacaEval, and writes the file that croco judge and
// the benchmarks' own judges read: FILE.answers.jsonl, a row per prompt.
func (o Eval) arena(ctx context.Context, s *session, file string) (t results.Task, err error) {
	prompts, err := readArena(file, o.Language)
	if err != nil {
		return t, err
	}
	prompts = limited(prompts, o.Limit)
	questions := make([]question, len(prompts))
	for i, p := range prompts {
		questions[i] = question{place: p.place, text: p.text, about: p.language + "\n" + python.Dumps(p.id)}
	}
	if o.MaxNewTokens == 0 {
		o.MaxNewTokens = 2048
	}
	t = results.Task{Name: taskName(file), Metrics: []string{RightLanguage, "finished", "length"}, Filters: []string{"none"}}
	got, err := s.answers(ctx, questions, asking{chat: o.PromptFormat == "chat", temperature: o.Temperature, max: o.MaxNewTokens, seed: o.Seed}, t.Name)
	if err != nil {
		return t, err
	}
	rows := make([]*python.Object, len(prompts))
	for i, p := range prompts {
		sample := results.Sample{DocID: i, Doc: p.row, Prompt: p.text, Resps: []string{got[i].Text}, Filtered: got[i].Text, Filter: "none", Language: p.language,
			Cluster: "question " + python.Dumps(p.id)}
		sample.Detected, sample.Values = detect(got[i].Text, p.language)
		if sample.Values == nil {
			sample.Values = map[string]float64{}
		}
		sample.Values["length"] = float64(len([]rune(got[i].Text)))
		sample.Values["finished"] = eval.Share(got[i].FinishReason != "length")
		t.Samples = append(t.Samples, sample)
		rows[i] = p.answer(s.name, got[i].Text, sample.Detected)
	}
	out := filepath.Join(o.Out, t.Name+".answers.jsonl")
	fmt.Fprintf(s.log, "%d answers in %s\n", len(rows), out)
	return t, jsonl.WriteFile(out, []byte(python.DumpRows(rows)))
}

// arenaPrompt is a row of a file of prompts.
type arenaPrompt struct {
	id             any
	text, language string
	row            *python.Object
	place          string
}

// readArena reads a JSON list or lines. The language is the row's, else the given one, else the file's name (da.json).
func readArena(file, language string) ([]arenaPrompt, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	rows, places, err := judge.Rows(string(text), file)
	if err != nil {
		return nil, err
	}
	if language == "" {
		language = codeOf(taskName(file))
	}
	var prompts []arenaPrompt
	for i, v := range rows {
		row, ok := v.(*python.Object)
		if !ok {
			return nil, fmt.Errorf("%s: expected an object, found %.60s", places[i], python.Dumps(v))
		}
		p := arenaPrompt{row: row, place: places[i], language: language}
		if p.id, p.text, err = judge.ReadPrompt(row); err != nil {
			return nil, fmt.Errorf("%s: %w", places[i], err)
		}
		if l, ok := row.Get("language").(string); ok {
			p.language = l
		}
		prompts = append(prompts, p)
	}
	if len(prompts) == 0 {
		return nil, fmt.Errorf("%s: expected prompts, found none", file)
	}
	return prompts, nil
}

// codeOf is the language that a name consists of or ends in, "" where there is none.
func codeOf(name string) string {
	parts := strings.FieldsFunc(name, func(r rune) bool { return r == '_' || r == '-' || r == '.' })
	if len(parts) == 0 {
		return ""
	}
	return language.Canonical(parts[len(parts)-1])
}

// answer is the row for judges: what the prompt's row had, and the answer. The keys of m-ArenaHard come first.
func (p arenaPrompt) answer(generator, output, detected string) *python.Object {
	o := python.Dict("question_id", p.id, "prompt", p.text, "output", output, "generator", generator)
	for _, key := range []string{"category", "subcategory", "dataset"} {
		if v, ok := p.row.Lookup(key); ok {
			o.Set(key, v)
		}
	}
	if p.language != "" {
		o.Set("language", p.language)
	}
	if detected != "" {
		o.Set("detected_language", detected)
	}
	return o
}
