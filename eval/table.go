package eval

import (
	"fmt"
	"math"
)

// Table is a comparison: a row per language, in the order in which they were met, then the rows over several.
type Table struct {
	Confidence float64
	Method     string // of the intervals: "t" or "bootstrap"
	OnlyBefore int    // prompts left out because only one side answered them
	OnlyAfter  int
	Rows       []Row
}

// Row compares the answers to the prompts of one language, or of several.
type Row struct {
	Name      string
	Languages []string // more than one in a row over several
	Prompts   int

	AnswersBefore, AnswersAfter int

	Score         Change
	Wins          Rate // share of prompts whose mean score is higher after than before, equal ones counted half
	RightLanguage Change
	Length        Change
	Finished      Change
	Quality       Change
	Pass          Change
}

// Change is the mean over prompts of one quantity before and after, and the paired difference with its interval.
type Change struct {
	Prompts                   int // that have the quantity on both sides; 0: there is no such quantity
	Before, After, Difference float64
	Interval
}

// Rate is a share of prompts with its interval.
type Rate struct {
	Prompts int
	Value   float64
	Interval
}

// Verdict is what may be said of a difference.
type Verdict int

const (
	None        Verdict = iota // nothing was measured
	TooFew                     // fewer than MinPrompts prompts
	WithinNoise                // the interval holds 0
	Gained                     // the interval lies above 0
	Lost                       // the interval lies below 0
)

// MinPrompts is the least number of prompts of which anything is claimed.
const MinPrompts = 6

func (v Verdict) String() string {
	return [...]string{"none", "too few prompts", "within noise", "gained", "lost"}[v]
}

// Verdict of a change. Gained means that the quantity grew, which for a length is neither good nor bad.
func (c Change) Verdict() Verdict { return c.against(c.Prompts, 0) }

// Verdict of a rate of wins, against a half.
func (r Rate) Verdict() Verdict { return r.against(r.Prompts, .5) }

func (i Interval) against(prompts int, null float64) Verdict {
	switch {
	case prompts == 0:
		return None
	case prompts < MinPrompts || math.IsNaN(i.Low):
		return TooFew
	case i.Low > null:
		return Gained
	case i.High < null:
		return Lost
	}
	return WithinNoise
}

// Row finds a row by its name.
func (t Table) Row(name string) (Row, error) {
	for _, r := range t.Rows {
		if r.Name == name {
			return r, nil
		}
	}
	return Row{}, fmt.Errorf("the table has no row %q", name)
}

// languages are the rows of one language; groups those over several.
func (t Table) languages() (rows []Row) {
	for _, r := range t.Rows {
		if len(r.Languages) == 1 {
			rows = append(rows, r)
		}
	}
	return rows
}

// Total is the row over all languages: the last one.
func (t Table) Total() Row { return t.Rows[len(t.Rows)-1] }
