// Package ifeval checks instructions that a program can check: "no commas", "at least 300 words", "answer in German" (Zhou
// et al. 2023, arXiv:2311.07911, and EuroEval's translations of it).
//
//	Read         prompts with their instructions
//	Supported    whether an instruction can be checked here
//	Check        an answer against a document's instructions
//
// Instructions that need another program's idea of a sentence, or of a word in capitals (number_sentences,
// capital_word_frequency), and those of languages that package language does not tell, are not supported: documents with one
// of them are left out and counted, not guessed. Words are runs of letters, digits and underscores, as in the original;
// EuroEval counts punctuation marks as words.
package ifeval

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"croco/internal/jsonl"
)

// Instruction is one demand with its parameters.
type Instruction struct {
	ID     string // "punctuation:no_comma", or with a language: "fr:punctuation:no_comma"
	Params map[string]any
}

// Document is a prompt with what its answer must keep to.
type Document struct {
	ID           string
	Prompt       string
	Language     string
	Instructions []Instruction
}

// Read reads documents, one JSON object a line: prompt, instruction_id_list, kwargs (an object for each, null for what it
// does not use), and maybe key or id, and language. EuroEval's text and target_text are known as well. A parameter of the
// wrong type is an error; so is any other key.
func Read(path string) ([]Document, error) {
	var documents []Document
	err := jsonl.Read(path, func(line int, raw json.RawMessage) error {
		d, err := document(raw)
		if d.ID == "" {
			d.ID = fmt.Sprint(line)
		}
		documents = append(documents, d)
		return err
	})
	if err == nil && len(documents) == 0 {
		err = fmt.Errorf("%s: expected prompts with instructions, found none", path)
	}
	return documents, err
}

type demands struct {
	IDs    []string         `json:"instruction_id_list"`
	Params []map[string]any `json:"kwargs"`
}

func document(raw json.RawMessage) (d Document, err error) {
	var row struct {
		Key      json.RawMessage `json:"key"`
		ID       json.RawMessage `json:"id"`
		Index    any             `json:"index"`
		Language string          `json:"language"`
		Prompt   string          `json:"prompt"`
		Text     string          `json:"text"`
		Target   *demands        `json:"target_text"`
		demands
	}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&row); err != nil {
		return d, fmt.Errorf("expected prompt, instruction_id_list and kwargs: %w", err)
	}
	if row.Target != nil {
		row.demands = *row.Target
	}
	d = Document{ID: strings.Trim(string(row.Key)+string(row.ID), `"`), Prompt: row.Prompt + row.Text, Language: row.Language}
	switch {
	case d.Prompt == "":
		return d, errors.New("prompt: expected a text, found none")
	case len(row.IDs) == 0 || len(row.IDs) != len(row.Params):
		return d, fmt.Errorf("expected instruction_id_list and kwargs of one length, found %d and %d", len(row.IDs), len(row.Params))
	}
	for i, id := range row.IDs {
		in := Instruction{id, row.Params[i]}
		for key, v := range in.Params {
			if v == nil {
				delete(in.Params, key)
			}
		}
		if Supported(in) {
			if err := in.complete(); err != nil {
				return d, fmt.Errorf("%s: %w", id, err)
			}
		}
		d.Instructions = append(d.Instructions, in)
	}
	return d, nil
}

// name is an instruction's without its language.
func (in Instruction) name() string {
	if parts := strings.SplitN(in.ID, ":", 2); len(parts) == 2 && len(parts[0]) == 2 {
		return parts[1]
	}
	return in.ID
}

// Supported says whether an instruction can be checked.
func Supported(in Instruction) bool {
	c, ok := checks[in.name()]
	return ok && (c.supports == nil || c.supports(in))
}

// Unsupported lists the instructions of a document that cannot be checked.
func (d Document) Unsupported() (ids []string) {
	for _, in := range d.Instructions {
		if !Supported(in) {
			ids = append(ids, in.ID)
		}
	}
	return ids
}

// Check says of each instruction whether the answer follows it. An answer without a letter follows none. All must be
// supported.
func Check(answer string, d Document) []bool {
	kept := make([]bool, len(d.Instructions))
	for i, in := range d.Instructions {
		kept[i] = strings.TrimSpace(answer) != "" && checks[in.name()].holds(answer, in.Params)
	}
	return kept
}

// complete refuses parameters that are missing or of another type.
func (in Instruction) complete() error {
	for key, kind := range checks[in.name()].params {
		v, ok := in.Params[key]
		switch got := v.(type) {
		case string:
			ok = ok && (kind == "text" || kind == "relation" && relations[got] != "" || kind == "letter" && len([]rune(got)) == 1)
		case float64:
			ok = ok && kind == "number" && got == float64(int(got))
		case []any:
			ok = ok && kind == "list of texts" && allTexts(got)
		default:
			ok = false
		}
		if !ok {
			return fmt.Errorf("%s: expected a %s, found %v", key, kind, v)
		}
	}
	return nil
}

func allTexts(list []any) bool {
	for _, v := range list {
		if _, ok := v.(string); !ok {
			return false
		}
	}
	return true
}

// relations are the words for less and not less.
var relations = map[string]string{"less than": "<", "at least": "≥", "moins de": "<", "au moins": "≥"}

// compared says whether n stands in the relation to the limit.
func compared(n int, relation, limit any) bool {
	if relations[relation.(string)] == "<" {
		return n < int(limit.(float64))
	}
	return n >= int(limit.(float64))
}
