package engine

import (
	"encoding/json"
	"fmt"

	"croco/internal/jsonl"
	"croco/pairing/exchange"
	"croco/pairing/python"
)

// The rows of prompts as translation sees them: objects whose keys and numbers stay as they are, and inside a
// conversation, under messages or as the prompt.

// asIs asks for nothing, so that exchange.Requests gives the texts themselves.
var asIs = exchange.Translator{Wording: "{text}"}

// messages are the texts of a row, one per message.
func messages(row *python.Object) ([]string, error) {
	talk, _, err := conversationOf(row)
	if err != nil {
		return nil, err
	}
	texts, err := exchange.Requests([]*python.Object{talk}, "", asIs)
	if err == nil && len(texts) == 0 {
		err = fmt.Errorf("expected a message or more, found none")
	}
	return texts, err
}

// conversationOf is a row's conversation as an object with messages, and the key that it stood under.
func conversationOf(row *python.Object) (talk *python.Object, key string, err error) {
	if prompt, ok := row.Lookup("prompt"); ok {
		if text, ok := prompt.(string); ok {
			prompt = []any{python.Dict("role", "user", "content", text)}
		}
		return python.Dict("messages", prompt), "prompt", nil
	}
	if turns, ok := row.Lookup("messages"); ok {
		return python.Dict("messages", turns), "messages", nil
	}
	return nil, "", fmt.Errorf("expected prompt (a text or messages) or messages, found %q", row.Keys)
}

// numbered is a row with its place, counted from 0, and its language. Token ids, which are of the text that it held, go.
func numbered(row *python.Object, place int, language string) *python.Object {
	out := &python.Object{}
	for _, key := range row.Keys {
		if key != "prompt_ids" {
			out.Set(key, row.Get(key))
		}
	}
	if _, ok := row.Lookup("line_id"); !ok {
		out.Set("line_id", python.Int(fmt.Sprint(place)))
	}
	out.Set("language", language)
	return out
}

// append writes a row in another language.
func (w *promptWriter) append(out *jsonl.Writer, place int, language string, texts []string) error {
	row, err := w.translated(place, language, texts)
	if err != nil {
		return err
	}
	return out.Append(json.RawMessage(python.Dumps(row)))
}

// translated is a row with texts in place of its own.
func (w *promptWriter) translated(place int, language string, texts []string) (*python.Object, error) {
	talk, key, err := conversationOf(w.rows[place])
	if err != nil {
		return nil, err
	}
	translated, err := exchange.Translated([]*python.Object{talk}, language, texts)
	if err != nil {
		return nil, err
	}
	turns := translated[0].Get("messages")
	if _, text := w.rows[place].Get(key).(string); text {
		turns = turns.([]any)[0].(*python.Object).Get("content")
	}
	row := numbered(w.rows[place], place, language)
	row.Set(key, turns)
	return row, nil
}

// afterLast is the place of the first source row behind the last row of a file that was begun; 0 where it is empty.
func (w *promptWriter) afterLast(file string) (int, error) {
	last := ""
	err := jsonl.Read(file, func(_ int, row struct {
		LineID json.RawMessage `json:"line_id"`
	}) error {
		last = string(row.LineID)
		return nil
	})
	if err != nil || last == "" {
		return 0, err
	}
	for i, row := range w.rows {
		if python.Dumps(numbered(row, i, "").Get("line_id")) == last {
			return i + 1, nil
		}
	}
	return 0, fmt.Errorf("%s: its last line_id %s is not in %s: choose another folder", file, last, w.Source)
}
