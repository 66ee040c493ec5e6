package judge

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"unicode/utf8"

	"croco/eval/lcwinrate"
	"croco/pairing/python"
)

// Ties says what a tie is worth.
type Ties string

const (
	Half Ties = "half" // ½, and counted as a tie
	Win  Ties = "win"  // 1, and counted as a win
	Loss Ties = "loss" // 0, and counted as a loss
)

// Reply is what the judge said; FinishReason as its engine gave it, "" for none.
type Reply struct{ Text, FinishReason string }

// Tally counts the judgments of a set and holds its win rates.
type Tally struct {
	Wins, Losses, Ties int
	Unparseable        int // questions without a verdict
	lcwinrate.WinRate      // over the others

	Decided, First int // verdicts that are no tie, and those of them that prefer what was shown first
	Agreed         int // of questions asked in both orders: those whose two verdicts prefer the same answer, or none
}

// Judgment is one question's outcome.
type Judgment struct {
	Answer
	Verdict                  Verdict
	Swapped                  bool
	ModelLength, OtherLength int     // characters
	Preference               float64 // from 0 to 1: what the model's answer won; nothing where Judged is false
	Reply                    Reply
	Back                     *Reply // the reply to the question with its sides exchanged; nil where it was not asked
}

// Judged says whether the question counts: every reply to it holds a verdict. In two orders one verdict alone would bring
// back what the second order is there to take out.
func (j Judgment) Judged() bool {
	return j.Verdict != None && (j.Back == nil || ParseVerdict(j.Back.Text) != None)
}

// Result is a language's outcome.
type Result struct {
	Language  string
	TieIs     Ties
	Reference string // its generator
	Tally
	Subcategories map[string]Tally
	Judgments     []Judgment
}

// String is the outcome in a line.
func (r Result) String() string {
	if r.N == 0 {
		return fmt.Sprintf("%s: no reply to %d questions holds a verdict, [[1]] or [[2]]; the replies are in %s_annotations.json", r.Language, len(r.Judgments), r.Language)
	}
	return fmt.Sprintf("%s: win rate %.1f%% ± %.1f, length-controlled %.1f%%, %d judged of %d", r.Language, r.Mean, r.StandardError, r.Controlled.WinRate, r.N, len(r.Judgments))
}

// SubcategoryNames lists them in order.
func (r Result) SubcategoryNames() []string { return slices.Sorted(maps.Keys(r.Subcategories)) }

// Score reads the replies. reference is aligned with model; questions and replies are too, or hold, for each of the model's
// answers, the question and the same with its sides exchanged.
func Score(language string, model, reference []Answer, questions []Question, replies []Reply, ties Ties) (Result, error) {
	if len(replies) != len(questions) || len(model) == 0 {
		return Result{}, fmt.Errorf("%s: expected %d replies and at least one, found %d", language, len(questions), len(replies))
	}
	r := Result{Language: language, TieIs: ties, Reference: reference[0].Generator, Subcategories: map[string]Tally{}}
	all, parts := &set{}, map[string]*set{}
	orders := len(questions) / len(model)
	for i, m := range model {
		first := orders * i
		j := Judgment{Answer: m, Verdict: ParseVerdict(replies[first].Text), Swapped: questions[first].Swapped, Reply: replies[first],
			ModelLength: utf8.RuneCountInString(m.Output), OtherLength: utf8.RuneCountInString(reference[i].Output)}
		j.Preference = worth(j.Verdict, j.Swapped, ties)
		if orders == 2 {
			j.Back = &replies[first+1]
			j.Preference = (j.Preference + worth(ParseVerdict(j.Back.Text), !j.Swapped, ties)) / 2
		}
		if parts[m.Subcategory] == nil {
			parts[m.Subcategory] = &set{}
		}
		all.add(j)
		parts[m.Subcategory].add(j)
		r.Judgments = append(r.Judgments, j)
	}
	r.Tally = all.tally()
	for name, part := range parts {
		r.Subcategories[name] = part.tally()
	}
	return r, nil
}

// worth of a verdict to the model.
func worth(v Verdict, swapped bool, ties Ties) float64 {
	switch {
	case v == None:
		return 0
	case v == Tie:
		return map[Ties]float64{Half: 0.5, Win: 1, Loss: 0}[ties]
	case (v == First) != swapped:
		return 1
	}
	return 0
}

// set gathers judgments.
type set struct {
	Tally
	preferences  []float64
	model, other []int
}

func (s *set) add(j Judgment) {
	if !j.Judged() {
		s.Unparseable++
		return
	}
	switch {
	case j.Preference == 0.5:
		s.Ties++
	case j.Preference > 0.5:
		s.Wins++
	default:
		s.Losses++
	}
	s.shown(j.Verdict)
	if j.Back != nil {
		back := ParseVerdict(j.Back.Text)
		s.shown(back)
		if (j.Verdict == Tie) == (back == Tie) && (back == Tie || back != j.Verdict) {
			s.Agreed++
		}
	}
	s.preferences = append(s.preferences, j.Preference)
	s.model, s.other = append(s.model, j.ModelLength), append(s.other, j.OtherLength)
}

// shown counts which side a verdict prefers.
func (s *set) shown(v Verdict) {
	if v != Tie {
		s.Decided++
	}
	if v == First {
		s.First++
	}
}

func (s *set) tally() Tally {
	s.WinRate = lcwinrate.Of(s.preferences, s.model, s.other)
	return s.Tally
}

// fields are a tally's, in the order of the authors' files, rounded as there.
func (t Tally) fields(n int) []any {
	return []any{"win_rate", python.Round(t.Mean, 2), "lc_win_rate", python.Round(t.Controlled.WinRate, 2),
		"standard_error", python.Round(t.StandardError, 2), "n", whole(n), "n_judged", whole(t.N), "wins", whole(t.Wins),
		"losses", whole(t.Losses), "ties", whole(t.Ties), "unparseable", whole(t.Unparseable)}
}

func (t Tally) lengths() []any {
	return []any{"avg_model_len", whole(int(math.RoundToEven(t.ModelLength))), "avg_ref_len", whole(int(math.RoundToEven(t.OtherLength)))}
}

// phi and theta as the files print them.
func (t Tally) phi() float64   { return python.Round(t.Controlled.Phi, 4) }
func (t Tally) theta() float64 { return python.Round(t.Controlled.Theta, 4) }

// JSON is the content of LANGUAGE_annotations.json.
func (r Result) JSON() *python.Object {
	o := python.Dict(slices.Concat([]any{"language", r.Language}, r.fields(len(r.Judgments)), []any{"tie_handling", string(r.TieIs)},
		r.lengths(), []any{"length_bias_coeff_phi", r.phi(), "quality_coeff_theta", r.theta(),
			"model_generator", r.Judgments[0].Generator, "reference_generator", r.Reference})...)
	parts := python.Dict()
	for _, name := range r.SubcategoryNames() {
		t := r.Subcategories[name]
		n := t.N + t.Unparseable
		if t.N == 0 {
			n = 0 // the authors count nothing here
		}
		parts.Set(name, python.Dict(slices.Concat(t.fields(n), t.lengths())...))
	}
	var list []any
	for _, j := range r.Judgments {
		list = append(list, j.json())
	}
	o.Set("subcategory_results", parts)
	o.Set("annotations", list)
	return o
}

// shown is how many characters of a prompt the files repeat.
const shown = 200

func (j Judgment) json() *python.Object {
	prompt := []rune(j.Prompt)
	o := python.Dict("question_id", j.ID, "prompt", string(prompt[:min(shown, len(prompt))]), "verdict", text(string(j.Verdict)),
		"is_swapped", j.Swapped, "model_len", whole(j.ModelLength), "ref_len", whole(j.OtherLength),
		"subcategory", j.Subcategory, "finish_reason", text(j.Reply.FinishReason), "preference", j.Preference)
	if !j.Judged() {
		o.Set("preference", nil)
		o.Set("raw_response", j.Reply.Text)
	}
	if j.Back != nil {
		o.Set("exchanged", python.Dict("verdict", text(string(ParseVerdict(j.Back.Text))), "finish_reason", text(j.Back.FinishReason), "raw_response", j.Back.Text))
	}
	return o
}

// row is the language's row of summary.json.
func (r Result) row() *python.Object {
	return python.Dict(slices.Concat([]any{"language", r.Language}, r.fields(len(r.Judgments)), r.lengths(), []any{"length_bias_phi", r.phi()})...)
}

func whole(n int) python.Int { return python.Int(strconv.Itoa(n)) }

func text(s string) any {
	if s == "" {
		return nil
	}
	return s
}
