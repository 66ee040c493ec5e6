package representation

import (
	"encoding/json"
	"fmt"

	"croco/eval/grid"
)

// Table has a row per layer: f_θ of both models and what is between them.
func (s Shift) Table() *grid.Grid {
	g := grid.New("layer", "f, "+s.A.Model, "f, "+s.B.Model, "change")
	for _, r := range s.Rows {
		change := fmt.Sprintf("%+.4f", r.Difference)
		if r.Low != nil {
			half := (*r.High - *r.Low) / 2
			change += fmt.Sprintf(" ±%.4f", half)
			switch {
			case *r.Low > 0:
				change += " " + grid.Up
			case *r.High < 0:
				change += " " + grid.Down
			default:
				change += " " + grid.Flat
			}
		}
		g.Add(fmt.Sprint(r.Layer), fmt.Sprintf("%.4f", r.A), fmt.Sprintf("%.4f", r.B), change)
	}
	return g
}

// NormTable has a row per language and model: how long the last layer's vectors are.
func (s Shift) NormTable() *grid.Grid {
	g := grid.New("language", "model", "mean", "sd", "min", "q1", "median", "q3", "max").Texts(1)
	for i, language := range s.Languages {
		for _, p := range []Profile{s.A, s.B} {
			n := p.Layers[len(p.Layers)-1].Norms[i]
			cells := []string{language, p.Model}
			for _, v := range []float64{n.Mean, n.SD, n.Min, n.Q1, n.Median, n.Q3, n.Max} {
				cells = append(cells, fmt.Sprintf("%.2f", v))
			}
			g.Add(cells...)
		}
	}
	return g
}

// JSON is the whole shift, every text's f included.
func (s Shift) JSON() ([]byte, error) {
	raw, err := json.MarshalIndent(s, "", " ")
	return append(raw, '\n'), err
}
