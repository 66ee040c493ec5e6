package mgsm

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"croco/internal/jsonl"
)

// Read reads problems: lines of question, tab, number (mgsm_de.tsv), or JSON objects with question and answer_number, and
// for solved ones answer. equation_solution is passed over; any other key is an error.
func Read(path string) ([]Problem, error) {
	var problems []Problem
	var err error
	if strings.HasSuffix(path, ".tsv") {
		problems, err = readTSV(path)
	} else {
		problems, err = readJSON(path)
	}
	if err == nil && len(problems) == 0 {
		err = fmt.Errorf("%s: expected problems, found none", path)
	}
	return problems, err
}

// inName is the language at the end of a file's name: mgsm_de.tsv, train-sw.jsonl.
var inName = regexp.MustCompile(`(?:^|[_.-])([a-z]{2})\.[a-z]+$`)

// Language of a file, by its name.
func Language(path string) (string, error) {
	m := inName.FindStringSubmatch(filepath.Base(path))
	if m == nil {
		return "", fmt.Errorf("%s: expected a name that ends in the language, such as mgsm_de.tsv, or --language", path)
	}
	return m[1], Known(m[1])
}

func readTSV(path string) (problems []Problem, err error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	raw = bytes.TrimPrefix(raw, []byte("\ufeff"))
	lines := bufio.NewReader(bytes.NewReader(raw))
	for n := 1; ; n++ {
		line, end := lines.ReadString('\n')
		if line = strings.TrimRight(line, "\r\n"); line != "" {
			question, number, ok := strings.Cut(line, "\t")
			number = strings.TrimSpace(number)
			if !ok || question == "" || !isNumber(number) {
				return nil, &jsonl.Error{File: path, Line: n, Err: fmt.Errorf("expected a question, a tab and a number, found %.80q", line)}
			}
			problems = append(problems, Problem{Question: question, Number: number})
		}
		if end == io.EOF {
			return problems, nil
		}
	}
}

func isNumber(s string) bool { return numberOnly.MatchString(s) }

var numberOnly = regexp.MustCompile(`^-?[0-9][0-9.,]*$`)

func readJSON(path string) (problems []Problem, err error) {
	err = jsonl.Read(path, func(_ int, raw json.RawMessage) error {
		var row struct {
			Question string          `json:"question"`
			Answer   *string         `json:"answer"`
			Number   json.RawMessage `json:"answer_number"`
			Equation any             `json:"equation_solution"`
		}
		d := json.NewDecoder(bytes.NewReader(raw))
		d.DisallowUnknownFields()
		if err := d.Decode(&row); err != nil {
			return fmt.Errorf("expected question, answer, answer_number and equation_solution: %w", err)
		}
		number := strings.Trim(string(row.Number), `"`)
		switch {
		case row.Question == "":
			return errors.New("question: expected a text, found none")
		case !isNumber(number):
			return fmt.Errorf("answer_number: expected a number, found %.40q", row.Number)
		}
		p := Problem{Question: row.Question, Number: number}
		if row.Answer != nil {
			p.Solution = *row.Answer
		}
		problems = append(problems, p)
		return nil
	})
	return problems, err
}
