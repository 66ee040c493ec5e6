package report

import (
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"croco/eval"
	"croco/eval/grid"
)

// FromRun reads a run folder and makes a page of what lies there, finished or not: recipe.yaml, manifests,
// scores/scores.jsonl, pairs/pairs.jsonl, adapter/trainer_state.json, eval/before.jsonl, eval/after.jsonl and
// eval/summary.json. A folder without any of them, and a broken file, are errors.
func FromRun(dir string) (Report, error) {
	r, err := read(dir)
	if err != nil {
		return Report{}, err
	}
	page := Report{Title: "croco run", Headline: r.headline()}
	if r.model != "" {
		page.Subtitle = filepath.Base(r.model) + " tuned on its own answers"
	}
	for _, section := range []func() Section{r.gains, r.examples, r.distributions, r.training, r.pairsToRead, r.made, r.recipeText} {
		if s := section(); len(s.Blocks) > 0 {
			page.Sections = append(page.Sections, s)
		}
	}
	return page, nil
}

func (r *run) headline() []string {
	if r.table != nil {
		return r.table.Headline()
	}
	return []string{"Not evaluated: no answers to held-out prompts. This page shows what was made, not whether it helped."}
}

func (r *run) gains() Section {
	if r.table == nil {
		return Section{}
	}
	t := r.table.Total()
	return Section{Title: "Gains per language",
		Lead: fmt.Sprintf("%d held-out prompts, answered %d times before and %d times after, paired by prompt. A line that crosses 0 is within noise.",
			t.Prompts, t.AnswersBefore, t.AnswersAfter),
		Blocks: Comparison(*r.table)}
}

func (r *run) examples() Section {
	gains, middles, losses := examples(r.before, r.after)
	s := Section{Title: "Answers before and after",
		Lead: "Chosen by rule: in each language the largest gain in score and the one in the middle, over all the three largest losses."}
	for _, part := range []struct {
		title  string
		blocks []Block
	}{{"Largest gains", gains}, {"In the middle", middles}, {"Largest losses", losses}} {
		if len(part.blocks) > 0 {
			s.Blocks = append(append(s.Blocks, Heading(part.title)), part.blocks...)
		}
	}
	return s
}

// distributions shows the scores and lengths of held-out answers before and after, and of the pool that pairs came from.
func (r *run) distributions() Section {
	s := Section{Title: "Scores and lengths"}
	if len(r.before) > 0 && len(r.after) > 0 {
		b, a := eval.FromScored(r.before), eval.FromScored(r.after)
		score, length := func(a eval.Answer) float64 { return a.Score }, func(a eval.Answer) float64 { return float64(a.Length) }
		s.Blocks = append(s.Blocks, Figures{
			Histogram("Held-out answers: score", "score", Series{Name: "after", Y: each(a, score)}, Series{Name: "before", Y: each(b, score)}),
			Histogram("Held-out answers: length", "characters", Series{Name: "after", Y: each(a, length)}, Series{Name: "before", Y: each(b, length)})})
	}
	if len(r.scores.length) > 0 {
		s.Blocks = append(s.Blocks, Figures{
			Histogram("Pool: score", "score", Series{Y: slices.Concat(r.scores.all()...)}),
			Histogram("Pool: length", "characters", Series{Y: r.scores.length})}, Table{Caption: "The pool: answers sampled for training", Grid: r.scores.grid()})
	}
	if r.pairs.count > 0 {
		s.Blocks = append(s.Blocks, Figures{
			Histogram("Pairs: score", "score that decided", Series{Name: "chosen", Y: r.pairs.chosen}, Series{Name: "rejected", Y: r.pairs.rejected}),
			Histogram("Pairs: length", "characters", Series{Name: "chosen", Y: r.pairs.chosenLen}, Series{Name: "rejected", Y: r.pairs.rejectedLen})})
	}
	return s
}

func each(answers []eval.Answer, of func(eval.Answer) float64) []float64 {
	out := make([]float64, len(answers))
	for i, a := range answers {
		out[i] = of(a)
	}
	return out
}

func (s scores) all() (out [][]float64) {
	for _, l := range s.languages {
		out = append(out, s.score[l])
	}
	return out
}

func (s scores) grid() *grid.Grid {
	g := grid.New("language", "answers", "mean score", "sd", "in another language %")
	for _, l := range s.languages {
		n := len(s.score[l])
		g.Add(l, strconv.Itoa(n), decimal(eval.Mean(s.score[l]), 2), decimal(eval.SD(s.score[l]), 2), decimal(100*float64(s.wrong[l])/float64(n), 1))
	}
	return g
}

// training shows the curves that the trainer logged. A margin is β times the difference of the log-ratios.
func (r *run) training() Section {
	s := Section{Title: "Training"}
	var figures Figures
	for _, c := range []struct{ title, key string }{{"Loss", "loss"}, {"Reward margin", "rewards/margins"}, {"Pairs in the right order", "rewards/accuracies"},
		{"Gradient norm", "grad_norm"}, {"Learning rate", "learning_rate"}} {
		if series := r.series("", c.key); len(series.Y) > 0 {
			figures = append(figures, Lines(c.title, "step", series))
		}
	}
	chosen, rejected := r.series("chosen", "rewards/chosen"), r.series("rejected", "rewards/rejected")
	if len(chosen.Y) > 0 && len(rejected.Y) > 0 {
		figures = slices.Insert(figures, min(2, len(figures)), Lines("Rewards", "step", chosen, rejected))
	}
	if len(figures) > 0 {
		s.Blocks = []Block{figures}
	}
	return s
}

func (r *run) pairsToRead() Section {
	p := r.pairs
	if p.count == 0 {
		return Section{}
	}
	return Section{Title: "Pairs to read", Lead: fmt.Sprintf("%d pairs; mean gap %s; %d across languages.", p.count, significant(eval.Mean(p.gap)), p.cross), Blocks: p.toRead()}
}

// made lists the stages.
func (r *run) made() Section {
	if len(r.stages) == 0 {
		return Section{}
	}
	g := grid.New("stage", "rows", "seconds", "state", "counts").Texts(3, 4)
	total := 0.0
	for _, s := range r.stages {
		state := "done"
		if !s.Done {
			state = "not finished"
		}
		total += s.Seconds
		g.Add(s.file, strconv.Itoa(s.Rows), decimal(s.Seconds, 1), state, s.counts())
	}
	return Section{Title: "What was made", Lead: fmt.Sprintf("%s seconds in all stages.", decimal(total, 0)), Blocks: []Block{Table{Grid: g}}}
}

// counts says what the prompt forest saved, and how much was worked on.
func (s stage) counts() string {
	var parts []string
	say := func(format string, args ...any) { parts = append(parts, fmt.Sprintf(format, args...)) }
	if n := s.Counts["new_tokens"]; n > 0 {
		say("%d new tokens", n)
		if s.Seconds > 0 {
			say("%.0f a second", float64(n)/s.Seconds)
		}
	}
	if shared, computed := s.Counts["prompt_tokens_shared"], s.Counts["prompt_tokens_computed"]; shared+computed > 0 {
		say("%.0f %% of prompt tokens shared", 100*float64(shared)/float64(shared+computed))
	}
	if stored, computed := s.Counts["tokens_stored"], s.Counts["tokens_computed"]; stored > 0 {
		say("%d tokens, %.0f %% shared", stored, 100*float64(stored-computed)/float64(stored))
	}
	if n := s.Counts["too_long"]; n > 0 {
		say("%d too long for the scorer", n)
	}
	return strings.Join(parts, ", ")
}

func (r *run) recipeText() Section {
	if r.recipe == "" {
		return Section{}
	}
	return Section{Title: "Recipe", Blocks: []Block{Folded{"recipe.yaml, every default written out", r.recipe}}}
}
