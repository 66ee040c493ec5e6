package results

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"

	"croco/eval"
	"croco/eval/grid"
)

// Grid is a run as a table: a row for each metric of each task.
func (r Run) Grid() *grid.Grid {
	g := grid.New("task", "metric", "filter", "n", "value", "± se", "95 %").Texts(1, 2)
	for i, t := range r.Tasks {
		if i > 0 {
			g.Rule()
		}
		for _, metric := range t.Metrics {
			for _, filter := range t.Filters {
				if m := t.Mean(metric, filter); m.N > 0 {
					g.Add(t.Name, metric, filter, strconv.Itoa(m.N), digits(m.Value), digits(m.StdError), fmt.Sprintf("[%s, %s]", digits(m.Low), digits(m.High)))
				}
			}
		}
		for _, key := range sortedKeys(t.Summary) {
			g.Add(t.Name, key, "", "", digits(t.Summary[key]), "", "")
		}
	}
	return g
}

// digits are four behind the point for shares, fewer for large numbers.
func digits(v float64) string {
	switch {
	case math.IsNaN(v):
		return "–"
	case math.Abs(v) >= 100:
		return strconv.FormatFloat(v, 'f', 1, 64)
	}
	return strconv.FormatFloat(v, 'f', 4, 64)
}

// Grid is a comparison as a table. p is the test's, Holm's p the same with all rows looked at.
func (c Compared) Grid() *grid.Grid {
	g := grid.New("task", "metric", "filter", "n", "A", "B", "B − A", "95 %", "test", "p", "Holm's p", "").Texts(1, 2, 8)
	for _, r := range c.Rows {
		n := strconv.Itoa(r.N)
		if r.Clusters != r.N {
			n += fmt.Sprintf(" in %d", r.Clusters)
		}
		g.Add(r.Task, r.Metric, r.Filter, n, digits(r.A), digits(r.B), signed(r.Difference), fmt.Sprintf("[%s, %s]", signed(r.Low), signed(r.High)),
			r.Test, chance(r.P), chance(r.Holm), r.mark())
	}
	return g
}

func signed(v float64) string {
	if v > 0 {
		return "+" + digits(v)
	}
	return digits(v)
}

func chance(p float64) string {
	if p < 0.0001 {
		return "< 0.0001"
	}
	return strconv.FormatFloat(p, 'f', 4, 64)
}

func (r Row) mark() string {
	switch {
	case r.Clusters < eval.MinPrompts:
		return "?"
	case !r.MoreThanNoise():
		return grid.Flat
	case r.Difference > 0:
		return grid.Up
	}
	return grid.Down
}

// Words say what a comparison shows.
func (c Compared) Words() (lines []string) {
	var more, few int
	for _, r := range c.Rows {
		switch {
		case r.Clusters < eval.MinPrompts:
			few++
		case r.MoreThanNoise():
			more++
			way := "higher"
			if r.Difference < 0 {
				way = "lower"
			}
			lines = append(lines, fmt.Sprintf("%s %s is %s in B: %s (95 %% %s to %s, n = %d), more than noise.", r.Task, name(r), way, signed(r.Difference), signed(r.Low), signed(r.High), r.N))
		}
	}
	if rest := len(c.Rows) - more - few; rest > 0 {
		lines = append(lines, fmt.Sprintf("%d of %d differences are within noise.", rest, len(c.Rows)))
	}
	if few > 0 {
		lines = append(lines, fmt.Sprintf("%d of %d rest on fewer than %d documents: too few to say.", few, len(c.Rows), eval.MinPrompts))
	}
	if c.Unpaired > 0 {
		lines = append(lines, fmt.Sprintf("%d samples stand in one run alone and were left out.", c.Unpaired))
	}
	if only := slices.Concat(c.OnlyA, c.OnlyB); len(only) > 0 {
		lines = append(lines, fmt.Sprintf("tasks of one run alone: %v.", only))
	}
	return lines
}

func name(r Row) string {
	if r.Filter == "none" || r.Filter == "" {
		return r.Metric
	}
	return r.Metric + " (" + r.Filter + ")"
}

// JSON is the comparison with every number in full.
func (c Compared) JSON() ([]byte, error) {
	type row struct {
		Task       string   `json:"task"`
		Metric     string   `json:"metric"`
		Filter     string   `json:"filter"`
		N          int      `json:"n"`
		Clusters   int      `json:"clusters"`
		A          float64  `json:"a"`
		B          float64  `json:"b"`
		Difference float64  `json:"difference"`
		Low        *float64 `json:"low"`
		High       *float64 `json:"high"`
		Test       string   `json:"test"`
		P          float64  `json:"p"`
		Holm       float64  `json:"p_holm"`
		More       bool     `json:"more_than_noise"`
	}
	rows := []row{}
	for _, r := range c.Rows {
		rows = append(rows, row{r.Task, r.Metric, r.Filter, r.N, r.Clusters, r.A, r.B, r.Difference, known(r.Low), known(r.High), r.Test, r.P, r.Holm, r.MoreThanNoise()})
	}
	return json.MarshalIndent(map[string]any{"rows": rows, "only_a": append([]string{}, c.OnlyA...), "only_b": append([]string{}, c.OnlyB...), "unpaired": c.Unpaired}, "", "  ")
}

func known(v float64) *float64 {
	if math.IsNaN(v) {
		return nil
	}
	return &v
}
