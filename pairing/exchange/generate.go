package exchange

import (
	"fmt"
	"strings"

	"croco/pairing/python"
)

// Prompt is what one row asks.
type Prompt struct {
	Row  int            // place among the rows
	Bare string         // the first user turn as it stands in the row
	Sent string         // with the suffix
	From *python.Object // the row
}

// Prompts takes the first user turn of each of the first limit rows (negative: all), as it is, and appends suffix. System
// turns and later turns are dropped. Rows without a user turn are left out; their number is returned.
func Prompts(rows []*python.Object, suffix string, limit int) (prompts []Prompt, without int, err error) {
	if limit >= 0 {
		rows = rows[:min(limit, len(rows))]
	}
	for i, row := range rows {
		turns, err := row.List("messages")
		if err != nil {
			return nil, 0, fmt.Errorf("row %d: %w", i+1, err)
		}
		found := false
		for j, turn := range turns {
			message, ok := turn.(*python.Object)
			if !ok {
				return nil, 0, fmt.Errorf("row %d: message %d: expected an object, found %.60s", i+1, j+1, python.Dumps(turn))
			}
			if message.Get("role") != "user" {
				continue
			}
			text, err := message.Text("content")
			if err != nil {
				return nil, 0, fmt.Errorf("row %d: message %d: %w", i+1, j+1, err)
			}
			prompts = append(prompts, Prompt{i, text, text + suffix, row})
			found = true
			break
		}
		if !found {
			without++
		}
	}
	return prompts, without, nil
}

// Suffix puts the language's name into a wording like " Answer in {language}."; without a language there is no suffix.
func Suffix(wording, language string) string {
	if language == "" {
		return ""
	}
	return strings.ReplaceAll(wording, "{language}", language)
}

// Record says what an answer's row holds beside its two turns.
type Record string

const (
	Authors Record = "authors" // nothing: pairing has to find the line by the prompt's text
	Carry   Record = "carry"   // id, line_id, and prompt, the bare one
)

// Answers makes one row per answer, in order; answers[i] are those to prompts[i], not stripped.
func Answers(prompts []Prompt, answers [][]string, record Record) ([]*python.Object, error) {
	if len(answers) != len(prompts) {
		return nil, fmt.Errorf("expected the answers to %d prompts, found those to %d", len(prompts), len(answers))
	}
	var rows []*python.Object
	for i, p := range prompts {
		for _, text := range answers[i] {
			row := python.Dict("messages", []any{turn("user", p.Sent), turn("assistant", text)})
			if record == Carry {
				row.Set("id", p.From.Get("id"))
				row.Set("line_id", python.Int(fmt.Sprint(p.Row)))
				row.Set("prompt", p.Bare)
			}
			rows = append(rows, row)
		}
	}
	return rows, nil
}

func turn(role, content string) *python.Object { return python.Dict("role", role, "content", content) }
