package study

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"croco/eval"
	"croco/eval/grid"
	"croco/toyworld"
)

// table is the results by arm and seed.
type resultTable map[string]map[int]Result

func tabulate(results []Result) resultTable {
	t := resultTable{}
	for _, r := range results {
		if t[r.Arm] == nil {
			t[r.Arm] = map[int]Result{}
		}
		t[r.Arm][r.Seed] = r
	}
	return t
}

// quantity is a number of a result; false where the result does not have it.
type quantity func(Result) (float64, bool)

// over is the mean of a metric over some languages.
func over(m Metric, languages ...string) quantity {
	return func(r Result) (float64, bool) { return r.Mean(m, languages), r.Languages != nil }
}

// tuned and untuned are the mean over the languages tuned on, and over the others.
func tuned(m Metric) quantity   { return over(m, toyworld.Tuning.Languages...) }
func untuned(m Metric) quantity { return over(m, toyworld.Tuning.Untuned...) }

func translation(r Result) (float64, bool) { return r.Translation, r.Languages != nil }

// ofPairs is a number of an arm's pairs, number one that an arm noted.
func ofPairs(of func(*PairCount) float64) quantity {
	return func(r Result) (float64, bool) {
		if r.Pairs == nil {
			return 0, false
		}
		return of(r.Pairs), true
	}
}
func number(name string) quantity {
	return func(r Result) (float64, bool) { v, ok := r.Numbers[name]; return v, ok }
}

// gap is the difference of two numbers that an arm noted.
func gap(a, b string) quantity {
	return func(r Result) (float64, bool) {
		x, ok := r.Numbers[a]
		y, ok2 := r.Numbers[b]
		return x - y, ok && ok2
	}
}

// beyondChance is a share that an arm noted, less a half.
func beyondChance(name string) quantity {
	return func(r Result) (float64, bool) { v, ok := r.Numbers[name]; return v - .5, ok }
}

// estimate is a mean over seeds with its 95 % t interval, mean ± half. With one seed half is NaN.
type estimate struct {
	mean, half float64
	seeds      int
}

// absolute is a quantity of an arm.
func (t resultTable) absolute(arm string, of quantity) estimate {
	var values []float64
	for _, r := range t.seeds(arm) {
		if v, ok := of(r); ok {
			values = append(values, v)
		}
	}
	return estimated(values)
}

// difference is a quantity of arm a less that of arm b, within the seeds that have both.
func (t resultTable) difference(a, b string, of quantity) estimate {
	var values []float64
	for _, r := range t.seeds(a) {
		other, both := t[b][r.Seed]
		x, ok := of(r)
		if y, ok2 := of(other); both && ok && ok2 {
			values = append(values, x-y)
		}
	}
	return estimated(values)
}

// seeds lists an arm's results by seed.
func (t resultTable) seeds(arm string) []Result {
	var list []Result
	for _, r := range t[arm] {
		list = append(list, r)
	}
	slices.SortFunc(list, func(a, b Result) int { return a.Seed - b.Seed })
	return list
}

func estimated(values []float64) estimate {
	e := estimate{math.NaN(), math.NaN(), len(values)}
	if e.seeds > 0 {
		e.mean = eval.Mean(values)
	}
	if e.seeds > 1 {
		e.half = eval.TQuantile(.95, float64(e.seeds-1)) * eval.SD(values) / math.Sqrt(float64(e.seeds))
	}
	return e
}

// sign is 1 or −1 where the interval lies on one side of zero, else 0. Fewer than four seeds say nothing.
func (e estimate) sign() int {
	switch {
	case e.seeds < 4 || !(math.Abs(e.mean) > e.half):
		return 0
	case e.mean > 0:
		return 1
	}
	return -1
}

// points is a difference of shares in points: "+4.2 ±1.1 ▲".
func (e estimate) points() string { return e.scaled(100, 1) }

// scaled is a difference, multiplied, with so many decimals.
func (e estimate) scaled(factor float64, decimals int) string {
	if e.seeds == 0 {
		return "–"
	}
	mark := [...]string{grid.Down, grid.Flat, grid.Up}[e.sign()+1]
	if e.seeds < 4 {
		mark = "?"
	}
	return fmt.Sprintf("%s%s %s", signed(factor*e.mean, decimals), plusMinus(factor*e.half, decimals), mark)
}

// percent is a share: "41.2 ±1.1".
func (e estimate) percent() string {
	if e.seeds == 0 {
		return "–"
	}
	return strings.TrimPrefix(signed(100*e.mean, 1), "+") + plusMinus(100*e.half, 1)
}

func plusMinus(half float64, decimals int) string {
	if math.IsNaN(half) {
		return " ±?"
	}
	return fmt.Sprintf(" ±%.*f", decimals, half)
}

// signed writes a sign before a number, a true minus.
func signed(v float64, decimals int) string {
	s := fmt.Sprintf("%+.*f", decimals, v)
	if strings.Trim(s, "+-0.") == "" {
		s = "+" + s[1:]
	}
	return strings.Replace(s, "-", "−", 1)
}
