package report

import (
	"cmp"
	"slices"

	"croco/eval/grid"
)

// Ranked is one prompt with its answers, best score first, and levels such as the mean between them.
type Ranked struct {
	Prompt, Language string
	Items            []RankedAnswer
	Levels           []Level
}

// RankedAnswer is one of the answers.
type RankedAnswer struct {
	Role     string // "chosen", "rejected"; empty for the rest
	Score    float64
	Quality  float64 // in [0, 1]; NaN where it is not known
	Language string
	Wrong    bool // the language is not the one asked for
	Text     string
}

// Level is a score worth knowing: μ, or μ − 2σ.
type Level struct {
	Name  string
	Score float64
}

// rank is a line of the ranking: a level, or an answer.
type rank struct {
	Level string
	Role  string
	Tone  Tone
	score float64

	Score, Quality, Language, Text string
	Wrong                          bool
}

// ranks are the lines in their order.
func (r Ranked) ranks() []rank {
	var out []rank
	for _, a := range r.Items {
		line := rank{Role: a.Role, score: a.Score, Score: decimal(a.Score, 2), Language: a.Language, Text: a.Text, Wrong: a.Wrong, Quality: "–"}
		if finite(a.Quality) {
			line.Quality = decimal(100*a.Quality, 0)
		}
		switch a.Role {
		case "chosen":
			line.Tone = Good
		case "rejected":
			line.Tone = Bad
		}
		out = append(out, line)
	}
	for _, l := range r.Levels {
		out = append(out, rank{Level: l.Name, score: l.Score, Score: decimal(l.Score, 2)})
	}
	slices.SortStableFunc(out, func(a, b rank) int { return cmp.Compare(b.score, a.score) })
	return out
}

// HasQuality says whether any answer's true quality is known.
func (r Ranked) HasQuality() bool {
	return slices.ContainsFunc(r.Items, func(a RankedAnswer) bool { return finite(a.Quality) })
}

// Grid is the ranking for a terminal; answers are cut to so many columns.
func (r Ranked) Grid(columns int) *grid.Grid {
	header, quality := []string{"", "score", "lang.", "answer"}, r.HasQuality()
	if quality {
		header = slices.Insert(header, 2, "quality")
	}
	g := grid.New(header...).Texts(len(header)-2, len(header)-1)
	for _, line := range r.ranks() {
		first, language := line.Level, line.Language
		if line.Role != "" {
			first = "→ " + line.Role
		}
		if line.Wrong {
			language += " ✗"
		}
		cells := []string{first, line.Score, language, grid.Cut(line.Text, columns)}
		if quality {
			cells = slices.Insert(cells, 2, line.Quality)
		}
		g.Add(cells...)
	}
	return g
}
