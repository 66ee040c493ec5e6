package icr

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"croco/pairing"
)

// FromScores pairs croco's own scored answers. A pool holds the answers to one line in one language; α is found for each
// language by itself. Pairs come language by language as the rows begin them, and line by line. An answer whose scoring
// failed leaves its pool, and so does an empty one. A pool that is left with one answer, or whose best and worst answer
// are the same text, gives no pair.
func FromScores(rows []pairing.Candidate, o Options) ([]pairing.Pair, Report, error) {
	if err := o.Validate(); err != nil {
		return nil, Report{}, err
	}
	languages, pools, report := gather(rows)
	var pairs []pairing.Pair
	for _, language := range languages {
		found := LanguageReport{Language: language, Pools: len(pools[language])}
		var kept [][]pairing.Candidate
		var t Table
		for _, pool := range pools[language] {
			rewards, lengths := make([]float64, len(pool)), make([]int, len(pool))
			for k, c := range pool {
				if math.IsNaN(c.Score) || math.IsInf(c.Score, 0) {
					return nil, report, fmt.Errorf("line_id %d in %s, sample %d: expected a finite score, found %v; score it again", c.LineID, language, c.Sample, c.Score)
				}
				rewards[k], lengths[k] = c.Score, utf8.RuneCountInString(c.Completion)
			}
			if len(pool) > 1 {
				kept, t.Rewards, t.Lengths = append(kept, pool), append(t.Rewards, rewards), append(t.Lengths, lengths)
			}
		}
		found.Single = found.Pools - len(kept)
		if len(kept) > 0 {
			pairs = append(pairs, found.pairs(kept, t, o)...)
		}
		report.Languages = append(report.Languages, found)
	}
	return pairs, report, nil
}

// gather sorts answers into pools: language → line → answers, all in the order of the rows.
func gather(rows []pairing.Candidate) (languages []string, pools map[string][][]pairing.Candidate, report Report) {
	type place struct {
		language string
		line     int
	}
	at := map[place]int{}
	pools, report.Rows = map[string][][]pairing.Candidate{}, len(rows)
	for _, c := range rows {
		p := place{c.Language, c.LineID}
		if _, ok := at[p]; !ok {
			if !slices.Contains(languages, c.Language) {
				languages = append(languages, c.Language)
			}
			at[p] = len(pools[c.Language])
			pools[c.Language] = append(pools[c.Language], nil)
		}
		switch {
		case c.Score == pairing.FailedScore:
			report.Failed++
		case strings.TrimSpace(c.Completion) == "":
			report.Empty++
		default:
			pool := &pools[c.Language][at[p]]
			*pool = append(*pool, c)
		}
	}
	return languages, pools, report
}

// pairs chooses from the pools of one language, whose rewards and lengths are t.
func (r *LanguageReport) pairs(pools [][]pairing.Candidate, t Table, o Options) []pairing.Pair {
	alpha := 0.0
	if grid := o.grid(t); grid != nil {
		r.Before, r.Alpha = grid[0].Bias, least(grid)
		alpha = r.Alpha.Alpha
	} else {
		r.Before = t.Bias(0)
		r.Alpha.Bias = r.Before
	}
	var pairs []pairing.Pair
	for i, pool := range pools {
		a := adjusted(t.Rewards[i], t.Lengths[i], alpha)
		best, worst := extremes(a)
		if o.UpperBound != nil {
			best = bestBelow(a, *o.UpperBound)
		}
		chosen, rejected := pool[best], pool[worst]
		if chosen.Completion == rejected.Completion {
			r.Equal++
			continue
		}
		chosen.Score, rejected.Score = a[best], a[worst]
		pairs = append(pairs, pairing.Join(chosen, rejected, len(pool)))
	}
	r.Pairs = len(pairs)
	return pairs
}

// Report says what became of the answers.
type Report struct {
	Rows, Failed, Empty int // answers given; not scored; without a word
	Languages           []LanguageReport
}

// LanguageReport counts the pools of one language: those left with one answer, and those whose best and worst are equal.
type LanguageReport struct {
	Language                    string
	Pools, Pairs, Single, Equal int
	Alpha                       Point   // the price of a character, and what is left of the length bias
	Before                      float64 // the bias without a price
}

// String prints a line of answers and a table of languages.
func (r Report) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "answers  %d read, %d not scored, %d empty\n", r.Rows, r.Failed, r.Empty)
	fmt.Fprintf(&b, "%-12s %8s %8s %8s %8s %8s  chosen longer by\n", "language", "pools", "pairs", "single", "equal", "α")
	for _, l := range r.Languages {
		fmt.Fprintf(&b, "%-12s %8d %8d %8d %8d %8.4g  %+.1f characters, %+.1f without α\n", l.Language, l.Pools, l.Pairs, l.Single, l.Equal, l.Alpha.Alpha, l.Alpha.Bias, l.Before)
	}
	return b.String()
}
