package pairing

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"unicode/utf8"

	"croco/pairing/python"
)

// The authors' files: prompts stand in one file per language, parallel by place; scored answers carry the prompt's text
// and nothing else that says where it came from. The language is in the file's name.

// FileLanguage is the language that a file name ends with: what follows the last underscore once .jsonl, .json and
// _scored are taken out.
func FileLanguage(path string) string {
	name := python.Lower(path[strings.LastIndexByte(path, '/')+1:])
	for _, part := range []string{".jsonl", ".json", "_scored"} {
		name = strings.ReplaceAll(name, part, "")
	}
	return name[strings.LastIndexByte(name, '_')+1:]
}

// row is one parsed row and where it stood.
type row struct {
	value any
	where string
}

// load reads a .jsonl file line by line, any other as one JSON value: a list of rows, or a single row. With bad_input:
// authors, a missing file and rows that do not parse are left out and told to warn.
func load(path string, o Options, warn func(string, ...any)) ([]row, error) {
	lenient := o.BadInput == "authors"
	bytes, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) && lenient {
		warn("%s: not found, left out", path)
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if !utf8.Valid(bytes) {
		return nil, fmt.Errorf("%s: expected UTF-8; convert the file", path)
	}
	text := string(bytes)
	if o.BOM == "strip" {
		text = strings.TrimPrefix(text, "\ufeff")
	}
	if !strings.HasSuffix(path, ".jsonl") {
		return loadWhole(path, text, lenient, warn)
	}
	var rows []row
	for i, line := range python.Lines(text) {
		line = python.Strip(line)
		if line == "" {
			continue
		}
		where := fmt.Sprintf("%s:%d", path, i+1)
		value, err := python.Loads(line)
		switch {
		case err == nil:
			rows = append(rows, row{value, where})
		case lenient && !errors.Is(err, python.ErrDepth):
			warn("%s: left out: %v", where, err)
		default:
			return nil, fmt.Errorf("%s: expected one JSON object a line: %w (a line that is passed over would shift all after it; bad_input: authors does so)", where, err)
		}
	}
	return rows, nil
}

func loadWhole(path, text string, lenient bool, warn func(string, ...any)) ([]row, error) {
	value, err := python.Loads(text)
	if err != nil && lenient && !errors.Is(err, python.ErrDepth) && !errors.Is(err, python.ErrDigits) {
		warn("%s: left out: %v", path, err)
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("%s: expected a JSON list of rows: %w", path, err)
	}
	list, isList := value.([]any)
	if !isList {
		list = []any{value}
	}
	rows := make([]row, len(list))
	for i, v := range list {
		rows[i] = row{v, fmt.Sprintf("%s, item %d", path, i+1)}
	}
	return rows, nil
}

// turns lists a row's messages. Absent and empty ones are none; what a Python loop could not go over is an error.
func (r row) turns() ([]any, error) {
	object, ok := r.value.(*python.Object)
	if !ok {
		return nil, fmt.Errorf("%s: expected an object with messages, found %.60s", r.where, python.Dumps(r.value))
	}
	messages, present := object.Lookup("messages")
	if list, ok := messages.([]any); ok {
		return list, nil
	}
	_, isText := messages.(string)
	_, isObject := messages.(*python.Object)
	if !present || (isText || isObject) && !python.Truthy(messages) {
		return nil, nil
	}
	return nil, fmt.Errorf("%s: messages: expected a list, found %.60s", r.where, python.Dumps(messages))
}

// turn is the text of the first message of a role; without one, that of the message at place otherwise (−1: the last)
// if there are at least so many; else nothing. Text is stripped, and null becomes None.
func (r row) turn(role string, otherwise, atLeast int) (string, error) {
	list, err := r.turns()
	if err != nil {
		return "", err
	}
	found := -1
	for i, m := range list {
		message, ok := m.(*python.Object)
		if !ok {
			return "", fmt.Errorf("%s: message %d: expected an object, found %.60s", r.where, i+1, python.Dumps(m))
		}
		if message.Get("role") == role {
			found = i
			break
		}
	}
	if found < 0 {
		if len(list) < atLeast {
			return "", nil
		}
		found = (otherwise + len(list)) % len(list)
	}
	content, present := list[found].(*python.Object).Lookup("content")
	if !present {
		return "", nil
	}
	return python.Strip(python.Str(content)), nil
}

func (r row) prompt() (string, error) { return r.turn("user", 0, 1) }
func (r row) answer() (string, error) { return r.turn("assistant", -1, 2) }

// get is a value of the row's object, nil if absent.
func (r row) get(key string) any { return r.value.(*python.Object).Get(key) }

// original is the row as a prompt.
func (r row) original(language, prompt string) *original {
	o := &original{language: language, prompt: Text(prompt), source: dumps(r.get("source_dataset")), domain: dumps(r.get("domain"))}
	if id := r.get("id"); python.Truthy(id) {
		o.id = dumps(id)
	}
	return o
}

// scored is the row as an answer; a score or a text that the script could not read is kept as an error until it is
// needed.
func (r row) scored(language string, line int, prompt *original) *answer {
	a := &answer{Candidate: Candidate{LineID: line, Language: language}, where: r.where, original: prompt}
	if a.Score, a.badScore = python.ToFloat(r.get("reward_score")); a.badScore != nil {
		a.badScore = fmt.Errorf("%s: reward_score: %w", r.where, a.badScore)
	}
	a.Completion, a.badText = r.answer()
	return a
}

func dumps(v any) json.RawMessage { return python.AppendJSON(nil, v) }
