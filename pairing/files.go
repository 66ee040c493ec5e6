package pairing

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"unicode/utf8"

	"croco/pairing/python"
)

// ReadCandidates reads scores.jsonl; name is for messages. A row without score is an error, a score of null one whose
// scoring failed. Errors name the line, and what was expected there.
func ReadCandidates(r io.Reader, name string) ([]Candidate, error) {
	var rows []Candidate
	err := eachLine(r, name, func(n int, line []byte) error {
		var row struct { // the outer fields win over those of the same name inside
			Candidate
			LineID     *int            `json:"line_id"`
			Language   *string         `json:"language"`
			Completion *string         `json:"completion"`
			Score      json.RawMessage `json:"score"`
		}
		if err := json.Unmarshal(line, &row); err != nil {
			return fmt.Errorf("%s:%d: expected one JSON object a line, as croco score writes them: %w", name, n, err)
		}
		missing := ""
		switch {
		case row.LineID == nil:
			missing = "line_id"
		case row.Language == nil || *row.Language == "":
			missing = "language"
		case row.Prompt == nil:
			missing = "prompt"
		case row.Completion == nil:
			missing = "completion"
		case row.Score == nil:
			missing = "score"
		}
		if missing != "" {
			return fmt.Errorf("%s:%d: expected the key %s; pairing reads scores.jsonl, whose rows are those of completions.jsonl with a score", name, n, missing)
		}
		c := row.Candidate
		c.LineID, c.Language, c.Completion, c.Score = *row.LineID, *row.Language, *row.Completion, FailedScore
		if string(row.Score) != "null" {
			if err := json.Unmarshal(row.Score, &c.Score); err != nil {
				return fmt.Errorf("%s:%d: score: expected a number, found %s", name, n, row.Score)
			}
		}
		rows = append(rows, c)
		return nil
	})
	return rows, err
}

// ReadPairs reads pairs as WritePairs writes them.
func ReadPairs(r io.Reader, name string) ([]Pair, error) {
	var pairs []Pair
	err := eachLine(r, name, func(n int, line []byte) error {
		var p Pair
		if err := json.Unmarshal(line, &p); err != nil {
			return fmt.Errorf("%s:%d: expected one pair a line: %w", name, n, err)
		}
		if p.Prompt == nil {
			return fmt.Errorf("%s:%d: expected the key prompt", name, n)
		}
		pairs = append(pairs, p)
		return nil
	})
	return pairs, err
}

// eachLine calls do with every line that is not blank; lines count from 1.
func eachLine(r io.Reader, name string, do func(n int, line []byte) error) error {
	in := bufio.NewReaderSize(r, 1<<16)
	for n := 1; ; n++ {
		line, err := in.ReadBytes('\n')
		if len(bytes.TrimSpace(line)) > 0 {
			if !utf8.Valid(line) {
				return fmt.Errorf("%s:%d: expected UTF-8; convert the file", name, n)
			}
			if err := do(n, line); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// WritePairs writes one record a line.
func WritePairs(w io.Writer, pairs []Pair) error { return writeLines(w, pairs) }

// WriteSFT writes one record a line.
func WriteSFT(w io.Writer, records []SFT) error { return writeLines(w, records) }

type record interface{ AppendJSON([]byte) []byte }

func writeLines[R record](w io.Writer, records []R) error {
	out := bufio.NewWriter(w)
	var b []byte
	for i, r := range records {
		b = append(r.AppendJSON(b[:0]), '\n')
		if python.HasSurrogate(b) {
			return fmt.Errorf("record %d: half a surrogate pair cannot be written as UTF-8; mend the text: %.200q", i+1, b)
		}
		if _, err := out.Write(b); err != nil {
			return err
		}
	}
	return out.Flush()
}

// writeFile writes a whole file or none: under another name first.
func writeFile[R record](path string, records []R) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".pairs-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // gone already if all went well
	if err := errors.Join(f.Chmod(0o644), writeLines(f, records), f.Close()); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return os.Rename(f.Name(), path)
}
