package eval

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
)

// The shapes of summary.json. What is not known is null, since JSON has no NaN.
type (
	jsonTable struct {
		Confidence float64   `json:"confidence"`
		Interval   string    `json:"interval"`
		OnlyBefore int       `json:"only_before"`
		OnlyAfter  int       `json:"only_after"`
		Rows       []jsonRow `json:"rows"`
	}
	jsonRow struct {
		Name          string   `json:"name"`
		Languages     []string `json:"languages"`
		Prompts       int      `json:"prompts"`
		AnswersBefore int      `json:"answers_before"`
		AnswersAfter  int      `json:"answers_after"`

		Score         *jsonChange `json:"score"`
		WinRate       *jsonRate   `json:"win_rate"`
		RightLanguage *jsonChange `json:"right_language"`
		Length        *jsonChange `json:"length"`
		Finished      *jsonChange `json:"finished"`
		Quality       *jsonChange `json:"quality"`
		Pass          *jsonChange `json:"pass"`
	}
	jsonChange struct {
		Prompts    int      `json:"prompts"`
		Before     float64  `json:"before"`
		After      float64  `json:"after"`
		Difference float64  `json:"difference"`
		Low        *float64 `json:"low"`
		High       *float64 `json:"high"`
		Verdict    string   `json:"verdict"`
	}
	jsonRate struct {
		Prompts int      `json:"prompts"`
		Value   float64  `json:"value"`
		Low     *float64 `json:"low"`
		High    *float64 `json:"high"`
		Verdict string   `json:"verdict"`
	}
)

// JSON is the text of summary.json: fields in a fixed order, every number in full.
func (t Table) JSON() ([]byte, error) {
	out := jsonTable{t.Confidence, t.Method, t.OnlyBefore, t.OnlyAfter, []jsonRow{}}
	for _, r := range t.Rows {
		out.Rows = append(out.Rows, jsonRow{r.Name, r.Languages, r.Prompts, r.AnswersBefore, r.AnswersAfter,
			r.Score.json(), r.Wins.json(), r.RightLanguage.json(), r.Length.json(), r.Finished.json(), r.Quality.json(), r.Pass.json()})
	}
	b, err := json.MarshalIndent(out, "", "  ")
	return append(b, '\n'), err
}

func (c Change) json() *jsonChange {
	if c.Prompts == 0 {
		return nil
	}
	return &jsonChange{c.Prompts, c.Before, c.After, c.Difference, known(c.Low), known(c.High), c.Verdict().String()}
}

func (r Rate) json() *jsonRate {
	if r.Prompts == 0 {
		return nil
	}
	return &jsonRate{r.Prompts, r.Value, known(r.Low), known(r.High), r.Verdict().String()}
}

func known(v float64) *float64 {
	if math.IsNaN(v) {
		return nil
	}
	return &v
}

// ParseTable reads what JSON wrote. An unknown key is an error; verdicts are derived anew.
func ParseTable(raw []byte) (Table, error) {
	var in jsonTable
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(&in); err != nil {
		return Table{}, fmt.Errorf("expected a summary of an evaluation: %w", err)
	}
	if _, err := d.Token(); err != io.EOF {
		return Table{}, errors.New("expected one summary of an evaluation, found more behind it")
	}
	if len(in.Rows) == 0 {
		return Table{}, errors.New(`"rows": expected one row or more, found none`)
	}
	if !(in.Confidence > 0 && in.Confidence < 1) {
		return Table{}, fmt.Errorf(`"confidence": expected a number between 0 and 1, found %v`, in.Confidence)
	}
	t := Table{Confidence: in.Confidence, Method: in.Interval, OnlyBefore: in.OnlyBefore, OnlyAfter: in.OnlyAfter}
	for _, r := range in.Rows {
		t.Rows = append(t.Rows, Row{r.Name, r.Languages, r.Prompts, r.AnswersBefore, r.AnswersAfter, r.Score.change(), r.WinRate.rate(),
			r.RightLanguage.change(), r.Length.change(), r.Finished.change(), r.Quality.change(), r.Pass.change()})
	}
	return t, nil
}

func (c *jsonChange) change() Change {
	if c == nil {
		return Change{Before: math.NaN(), After: math.NaN(), Difference: math.NaN(), Interval: unknown}
	}
	return Change{c.Prompts, c.Before, c.After, c.Difference, Interval{orNaN(c.Low), orNaN(c.High)}}
}

func (r *jsonRate) rate() Rate {
	if r == nil {
		return Rate{Value: math.NaN(), Interval: unknown}
	}
	return Rate{r.Prompts, r.Value, Interval{orNaN(r.Low), orNaN(r.High)}}
}

func orNaN(v *float64) float64 {
	if v == nil {
		return math.NaN()
	}
	return *v
}
