package pairing

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"unicode/utf8"
)

// Report says what became of the answers and the pools.
type Report struct {
	Rows    int            // answers given
	Dropped map[string]int // reason → answers left out before pooling

	Pools   int
	Kept    int            // records made
	Skipped map[string]int // reason → pools without a record

	Languages map[string]*LanguageCount

	ChosenScore, RejectedScore   float64 // means over the records, of the scores that decided
	ChosenLength, RejectedLength float64 // means, in characters
	ChosenWrong, RejectedWrong   float64 // shares of records whose answer is in another language than its prompt asked for
	CrossLingual                 float64 // share of pairs whose two answers were asked for in different languages
	ChosenShorter                float64 // share of pairs with inverted lengths: the better answer is the shorter one

	pairs bool // the records are pairs, so there is a rejected side
}

// LanguageCount counts one language: of the prompt for answers, of the chosen answer's prompt for records.
type LanguageCount struct{ Answers, Wrong, Kept, Skipped int }

func (r *Report) language(name string) *LanguageCount {
	if r.Languages == nil {
		r.Languages = map[string]*LanguageCount{}
	}
	if r.Languages[name] == nil {
		r.Languages[name] = &LanguageCount{}
	}
	return r.Languages[name]
}

func (r *Report) drop(reason string) {
	if r.Dropped == nil {
		r.Dropped = map[string]int{}
	}
	r.Dropped[reason]++
}

// leave counts a row that was read but belongs to no prompt.
func (r *Report) leave(reason string) {
	r.Rows++
	r.drop(reason)
}

func (r *Report) count(answers []*answer) {
	for _, a := range answers {
		c := r.language(a.Language)
		c.Answers++
		if a.wrong {
			c.Wrong++
		}
	}
}

// begin clears what belongs to one product, and keeps what was counted on reading.
func (r *Report) begin() {
	fresh := Report{Rows: r.Rows, Dropped: r.Dropped}
	for name, c := range r.Languages {
		*fresh.language(name) = LanguageCount{Answers: c.Answers, Wrong: c.Wrong}
	}
	*r = fresh
}

func (r *Report) skip(p pool, reason string) {
	if r.Skipped == nil {
		r.Skipped = map[string]int{}
	}
	r.Skipped[reason]++
	r.Pools++
	if p.scope == InLang {
		r.language(p.group).Skipped++
	}
}

// best counts a record; its means are running ones.
func (r *Report) best(chosen *answer) {
	r.Pools++
	r.Kept++
	r.language(chosen.Language).Kept++
	n := float64(r.Kept)
	running(&r.ChosenScore, n, chosen.value)
	running(&r.ChosenLength, n, float64(utf8.RuneCountInString(chosen.Completion)))
	running(&r.ChosenWrong, n, share(chosen.wrong))
}

func (r *Report) pair(chosen, rejected *answer) {
	r.best(chosen)
	r.pairs = true
	n := float64(r.Kept)
	length, other := utf8.RuneCountInString(chosen.Completion), utf8.RuneCountInString(rejected.Completion)
	running(&r.RejectedScore, n, rejected.value)
	running(&r.RejectedLength, n, float64(other))
	running(&r.RejectedWrong, n, share(rejected.wrong))
	running(&r.CrossLingual, n, share(chosen.Language != rejected.Language))
	running(&r.ChosenShorter, n, share(length < other))
}

// running folds the n-th value into a mean.
func running(mean *float64, n, value float64) { *mean += (value - *mean) / n }

func share(is bool) float64 {
	if is {
		return 1
	}
	return 0
}

// SkippedPools counts the pools that gave no record.
func (r Report) SkippedPools() int { return total(r.Skipped) }

func total(counts map[string]int) int {
	sum := 0
	for _, n := range counts {
		sum += n
	}
	return sum
}

// String prints the report as a few plain lines and a table of languages.
func (r Report) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "answers  %d read, %d left out%s\n", r.Rows, total(r.Dropped), reasons(r.Dropped))
	fmt.Fprintf(&b, "pools    %d, kept %d, skipped %d%s\n", r.Pools, r.Kept, r.SkippedPools(), reasons(r.Skipped))
	if r.Kept > 0 {
		fmt.Fprintf(&b, "chosen   mean score %s, %.0f characters, wrong language %.1f%%\n", number(r.ChosenScore), r.ChosenLength, 100*r.ChosenWrong)
	}
	if r.pairs {
		fmt.Fprintf(&b, "rejected mean score %s, %.0f characters, wrong language %.1f%%\n", number(r.RejectedScore), r.RejectedLength, 100*r.RejectedWrong)
		fmt.Fprintf(&b, "pairs    %.1f%% across languages, %.1f%% with the chosen answer shorter\n", 100*r.CrossLingual, 100*r.ChosenShorter)
	}
	fmt.Fprintf(&b, "%-12s %8s %8s %8s %8s\n", "language", "answers", "wrong", "kept", "skipped")
	for _, name := range slices.Sorted(maps.Keys(r.Languages)) {
		c := r.Languages[name]
		fmt.Fprintf(&b, "%-12s %8d %8d %8d %8d\n", name, c.Answers, c.Wrong, c.Kept, c.Skipped)
	}
	return b.String()
}

func number(x float64) string {
	if math.Abs(x) >= 1e6 {
		return fmt.Sprintf("%.4g", x)
	}
	return fmt.Sprintf("%.3f", x)
}

// reasons lists counts behind a colon, the largest first.
func reasons(counts map[string]int) string {
	if len(counts) == 0 {
		return ""
	}
	names := slices.SortedFunc(maps.Keys(counts), func(a, b string) int {
		if counts[a] != counts[b] {
			return counts[b] - counts[a]
		}
		return strings.Compare(a, b)
	})
	for i, name := range names {
		names[i] = fmt.Sprintf("%s %d", name, counts[name])
	}
	return ": " + strings.Join(names, ", ")
}
