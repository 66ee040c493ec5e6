package judge

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"croco/pairing/python"
)

// Answer is one answer of one model.
type Answer struct {
	ID          any // of the question, any JSON value
	Language    string
	Prompt      string
	Output      string
	Generator   string // "unknown" if absent
	Subcategory string // "unknown" if absent
}

// fields are the keys under which the formats hold what is read; other keys are passed over, as the formats have many.
//
//	m-ArenaHard    question_id, prompt, output, generator, category, subcategory, language
//	X-AlpacaEval   id, instruction, output, generator, dataset
//	AlpacaEval     instruction, output, generator, dataset: the instruction itself is the id
//	croco          id, language, prompt (a text, or messages of one user's turn), completion
var fields = struct{ id, prompt, output []string }{
	[]string{"question_id", "id"}, []string{"prompt", "instruction"}, []string{"output", "completion"},
}

// ReadAnswers reads a JSON list of answers, or one a line.
func ReadAnswers(text, name string) ([]Answer, error) {
	rows, places, err := Rows(text, name)
	if err != nil {
		return nil, err
	}
	if len(rows) == 0 {
		return nil, fmt.Errorf("%s: expected answers, found none", name)
	}
	answers := make([]Answer, len(rows))
	for i, v := range rows {
		row, ok := v.(*python.Object)
		if !ok {
			return nil, fmt.Errorf("%s: expected an object, found %.60s", places[i], python.Dumps(v))
		}
		if answers[i], err = readAnswer(row); err != nil {
			return nil, fmt.Errorf("%s: %w", places[i], err)
		}
	}
	return answers, nil
}

// Rows reads the values of a JSON list, or of lines, and says where each stands.
func Rows(text, name string) (rows []any, places []string, err error) {
	text = strings.TrimPrefix(text, "\ufeff")
	if strings.HasPrefix(python.Strip(text), "{") {
		for i, line := range python.Lines(text) {
			if python.Strip(line) == "" {
				continue
			}
			v, err := python.Loads(line)
			if err != nil {
				return nil, nil, fmt.Errorf("%s:%d: expected one JSON object a line: %w", name, i+1, err)
			}
			rows, places = append(rows, v), append(places, fmt.Sprintf("%s:%d", name, i+1))
		}
		return rows, places, nil
	}
	value, err := python.Loads(text)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: expected a JSON list, or an object a line: %w", name, err)
	}
	rows, ok := value.([]any)
	if !ok {
		return nil, nil, fmt.Errorf("%s: expected a JSON list, or an object a line, found %.60s", name, python.Dumps(value))
	}
	for i := range rows {
		places = append(places, fmt.Sprintf("%s, item %d", name, i+1))
	}
	return rows, places, nil
}

func readAnswer(row *python.Object) (a Answer, err error) {
	a = Answer{Generator: "unknown", Subcategory: "unknown"}
	if a.ID, a.Prompt, err = ReadPrompt(row); err != nil {
		return a, err
	}
	if a.Output, err = row.Text(present(row, fields.output)); err != nil {
		return a, err
	}
	for key, into := range map[string]*string{"generator": &a.Generator, "subcategory": &a.Subcategory, "language": &a.Language} {
		if v, given := row.Lookup(key); !given || v == nil {
			continue
		}
		if *into, err = row.Text(key); err != nil {
			return a, err
		}
	}
	return a, nil
}

// ReadPrompt reads a row's question and its id, in any of the shapes.
func ReadPrompt(row *python.Object) (id any, text string, err error) {
	if text, err = prompt(row); err != nil {
		return nil, "", err
	}
	if id, ok := row.Lookup(present(row, fields.id)); ok {
		return id, text, nil
	}
	return text, text, nil
}

// present is the first of the keys that a row has, the first of all where it has none.
func present(row *python.Object, keys []string) string {
	for _, k := range keys {
		if _, ok := row.Lookup(k); ok {
			return k
		}
	}
	return keys[0]
}

// prompt is a text, or the text of messages that are one turn of a user.
func prompt(row *python.Object) (string, error) {
	key := present(row, fields.prompt)
	turns, ok := row.Get(key).([]any)
	if !ok {
		return row.Text(key)
	}
	if len(turns) == 1 {
		if turn, ok := turns[0].(*python.Object); ok && turn.Get("role") == "user" {
			return turn.Text("content")
		}
	}
	return "", fmt.Errorf("%s: expected a text or one message of a user, found %d messages: a judge compares answers to one instruction", key, len(turns))
}

// ReadSide reads one model's answers: a file, or a folder with a file per language (en.json or en.jsonl). A language in
// the row wins; one in neither is "". The answers of each language keep their order; so do the languages.
func ReadSide(path string) (languages []string, answers map[string][]Answer, err error) {
	files := []string{path}
	info, err := os.Stat(path)
	if err != nil {
		return nil, nil, err
	}
	if info.IsDir() {
		lists, _ := filepath.Glob(filepath.Join(path, "*.json")) // the pattern is well formed
		lines, _ := filepath.Glob(filepath.Join(path, "*.jsonl"))
		if files = append(lists, lines...); len(files) == 0 {
			return nil, nil, fmt.Errorf("%s: expected files of answers, such as en.json or en.jsonl, found none", path)
		}
		slices.Sort(files)
	}
	answers = map[string][]Answer{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, nil, err
		}
		rows, err := ReadAnswers(string(text), file)
		if err != nil {
			return nil, nil, err
		}
		for _, a := range rows {
			if a.Language == "" && info.IsDir() {
				a.Language = strings.TrimSuffix(filepath.Base(file), filepath.Ext(file))
			}
			if answers[a.Language] == nil {
				languages = append(languages, a.Language)
			}
			answers[a.Language] = append(answers[a.Language], a)
		}
	}
	return languages, answers, nil
}

// Align puts the reference's answers in the order of the model's, by question. Both sides answer the same questions.
func Align(model, reference []Answer) ([]Answer, error) {
	if len(model) == 0 || len(model) != len(reference) {
		return nil, fmt.Errorf("expected answers of both sides to the same questions, found %d and %d answers", len(model), len(reference))
	}
	byID, seen := map[string]Answer{}, map[string]bool{}
	for _, a := range reference {
		key := python.Dumps(a.ID)
		if _, twice := byID[key]; twice {
			return nil, fmt.Errorf("question_id %s: the reference answers it twice", key)
		}
		byID[key] = a
	}
	aligned := make([]Answer, len(model))
	for i, a := range model {
		key := python.Dumps(a.ID)
		other, ok := byID[key]
		switch {
		case !ok:
			return nil, fmt.Errorf("question_id %s: the reference has no answer to it", key)
		case seen[key]:
			return nil, fmt.Errorf("question_id %s: the model answers it twice", key)
		}
		seen[key], aligned[i] = true, other
	}
	return aligned, nil
}
