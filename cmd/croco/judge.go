package main

import (
	"context"
	"fmt"
	"strconv"

	"croco/engine/tasks"
	"croco/eval"
	"croco/eval/grid"
	"croco/eval/judge"
	"croco/eval/results"
	"croco/kernels"
)

// judgeCmd asks a judge which of two models' answers are better.
type judgeCmd struct{ tasks.Judge }

func (c *judgeCmd) Run(ctx context.Context, t *console) error {
	if err := need("answers", c.Answers, "reference", c.Reference, "out", c.Out); err != nil {
		return err
	}
	if err := c.Check(); err != nil {
		return wrongUsage(err)
	}
	var d kernels.Device
	if c.Endpoint == "" {
		var err error
		if d, err = t.open(); err != nil {
			return err
		}
	}
	judged, run, err := c.Judge.Run(ctx, d, sayer{t}, t.progress())
	if err != nil {
		return err
	}
	fmt.Fprint(t.out, winRates(judged, run))
	return nil
}

// sayer writes what a stage tells line by line.
type sayer struct{ t *console }

func (s sayer) Write(b []byte) (int, error) {
	if !s.t.quiet {
		return s.t.err.Write(b)
	}
	return len(b), nil
}

// winRates is the table of a judge's verdicts, with rows for subcategories where there are several. Where the languages are
// known it ends in the shares of answers, and of the reference's, that are in the right one.
func winRates(judged []judge.Result, run results.Run) string {
	g := grid.New("language", "judged", "won", "tied", "lost", "win rate", "95 %", "length-controlled", "first preferred", "right language")
	for i, r := range judged {
		if i > 0 && len(r.Subcategories) > 1 {
			g.Rule()
		}
		g.Add(append(winRate(r.Language, r.Tally, r.Judgments), rightLanguages(run.Tasks[i]))...)
		if len(r.Subcategories) < 2 {
			continue
		}
		for _, name := range r.SubcategoryNames() {
			var part []judge.Judgment
			for _, j := range r.Judgments {
				if j.Subcategory == name {
					part = append(part, j)
				}
			}
			g.Add(append(winRate("  "+name, r.Subcategories[name], part), "")...)
		}
	}
	return g.Text()
}

func rightLanguages(t results.Task) string {
	model, reference := t.Mean(tasks.RightLanguage, "none"), t.Mean(tasks.ReferenceLanguage, "none")
	if model.N == 0 || reference.N == 0 {
		return "–"
	}
	return fmt.Sprintf("%.0f %% to %.0f %%", 100*model.Value, 100*reference.Value)
}

func winRate(name string, w judge.Tally, judgments []judge.Judgment) []string {
	n := strconv.Itoa(w.N)
	if w.Unparseable > 0 {
		n += " of " + strconv.Itoa(w.N+w.Unparseable)
	}
	cells := []string{name, n, strconv.Itoa(w.Wins), strconv.Itoa(w.Ties), strconv.Itoa(w.Losses), "–", "–", "–", "–"}
	if w.N == 0 {
		return cells
	}
	cells[5] = fmt.Sprintf("%.1f ± %.1f", w.Mean, w.StandardError)
	cells[7] = fmt.Sprintf("%.1f", w.Controlled.WinRate)
	var won []float64
	var ids []string
	for i, j := range judgments {
		if j.Judged() {
			won, ids = append(won, 100*j.Preference), append(ids, strconv.Itoa(i))
		}
	}
	if ci := eval.Clustered(won, ids, .95); w.N > 1 {
		cells[6] = fmt.Sprintf("[%.1f, %.1f]", ci.Low, ci.High)
	}
	if w.Decided > 0 {
		cells[8] = fmt.Sprintf("%.0f %%", 100*float64(w.First)/float64(w.Decided))
	}
	return cells
}
