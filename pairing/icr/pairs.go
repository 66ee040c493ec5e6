package icr

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"unicode/utf8"

	"croco/pairing/python"
)

// Options of the pairs of one language. The zero value has no length control and no bound.
type Options struct {
	LengthControl bool    `yaml:"length_control"` // take α off per character, so that both sides of the pairs are equally long
	AlphaStep     float64 `yaml:"alpha_step"`     // 1000 α are tried, so far apart; 0: 0.001, as the authors have it
	// UpperBound, if not nil, leaves out answers whose adjusted reward is not below it when the best is looked for. If
	// none is below, the first answer is chosen.
	UpperBound *float64 `yaml:"upper_bound"`
	// Misaligned joins rewards and answers as the authors' script does: a row without scores loses them but keeps its
	// answers, so that every later pair takes its answers from the wrong row, and lists of different length are cut. Else
	// such rows are an error.
	Misaligned bool `yaml:"-"`
}

// Defaults control length.
func Defaults() Options { return Options{LengthControl: true, AlphaStep: gridStep} }

// grid is d(α) of a table, none without length control.
func (o Options) grid(t Table) []Point {
	switch {
	case !o.LengthControl:
		return nil
	case o.AlphaStep == 0:
		return t.Grid()
	}
	return t.GridOf(o.AlphaStep)
}

// Validate refuses a grid that goes nowhere.
func (o Options) Validate() error {
	if !(o.AlphaStep >= 0 && o.AlphaStep < 1e300) {
		return fmt.Errorf("alpha_step: expected a number above 0, found %v", o.AlphaStep)
	}
	return nil
}

// Result is what Pairs made.
type Result struct {
	Records []*python.Object // prompt, chosen, reject, chosen_score, reject_score, id
	Alpha   *Point           // nil without length control
	Grid    []Point          // likewise
}

// Pairs makes one record per row. prompts are the rows asked, with instruction and instruction_id; policy and reference
// hold, row by row, the same answers (response) and the log-probabilities that the two models give them
// (response_log_probs).
func Pairs(prompts, policy, reference []*python.Object, o Options) (Result, error) {
	t, answers, err := tables(policy, reference, o)
	if err == nil && len(prompts) != len(policy) && !o.Misaligned {
		err = fmt.Errorf("expected one row of scores per prompt, found %d prompts and %d rows", len(prompts), len(policy))
	}
	if err == nil && len(t.Rewards) == 0 {
		err = errors.New("expected rows with response_log_probs, found none")
	}
	if err != nil {
		return Result{}, err
	}
	var r Result
	alpha := 0.0
	if r.Grid = o.grid(t); r.Grid != nil {
		least := least(r.Grid)
		alpha, r.Alpha = least.Alpha, &least
	}
	for i, rewards := range t.Rewards {
		if i >= len(prompts) {
			break
		}
		a := adjusted(rewards, t.Lengths[i], alpha)
		best, worst := extremes(a)
		if o.UpperBound != nil {
			best = bestBelow(a, *o.UpperBound)
		}
		prompt, err := prompts[i].Text("instruction")
		if err != nil {
			return Result{}, fmt.Errorf("prompts, row %d: %w", i+1, err)
		}
		r.Records = append(r.Records, python.Dict("prompt", prompt, "chosen", answers[i][best], "reject", answers[i][worst],
			"chosen_score", a[best], "reject_score", a[worst], "id", id(policy[i], i)))
	}
	return r, nil
}

// id is a row's instruction_id, or its place from 0.
func id(row *python.Object, place int) any {
	if id, given := row.Lookup("instruction_id"); given {
		return id
	}
	return python.Int(strconv.Itoa(place))
}

// bestBelow is the first of the highest values under a bound, or 0.
func bestBelow(a []float64, bound float64) int {
	best, high := 0, math.Inf(-1)
	for k, v := range a {
		if v < bound && v > high {
			best, high = k, v
		}
	}
	return best
}

// tables joins the two scored files. Rewards are differences, policy minus reference.
func tables(policy, reference []*python.Object, o Options) (t Table, answers [][]string, err error) {
	if len(policy) != len(reference) && !o.Misaligned {
		return t, nil, fmt.Errorf("expected scores of both models for the same rows, found %d and %d rows", len(policy), len(reference))
	}
	ours, err := scores(policy, "policy", o)
	theirs, err2 := scores(reference, "reference", o)
	if err := errors.Join(err, err2); err != nil {
		return t, nil, err
	}
	if len(ours) != len(theirs) {
		return t, nil, fmt.Errorf("expected response_log_probs of both models for the same rows, found %d and %d", len(ours), len(theirs))
	}
	for i, row := range policy {
		texts, err := row.Texts("response")
		if err != nil {
			return t, nil, fmt.Errorf("policy, row %d: %w", i+1, err)
		}
		lengths := make([]int, len(texts))
		for k, text := range texts {
			lengths[k] = utf8.RuneCountInString(text)
		}
		answers, t.Lengths = append(answers, texts), append(t.Lengths, lengths)
	}
	for i := range ours {
		if !o.Misaligned && (len(ours[i]) != len(answers[i]) || len(theirs[i]) != len(answers[i])) {
			return t, nil, fmt.Errorf("row %d: expected a score of both models for each of %d answers, found %d and %d; score the row again", i+1, len(answers[i]), len(ours[i]), len(theirs[i]))
		}
		rewards := make([]float64, min(len(ours[i]), len(theirs[i])))
		for k := range rewards {
			rewards[k] = ours[i][k] - theirs[i][k]
		}
		t.Rewards = append(t.Rewards, rewards)
	}
	if len(t.Rewards) > len(t.Lengths) {
		return t, nil, fmt.Errorf("expected answers to %d scored rows, found %d", len(t.Rewards), len(t.Lengths))
	}
	t.Lengths = t.Lengths[:len(t.Rewards)]
	for i, rewards := range t.Rewards {
		if len(rewards) == 0 || len(t.Lengths[i]) == 0 {
			return t, nil, fmt.Errorf("row %d: expected answers with scores, found none", i+1)
		}
	}
	return t, answers, nil
}

// scores are the rows' response_log_probs.
func scores(rows []*python.Object, name string, o Options) ([][]float64, error) {
	var all [][]float64
	for i, row := range rows {
		if _, given := row.Lookup("response_log_probs"); !given && o.Misaligned {
			continue
		}
		list, err := row.List("response_log_probs")
		if err != nil {
			return nil, fmt.Errorf("%s, row %d: %w; score the row again", name, i+1, err)
		}
		values := make([]float64, len(list))
		for k, v := range list {
			if values[k], err = python.ToFloat(v); err != nil || math.IsNaN(values[k]) || math.IsInf(values[k], 0) {
				return nil, fmt.Errorf("%s, row %d: response_log_probs, item %d: expected a finite number, found %s", name, i+1, k+1, python.Dumps(v))
			}
		}
		all = append(all, values)
	}
	return all, nil
}

// FileName is the name that the authors give a language's pairs.
func (r Result) FileName(language string) string {
	if r.Alpha == nil {
		return language + "_dpo.jsonl"
	}
	return language + "_lc_alpha_" + python.FloatRepr(python.Round(r.Alpha.Alpha, 3)) + "_dpo.jsonl"
}

// GridRows are the lines of a grid's file: [α, d(α)].
func GridRows(grid []Point) string {
	var b []byte
	for _, p := range grid {
		b = append(python.AppendJSON(b, []any{p.Alpha, p.Bias}), '\n')
	}
	return string(b)
}

// Note says in words what length control did, and warns where it did nothing.
func (r Result) Note() string {
	if r.Alpha == nil {
		return "no length control"
	}
	before := r.Grid[0].Bias
	s := "α " + strconv.FormatFloat(r.Alpha.Alpha, 'f', 3, 64) + fmt.Sprintf(": chosen answers are %+.1f characters longer than rejected ones, %+.1f without control", r.Alpha.Bias, before)
	if r.Alpha.Alpha == 0 && before != 0 {
		s += "; no α of the grid does better, so length is not controlled"
	}
	return s
}
