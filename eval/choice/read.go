package choice

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"croco/internal/jsonl"
)

// Read reads questions, one JSON object a line. Two shapes are known, by their keys; a key of neither is an error:
//
//	Belebele  flores_passage, question, mc_answer1 … mc_answer4, correct_answer_num (1–4), dialect; link, question_number
//	          and ds are passed over, but link and question_number name the question across languages
//	plain     question, choices, answer (a letter, a number from 0, or the text of the choice); optional id, passage,
//	          language, line_id (equal for translations)
//
// A language that the row does not name is the given one.
func Read(path, language string) ([]Question, error) {
	var questions []Question
	err := jsonl.Read(path, func(line int, raw json.RawMessage) error {
		var keys map[string]json.RawMessage
		if err := json.Unmarshal(raw, &keys); err != nil {
			return err
		}
		read := plain
		if _, ok := keys["flores_passage"]; ok {
			read = belebele
		}
		q, err := read(raw)
		if err != nil {
			return err
		}
		if q.Language == "" {
			q.Language = language
		}
		if q.ID == "" {
			q.ID = strconv.Itoa(line)
		}
		questions = append(questions, q)
		return q.check()
	})
	if err == nil && len(questions) == 0 {
		err = fmt.Errorf("%s: expected questions, found none", path)
	}
	return questions, err
}

// check refuses what cannot be asked.
func (q Question) check() error {
	switch {
	case strings.TrimSpace(q.Question) == "":
		return errors.New("question: expected a text, found none")
	case len(q.Choices) < 2 || len(q.Choices) > 26:
		return fmt.Errorf("choices: expected from 2 to 26, found %d", len(q.Choices))
	case slices.Contains(q.Choices, ""):
		return errors.New("choices: expected a text in each, found an empty one")
	case q.Right < 0 || q.Right >= len(q.Choices):
		return fmt.Errorf("answer: expected one of %d choices, found number %d, counted from 0", len(q.Choices), q.Right)
	}
	return nil
}

func strict(raw []byte, into any, known string) error {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return fmt.Errorf("expected the keys %s: %w", known, err)
	}
	return nil
}

func belebele(raw []byte) (Question, error) {
	var row struct {
		Link     string `json:"link"`
		Number   any    `json:"question_number"`
		Passage  string `json:"flores_passage"`
		Question string `json:"question"`
		A1       string `json:"mc_answer1"`
		A2       string `json:"mc_answer2"`
		A3       string `json:"mc_answer3"`
		A4       string `json:"mc_answer4"`
		Correct  any    `json:"correct_answer_num"`
		Dialect  string `json:"dialect"`
		DS       any    `json:"ds"`
	}
	if err := strict(raw, &row, "of Belebele (flores_passage, question, mc_answer1 … mc_answer4, correct_answer_num, dialect, …)"); err != nil {
		return Question{}, err
	}
	right, err := strconv.Atoi(fmt.Sprint(row.Correct))
	if err != nil {
		return Question{}, fmt.Errorf("correct_answer_num: expected 1 to 4, found %v", row.Correct)
	}
	q := Question{Language: row.Dialect, Passage: row.Passage, Question: row.Question, Choices: []string{row.A1, row.A2, row.A3, row.A4}, Right: right - 1}
	if row.Link != "" {
		q.ID = fmt.Sprintf("%s#%v", row.Link, row.Number)
		q.Cluster = q.ID
	}
	return q, nil
}

func plain(raw []byte) (Question, error) {
	var row struct {
		ID       json.RawMessage `json:"id"`
		LineID   *int            `json:"line_id"`
		Language string          `json:"language"`
		Passage  string          `json:"passage"`
		Question string          `json:"question"`
		Choices  []string        `json:"choices"`
		Answer   json.RawMessage `json:"answer"`
	}
	if err := strict(raw, &row, "question, choices, answer, and maybe id, passage, language, line_id"); err != nil {
		return Question{}, err
	}
	q := Question{ID: strings.Trim(string(row.ID), `"`), Language: row.Language, Passage: row.Passage, Question: row.Question, Choices: row.Choices}
	if row.LineID != nil {
		q.Cluster = fmt.Sprint("line ", *row.LineID)
	}
	var err error
	q.Right, err = answer(row.Answer, row.Choices)
	return q, err
}

// answer is a number from 0, a letter, or the text of a choice.
func answer(raw json.RawMessage, choices []string) (int, error) {
	var n int
	var text string
	switch {
	case len(raw) == 0:
		return 0, errors.New("answer: expected a letter, a number from 0, or the text of a choice, found none")
	case json.Unmarshal(raw, &n) == nil:
		return n, nil
	case json.Unmarshal(raw, &text) != nil:
		return 0, fmt.Errorf("answer: expected a letter, a number from 0, or the text of a choice, found %.40s", raw)
	}
	if i := slices.Index(choices, text); i >= 0 {
		return i, nil
	}
	if len(text) == 1 {
		if i := int(strings.ToUpper(text)[0]) - 'A'; i >= 0 && i < len(choices) {
			return i, nil
		}
	}
	return 0, fmt.Errorf("answer: expected one of the %d choices or its letter, found %q", len(choices), text)
}
