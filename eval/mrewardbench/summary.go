package mrewardbench

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"

	"croco/eval"
	"croco/eval/grid"
)

// Item is what came out of one pair: 1 where the better answer was preferred, 0 where it was not, ½ where a judge said
// nothing that counts.
type Item struct {
	Language, Subset string
	Value            float64
}

// Right is the value of a pair that has scores: a tie is not right.
func (p Pair) Right() float64 {
	if p.Chosen > p.Rejected {
		return 1
	}
	return 0
}

// Language is the result in one language, or in all of them.
type Language struct {
	Language string             `json:"language"`
	Pairs    int                `json:"pairs"`
	Accuracy float64            `json:"accuracy"` // over all pairs, each counting once
	Low      float64            `json:"low"`      // its 95 % interval
	High     float64            `json:"high"`
	Score    *float64           `json:"score"`    // mean of the sections that are there; null: none is
	Sections map[string]float64 `json:"sections"` // weighted means of subsets
	Subsets  map[string]float64 `json:"subsets"`
	Missing  string             `json:"missing,omitempty"` // why the score does not compare with published ones
}

// Summary is the result of one model.
type Summary struct {
	Model     string     `json:"model"`
	Kind      string     `json:"kind"` // classifier | implicit | judge
	Weights   string     `json:"weights"`
	Languages []Language `json:"languages"` // in the order of the pairs
	Mean      Language   `json:"mean"`      // over the languages, each counting once
}

// Summarize adds items up: per subset, in sections by the weights Multilingual, per language, and over the languages.
func Summarize(model, kind string, items []Item) Summary {
	s := Summary{Model: model, Kind: kind, Weights: "multilingual"}
	of := map[string][]Item{}
	for _, i := range items {
		if of[i.Language] == nil {
			s.Languages = append(s.Languages, Language{Language: i.Language})
		}
		of[i.Language] = append(of[i.Language], i)
	}
	for i := range s.Languages {
		s.Languages[i].fill(of[s.Languages[i].Language])
	}
	s.mean()
	return s
}

func (l *Language) fill(items []Item) {
	values, all := map[string][]float64{}, []float64{}
	for _, i := range items {
		values[i.Subset] = append(values[i.Subset], i.Value)
		all = append(all, i.Value)
	}
	l.Pairs, l.Accuracy, l.Subsets = len(items), eval.Mean(all), map[string]float64{}
	in := eval.Wilson(l.Accuracy, float64(len(items)), 0.95)
	l.Low, l.High = in.Low, in.High
	for name, v := range values {
		l.Subsets[name] = eval.Mean(v)
	}
	scores := SectionScores(l.Subsets, Multilingual)
	var present []float64
	for i, section := range Sections {
		if slices.ContainsFunc(section.Subsets, func(name string) bool { return values[name] != nil }) {
			if l.Sections == nil {
				l.Sections = map[string]float64{}
			}
			l.Sections[section.Name] = scores[i]
			present = append(present, scores[i])
		}
	}
	if present == nil {
		return
	}
	score := eval.Mean(present)
	l.Score = &score
	if err := Complete(l.Subsets); err != nil {
		l.Missing = err.Error()
	}
}

// mean averages over the languages; what a language lacks does not count against it.
func (s *Summary) mean() {
	m := Language{Language: "mean", Sections: map[string]float64{}, Subsets: map[string]float64{}}
	over := func(of func(Language) (float64, bool)) (float64, bool) {
		var values []float64
		for _, l := range s.Languages {
			if v, ok := of(l); ok {
				values = append(values, v)
			}
		}
		return eval.Mean(values), len(values) > 0
	}
	errors := 0.0
	for _, l := range s.Languages {
		m.Pairs += l.Pairs
		errors += l.Accuracy * (1 - l.Accuracy) / float64(l.Pairs)
		for name := range l.Subsets {
			m.Subsets[name], _ = over(func(l Language) (float64, bool) { v, ok := l.Subsets[name]; return v, ok })
		}
		for name := range l.Sections {
			m.Sections[name], _ = over(func(l Language) (float64, bool) { v, ok := l.Sections[name]; return v, ok })
		}
		if l.Missing != "" {
			m.Missing = l.Missing
		}
	}
	m.Accuracy, _ = over(func(l Language) (float64, bool) { return l.Accuracy, true })
	half := 1.96 * math.Sqrt(errors) / float64(len(s.Languages)) // languages as independent, which translations are not
	m.Low, m.High = max(0, m.Accuracy-half), min(1, m.Accuracy+half)
	if score, ok := over(func(l Language) (float64, bool) {
		if l.Score == nil {
			return 0, false
		}
		return *l.Score, true
	}); ok {
		m.Score = &score
	}
	s.Mean = m
}

// Table has a row per language and a last one for their mean: accuracy over all pairs, then, where the subsets are the
// benchmark's, score and sections, and else the subsets.
func (s Summary) Table() *grid.Grid {
	header := []string{"language", "pairs", "accuracy %"}
	names, of := slices.Sorted(maps.Keys(s.Mean.Subsets)), func(l Language) map[string]float64 { return l.Subsets }
	if s.Mean.Score != nil {
		header, names, of = append(header, "score"), nil, func(l Language) map[string]float64 { return l.Sections }
		for _, section := range Sections {
			names = append(names, section.Name)
		}
	}
	g := grid.New(append(header, names...)...)
	add := func(l Language) {
		cells := []string{l.Language, fmt.Sprint(l.Pairs), fmt.Sprintf("%.1f [%.1f, %.1f]", 100*l.Accuracy, 100*l.Low, 100*l.High)}
		if s.Mean.Score != nil {
			cells = append(cells, percent(l.Score))
		}
		for _, name := range names {
			if v, ok := of(l)[name]; ok {
				cells = append(cells, percent(&v))
			} else {
				cells = append(cells, percent(nil))
			}
		}
		g.Add(cells...)
	}
	for _, l := range s.Languages {
		add(l)
	}
	if len(s.Languages) > 1 {
		g.Rule()
		add(s.Mean)
	}
	return g
}

func percent(v *float64) string {
	if v == nil {
		return "–"
	}
	return fmt.Sprintf("%.1f", 100**v)
}

// JSON is the summary in full.
func (s Summary) JSON() ([]byte, error) {
	raw, err := json.MarshalIndent(s, "", "  ")
	return append(raw, '\n'), err
}
