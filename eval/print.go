package eval

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"croco/eval/grid"
)

// quantity is one or two columns of the printed table.
type quantity struct {
	name    string
	of      func(Row) Change
	percent bool
	brief   bool // one column: before → after, with the verdict behind it
	neutral bool // more of it is neither good nor bad: no verdict
}

var quantities = []quantity{
	{name: "score", of: func(r Row) Change { return r.Score }},
	{name: "quality", of: func(r Row) Change { return r.Quality }, percent: true},
	{name: "passes", of: func(r Row) Change { return r.Pass }, percent: true},
	{name: "right language", of: func(r Row) Change { return r.RightLanguage }, percent: true},
	{name: "finished", of: func(r Row) Change { return r.Finished }, percent: true, brief: true},
	{name: "characters", of: func(r Row) Change { return r.Length }, brief: true, neutral: true},
}

// String is the table for a terminal, with what its marks mean.
func (t Table) String() string { return t.Grid().Text() + t.Legend() + "\n" }

// Markdown is the table for a document, with what its marks mean.
func (t Table) Markdown() string { return t.Grid().Markdown() + "\n" + t.Legend() + "\n" }

// Grid lays the table out: score, quality, passes, right language, finished, characters, or only those that are named.
// Quantities that no row has, and answers that all end by themselves, take no columns.
func (t Table) Grid(names ...string) *grid.Grid {
	shown := t.shown(names)
	header := []string{"language", "prompts"}
	for _, q := range shown {
		header = append(header, q.label())
		if !q.brief {
			header = append(header, "change")
		}
		if q.name == "score" {
			header = append(header, "wins %")
		}
	}
	g := grid.New(header...)
	for i, r := range t.Rows {
		if i > 0 && len(t.Rows[i-1].Languages) == 1 && len(r.Languages) > 1 {
			g.Rule()
		}
		cells := []string{r.Name, strconv.Itoa(r.Prompts)}
		for _, q := range shown {
			cells = append(cells, t.cells(q, r)...)
		}
		g.Add(cells...)
	}
	return g
}

// cells are those of one quantity in one row.
func (t Table) cells(q quantity, r Row) []string {
	c, f := q.of(r), t.format(q)
	mark := " " + c.Verdict().Mark()
	if q.neutral {
		mark = ""
	}
	if q.brief {
		return []string{f.arrow(c) + mark}
	}
	cells := []string{f.arrow(c), t.difference(c, f) + mark}
	if q.name == "score" {
		cells = append(cells, wins(r.Wins))
	}
	return cells
}

// Legend says how to read the table.
func (t Table) Legend() string {
	confidence := fmt.Sprintf("%g %%", 100*t.Confidence)
	s := fmt.Sprintf("Means over prompts, before → after. %s better, %s worse: the %s interval of the paired difference leaves 0 out; %s within noise.",
		grid.Up, grid.Down, confidence, grid.Flat)
	s += fmt.Sprintf(" One such interval in %.0f misses by chance.", 1/(1-t.Confidence))
	if t.OnlyBefore+t.OnlyAfter > 0 {
		s += fmt.Sprintf(" Left out: %d prompts answered only before, %d only after.", t.OnlyBefore, t.OnlyAfter)
	}
	return s
}

// Quantities names what the table measures, in the order of its columns.
func (t Table) Quantities() (names []string) {
	for _, q := range t.shown(nil) {
		names = append(names, q.name)
	}
	return names
}

// Quantity is a row's change of one quantity by its name, in the unit of the printed table that label names, with the
// difference as printed there.
func (t Table) Quantity(name string, r Row) (c Change, label, difference string) {
	q := t.shown([]string{name})
	if len(q) == 0 {
		return Change{Before: math.NaN(), After: math.NaN(), Difference: math.NaN(), Interval: unknown}, name, "–"
	}
	c, f := q[0].of(r), t.format(q[0])
	difference = t.difference(c, f)
	for _, v := range []*float64{&c.Before, &c.After, &c.Difference, &c.Low, &c.High} {
		*v *= f.factor
	}
	return c, q[0].label(), difference
}

func (q quantity) label() string {
	if q.percent {
		return q.name + " %"
	}
	return q.name
}

func (t Table) shown(names []string) (shown []quantity) {
	for _, name := range names {
		if !slices.ContainsFunc(quantities, func(q quantity) bool { return q.name == name }) {
			panic("eval: the table has no quantity " + name)
		}
	}
	for _, q := range quantities {
		if len(names) > 0 && !slices.Contains(names, q.name) {
			continue
		}
		for _, r := range t.Rows {
			c := q.of(r)
			if c.Prompts > 0 && !(q.name == "finished" && c.Before == 1 && c.After == 1) {
				shown = append(shown, q)
				break
			}
		}
	}
	return shown
}

// format of a quantity's numbers: so many decimals that the largest difference or half-width in the table has two figures.
func (t Table) format(q quantity) format {
	f := format{factor: 1}
	if q.percent {
		f.factor = 100
	}
	largest := 0.0
	for _, r := range t.Rows {
		for _, v := range []float64{q.of(r).Difference, (q.of(r).High - q.of(r).Low) / 2} {
			if !math.IsNaN(v) {
				largest = max(largest, math.Abs(f.factor*v))
			}
		}
	}
	if largest > 0 {
		f.decimals = min(max(1-int(math.Floor(math.Log10(largest))), 0), 4)
	}
	return f
}

// format writes numbers of one column alike.
type format struct {
	factor   float64
	decimals int
}

// number writes v, with a true minus sign; a dash where it is not known.
func (f format) number(v float64) string {
	if math.IsNaN(v) {
		return "–"
	}
	s := strconv.FormatFloat(f.factor*v, 'f', f.decimals, 64)
	if strings.Trim(s, "-0.") == "" {
		s = strings.TrimPrefix(s, "-")
	}
	return strings.Replace(s, "-", "−", 1)
}

func (f format) signed(v float64) string {
	s := f.number(v)
	if v >= 0 {
		s = "+" + s
	}
	return s
}

func (f format) arrow(c Change) string {
	if c.Prompts == 0 {
		return "–"
	}
	return f.number(c.Before) + " → " + f.number(c.After)
}

// difference is "+0.42 ±0.15", with [low, high] where the interval is not symmetric.
func (t Table) difference(c Change, f format) string {
	switch {
	case c.Prompts == 0:
		return "–"
	case math.IsNaN(c.Low):
		return f.signed(c.Difference) + " ±?"
	case t.Method == "bootstrap":
		return fmt.Sprintf("%s [%s, %s]", f.signed(c.Difference), f.signed(c.Low), f.signed(c.High))
	}
	return f.signed(c.Difference) + " ±" + f.number((c.High-c.Low)/2)
}

func wins(r Rate) string {
	if r.Prompts == 0 {
		return "–"
	}
	f := format{factor: 100}
	return fmt.Sprintf("%s [%s, %s] %s", f.number(r.Value), f.number(r.Low), f.number(r.High), r.Verdict().Mark())
}

// Mark is the sign of a verdict in tables.
func (v Verdict) Mark() string {
	return [...]string{" ", "?", grid.Flat, grid.Up, grid.Down}[v]
}
