// Package data reads training files: JSON lines of TRL's shapes become token ids.
//
// The verbs:
//
//	Read         a .jsonl or .json file → rows that know their file and line
//	Preferences  rows → prompt, chosen and rejected answer (DPO and reward models)
//	Completions  rows → prompt and completion (SFT), and which of its tokens are trained on
//	Report       what was kept, what was dropped, and why
//
// A row is text, messages, or token ids. Ids are taken as they are; text goes through an Encoder, by TRL's rules
// (data_utils.py of TRL 1.16): the prompt is encoded alone and with each answer, an answer is what follows the
// prompt's ids, and the end token is added to plain text only, unless it stands there already. A conversation goes to the
// chat template with the row's tools and chat_template_kwargs.
package data

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"croco/internal/jsonl"
)

// Row is one object of a file.
type Row struct {
	File   string
	Line   int
	fields map[string]json.RawMessage
}

// Where is "file:line".
func (r Row) Where() string { return fmt.Sprintf("%s:%d", r.File, r.Line) }

// Has tells whether the row holds a value other than null under each key.
func (r Row) Has(keys ...string) bool {
	return !slices.ContainsFunc(keys, func(k string) bool {
		raw, ok := r.fields[k]
		return !ok || string(raw) == "null"
	})
}

// get decodes a field.
func (r Row) get(key string, into any, expected string) error {
	if err := json.Unmarshal(r.fields[key], into); err != nil {
		return r.errorf("key %q: expected %s, found %s", key, expected, clip(r.fields[key]))
	}
	return nil
}

func (r Row) errorf(format string, args ...any) error {
	return &jsonl.Error{File: r.File, Line: r.Line, Err: fmt.Errorf(format, args...)}
}

// keys lists what the row holds, for messages.
func (r Row) keys() string {
	var ks []string
	for k := range r.fields {
		ks = append(ks, k)
	}
	slices.Sort(ks)
	return strings.Join(ks, ", ")
}

func clip(raw []byte) string {
	if len(raw) == 0 {
		return "nothing"
	}
	if len(raw) > 40 {
		return strings.ToValidUTF8(string(raw[:40]), "") + "…"
	}
	return string(raw)
}

// Read reads a file: JSON objects one a line, or one JSON array of objects. A malformed line is an error with its
// number.
func Read(path string) ([]Row, error) {
	if ext := filepath.Ext(path); ext == ".parquet" {
		return nil, fmt.Errorf("%s: training data is read from JSON lines; convert the file first", path)
	}
	start, err := firstByte(path)
	if err != nil {
		return nil, err
	}
	var rows []Row
	if start == '[' {
		rows, err = readArray(path)
	} else {
		err = jsonl.Read(path, func(line int, fields map[string]json.RawMessage) error {
			rows = append(rows, Row{path, line, fields})
			return nil
		})
	}
	if err != nil {
		return nil, err
	}
	if len(rows) == 0 {
		return nil, fmt.Errorf("%s: expected at least one row, found none", path)
	}
	return rows, nil
}

// firstByte is the first byte of a file that is not a space, 0 if there is none.
func firstByte(path string) (byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	head := make([]byte, 512)
	n, _ := f.Read(head)
	head = bytes.TrimSpace(bytes.TrimPrefix(head[:n], []byte("\xef\xbb\xbf")))
	if len(head) == 0 {
		return 0, nil
	}
	return head[0], nil
}

// readArray reads one JSON array; a row's line is the one on which its object ends.
func readArray(path string) ([]Row, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	text = bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))
	lineAt := func(offset int64) int { return 1 + bytes.Count(text[:min(offset, int64(len(text)))], []byte("\n")) }
	d := json.NewDecoder(bytes.NewReader(text))
	if _, err := d.Token(); err != nil {
		return nil, &jsonl.Error{File: path, Line: 1, Err: err}
	}
	var rows []Row
	for d.More() {
		var fields map[string]json.RawMessage
		if err := d.Decode(&fields); err != nil {
			return nil, &jsonl.Error{File: path, Line: lineAt(d.InputOffset()), Err: fmt.Errorf("expected an array of objects: %w", err)}
		}
		rows = append(rows, Row{path, lineAt(d.InputOffset()), fields})
	}
	if _, err := d.Token(); err != nil {
		return nil, &jsonl.Error{File: path, Line: lineAt(d.InputOffset()), Err: fmt.Errorf("expected the end of the array: %w", err)}
	}
	return rows, nil
}
