package eval

import (
	"fmt"
	"math"
	"slices"
	"strconv"
)

// Options of Compare. The zero value is a 95 % t interval and one row over all languages.
type Options struct {
	Confidence float64 // of the intervals; 0: 0.95
	Bootstrap  int     // draws of a bootstrap over lines in place of the t interval; 0: none
	Seed       uint64  // of the bootstrap
	Groups     []Group // rows over some of the languages, before the one over all
}

// Group is a row over several languages: those that were tuned on, say.
type Group struct {
	Name      string
	Languages []string
}

// prompt is one prompt in one language with its answers.
type prompt struct {
	language, line string
	before, after  []Answer
}

// Compare pairs the answers by prompt and language. Prompts that one side lacks are left out and counted. An answer that
// stands twice on one side, no prompt in common, and a group that names an unknown language are errors.
func Compare(before, after []Answer, o Options) (Table, error) {
	if o.Confidence == 0 {
		o.Confidence = .95
	}
	t := Table{Confidence: o.Confidence, Method: "t"}
	if o.Bootstrap > 0 {
		t.Method = "bootstrap"
	}
	prompts, err := o.pair(before, after, &t)
	if err != nil {
		return t, err
	}
	var languages []string
	for _, p := range prompts {
		if !slices.Contains(languages, p.language) {
			languages = append(languages, p.language)
		}
	}
	for _, l := range languages {
		t.Rows = append(t.Rows, o.row(l, []string{l}, prompts))
	}
	for _, g := range o.Groups {
		for _, l := range g.Languages {
			if !slices.Contains(languages, l) {
				return t, fmt.Errorf("group %s: no prompt was answered on both sides in %q; there are %v", g.Name, l, languages)
			}
		}
		t.Rows = append(t.Rows, o.row(g.Name, g.Languages, prompts))
	}
	if len(languages) > 1 {
		t.Rows = append(t.Rows, o.row("all", languages, prompts))
	}
	return t, nil
}

// pair gathers the answers by prompt, in the order in which prompts were met.
func (o Options) pair(before, after []Answer, t *Table) ([]*prompt, error) {
	type name struct{ prompt, language string }
	type sample struct {
		name
		side, number int
	}
	var order []*prompt
	found, seen := map[name]*prompt{}, map[sample]bool{}
	for side, answers := range [][]Answer{before, after} {
		for _, a := range answers {
			n := name{a.Prompt, a.Language}
			if s := (sample{n, side, a.Sample}); seen[s] {
				return nil, fmt.Errorf("answer %d to prompt %q in language %q stands twice among those %s: compare one set of answers with one other",
					a.Sample, a.Prompt, a.Language, [...]string{"before", "after"}[side])
			} else {
				seen[s] = true
			}
			p := found[n]
			if p == nil {
				p = &prompt{language: a.Language, line: strconv.Itoa(a.LineID)}
				found[n], order = p, append(order, p)
			}
			if side == 0 {
				p.before = append(p.before, a)
			} else {
				p.after = append(p.after, a)
			}
		}
	}
	common := order[:0]
	for _, p := range order {
		switch {
		case p.after == nil:
			t.OnlyBefore++
		case p.before == nil:
			t.OnlyAfter++
		default:
			common = append(common, p)
		}
	}
	if len(common) == 0 {
		return nil, fmt.Errorf("no prompt was answered on both sides (%d only before, %d only after): expected the same prompt ids and languages", t.OnlyBefore, t.OnlyAfter)
	}
	return common, nil
}

// row compares the prompts of some languages.
func (o Options) row(name string, languages []string, all []*prompt) Row {
	var prompts []*prompt
	r := Row{Name: name, Languages: languages}
	for _, p := range all {
		if slices.Contains(languages, p.language) {
			prompts = append(prompts, p)
			r.Prompts++
			r.AnswersBefore += len(p.before)
			r.AnswersAfter += len(p.after)
		}
	}
	change := func(of func(Answer) float64) Change { return o.change(observe(prompts, of)) }
	r.Score = change(func(a Answer) float64 { return a.Score })
	r.RightLanguage = change(func(a Answer) float64 { return a.RightLanguage })
	r.Length = change(func(a Answer) float64 { return float64(a.Length) })
	r.Finished = change(func(a Answer) float64 { return Share(a.Finished) })
	r.Quality = change(func(a Answer) float64 { return a.Quality })
	r.Pass = change(func(a Answer) float64 { return a.Pass })
	r.Wins = o.wins(observe(prompts, func(a Answer) float64 { return a.Score }))
	return r
}

// observations are the means of one quantity over the answers to each prompt, where both sides have it.
type observations struct {
	before, after []float64
	lines         []string
}

func observe(prompts []*prompt, of func(Answer) float64) (x observations) {
	mean := func(answers []Answer) float64 {
		var values []float64
		for _, a := range answers {
			if v := of(a); !math.IsNaN(v) {
				values = append(values, v)
			}
		}
		return Mean(values)
	}
	for _, p := range prompts {
		if b, a := mean(p.before), mean(p.after); !math.IsNaN(b) && !math.IsNaN(a) {
			x.before, x.after, x.lines = append(x.before, b), append(x.after, a), append(x.lines, p.line)
		}
	}
	return x
}

func (o Options) change(x observations) Change {
	c := Change{Prompts: len(x.before), Before: Mean(x.before), After: Mean(x.after), Difference: math.NaN(), Interval: unknown}
	if c.Prompts == 0 {
		return c
	}
	differences := make([]float64, c.Prompts)
	for i := range differences {
		differences[i] = x.after[i] - x.before[i]
	}
	c.Difference = Mean(differences)
	if o.Bootstrap > 0 {
		c.Interval = Bootstrap(differences, x.lines, o.Confidence, o.Bootstrap, o.Seed)
	} else {
		c.Interval = Clustered(differences, x.lines, o.Confidence)
	}
	return c
}

// wins is Wilson's interval. Where lines are clusters of several prompts, n is the number of independent prompts that
// would give the mean the same standard error.
func (o Options) wins(x observations) Rate {
	won := make([]float64, len(x.before))
	for i := range won {
		switch {
		case x.after[i] > x.before[i]:
			won[i] = 1
		case x.after[i] == x.before[i]:
			won[i] = .5
		}
	}
	p, se, lines := ClusteredError(won, x.lines)
	n := float64(len(won))
	if lines < len(won) && se > 0 {
		n = min(n, p*(1-p)/(se*se))
	}
	return Rate{len(won), p, Wilson(p, n, o.Confidence)}
}
