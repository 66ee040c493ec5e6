package report

import "croco/eval"

// Comparison shows a comparison of two models: a figure of differences for each named quantity (eval.Table.Quantities;
// none: score, quality and right language where there are such), then the whole table with its legend.
func Comparison(t eval.Table, names ...string) []Block {
	if len(names) == 0 {
		for _, name := range t.Quantities() {
			switch name {
			case "score", "quality", "right language":
				names = append(names, name)
			}
		}
	}
	var figures Figures
	for _, name := range names {
		figures = append(figures, differences(t, name))
	}
	return []Block{figures, Table{Grid: t.Grid(), Note: t.Legend()}}
}

// differences draws one quantity of every row.
func differences(t eval.Table, name string) Figure {
	var rows []Whisker
	label := ""
	for _, r := range t.Rows {
		c, l, text := t.Quantity(name, r)
		label = l
		rows = append(rows, Whisker{Name: r.Name, Value: c.Difference, Low: c.Low, High: c.High, Text: text, Verdict: c.Verdict()})
	}
	return Whiskers("Change of "+label, "after − before", rows...)
}
