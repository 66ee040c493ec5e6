package demo

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"croco/engine/report"
	"croco/eval"
	"croco/eval/grid"
	"croco/internal/jsonl"
	"croco/pairing"
	"croco/reward"
	"croco/toyworld"
)

// tell shows what happened, and judges it by the numbers of this run alone.
func (s *story) tell(took time.Duration) error {
	pool, err := s.pool("da")
	if err != nil {
		return err
	}
	s.hooks.Tell("%s", told(pool))
	s.hooks.Tell("%s", s.card.grid().Text())
	raw, err := s.compare(s.raw)
	if err != nil {
		return err
	}
	penalty, err := s.compare(s.penalty)
	if err != nil {
		return err
	}
	s.hooks.Tell("%s", raw.tell("(a) Tuned on the raw scores of the English reward model"))
	s.hooks.Tell("%s", penalty.tell("(b) Tuned on the same answers, 3σ taken off those in the wrong language"))
	s.hooks.Tell("%s", strings.Join(s.verdict(raw, penalty), "\n"))
	examples, err := s.examples()
	if err != nil {
		return err
	}
	s.hooks.Tell("%s", examples.String())
	s.hooks.Tell("%s", closing(took))
	return s.page(pool, raw, penalty, examples, took)
}

// comparison is a tuned model beside the base, on sampled and on greedy answers.
type comparison struct {
	sampled, greedy eval.Table
	translation     [2]float64 // before, after
}

func (s *story) compare(after measured) (c comparison, err error) {
	t := toyworld.Tuning
	o := eval.Options{Groups: []eval.Group{{Name: "tuned on", Languages: t.Languages}, {Name: "never tuned on", Languages: t.Untuned}}}
	if c.sampled, err = eval.Compare(s.base.sampled, after.sampled, o); err != nil {
		return c, err
	}
	c.greedy, err = eval.Compare(s.base.greedy, after.greedy, o)
	c.translation = [2]float64{s.base.translation, after.translation}
	return c, err
}

// tell is the comparison as text.
func (c comparison) tell(title string) string {
	return fmt.Sprintf("%s\n\n%s\nThe likeliest answer instead of sampled ones:\n\n%s\n%s\n\nTranslations that are wholly right, a skill that was not tuned: %.0f → %.0f %%\n",
		title, c.sampled.Grid("score", "quality", "right language").Text(), c.greedy.Grid("passes", "right language").Text(),
		c.sampled.Legend(), 100*c.translation[0], 100*c.translation[1])
}

// verdict says in words which of the expected signs this run shows: tuning on raw scores lowers the true quality and sends
// answers into English, the penalty turns both round. Only the languages tuned on are asked.
func (s *story) verdict(raw, penalty comparison) []string {
	a, _ := raw.sampled.Row("tuned on")
	b, _ := penalty.sampled.Row("tuned on")
	var lines []string
	add := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }
	word := func(c eval.Change) string {
		switch c.Verdict() {
		case eval.Gained:
			return "rose"
		case eval.Lost:
			return "fell"
		}
		return "stayed within noise"
	}
	percent := func(c eval.Change) string { return fmt.Sprintf("%.1f → %.1f %%", 100*c.Before, 100*c.After) }
	arm := func(name string, r eval.Row) {
		add("%s: the reward %s (%s → %s), true quality %s (%s), answers in the right language %s (%s).", name, word(r.Score),
			signed(r.Score.Before), signed(r.Score.After), word(r.Quality), percent(r.Quality), word(r.RightLanguage), percent(r.RightLanguage))
	}
	if a.Score.Verdict() == eval.Gained && a.Quality.Verdict() == eval.Lost {
		add("Tuned on raw scores, the reward went up and the answers got worse.")
	}
	if !Signs(raw.sampled, penalty.sampled) {
		add("This run does not show the expected picture (a: worse and less in the right language; b: better and more).")
	}
	arm("(a) raw scores", a)
	arm("(b) with the penalty", b)
	return lines
}

// signed is a number with a real minus sign.
func signed(v float64) string { return strings.Replace(fmt.Sprintf("%.2f", v), "-", "−", 1) }

// Signs says whether two comparisons show what the study of the toy world found, by the sign of the means over the
// languages tuned on: raw scores lower quality and the share in the right language, the penalty raises both.
func Signs(raw, penalty eval.Table) bool {
	a, errA := raw.Row("tuned on")
	b, errB := penalty.Row("tuned on")
	return errA == nil && errB == nil && a.Quality.Difference < 0 && a.RightLanguage.Difference < 0 &&
		b.Quality.Difference > 0 && b.RightLanguage.Difference > 0
}

// grid is the reward model's report card.
func (c accuracies) grid() *grid.Grid {
	g := grid.New("the reward model's report card, %")
	for _, l := range toyworld.Languages() {
		g.Header = append(g.Header, l)
	}
	right, own := []string{"right about two answers in that language"}, []string{"prefers the right language to the same answer in English"}
	for _, l := range toyworld.Languages() {
		right = append(right, fmt.Sprintf("%.0f", 100*c.right[l]))
		if v, ok := c.ownLanguage[l]; ok {
			own = append(own, fmt.Sprintf("%.0f", 100*v))
		} else {
			own = append(own, "–")
		}
	}
	return g.Add(right...).Add(own...)
}

// pool ranks the answers to the first prompt in a language whose pool shows the trouble: its best raw answer is in the
// wrong language.
func (s *story) pool(language string) (report.Ranked, error) {
	rows, err := jsonl.All[reward.Scored](s.path("scores", "scores.jsonl"))
	if err != nil {
		return report.Ranked{}, err
	}
	var first report.Ranked
	for pool := range slices.Chunk(rows, toyworld.Tuning.SamplesPerPrompt) {
		if pool[0].Language != language {
			continue
		}
		r, err := rankAnswers(pool)
		if err != nil {
			return r, err
		}
		if first.Items == nil {
			first = r
		}
		if r.Items[0].Wrong && slices.ContainsFunc(r.Items, func(a report.RankedAnswer) bool { return a.Quality == 1 }) {
			return r, nil
		}
	}
	return first, nil
}

// rankAnswers orders a pool by its raw scores, and marks what pairing takes.
func rankAnswers(pool []reward.Scored) (report.Ranked, error) {
	r := report.Ranked{Language: pool[0].Language}
	t, err := toyworld.ParseTask(string(pool[0].ID))
	if err != nil {
		return r, err
	}
	r.Prompt = toyworld.Text(toyworld.Prompt(t, r.Language), r.Language)
	var scores []float64
	for _, row := range pool {
		j, err := judge(row.Completion)
		if err != nil {
			return r, err
		}
		answer, _ := toyworld.Strip(row.CompletionIDs)
		r.Items = append(r.Items, report.RankedAnswer{Score: row.Score, Quality: j.Quality, Language: row.DetectedLanguage,
			Wrong: !j.RightLanguage, Text: toyworld.Text(answer, r.Language)})
	}
	slices.SortStableFunc(r.Items, func(a, b report.RankedAnswer) int { return cmp.Compare(b.Score, a.Score) })
	for _, a := range r.Items {
		scores = append(scores, a.Score)
	}
	chosen := pairing.Chosen(scores)
	r.Items[chosen].Role = "chosen"
	if rejected := pairing.Rejected(scores, chosen, pairing.MeanMinus2Sigma, nil); rejected >= 0 {
		r.Items[rejected].Role = "rejected"
	}
	r.Levels = []report.Level{{Name: "μ", Score: eval.Mean(scores)}, {Name: "μ−2σ", Score: pairing.MeanMinus2Sigma.Of(scores)}}
	return r, nil
}

// told is a ranking for a terminal: the best five answers, those about the rejected one, and the last.
func told(r report.Ranked) string {
	rejected := slices.IndexFunc(r.Items, func(a report.RankedAnswer) bool { return a.Role == "rejected" })
	short := r
	short.Items = nil
	for i, a := range r.Items {
		if i < 5 || i >= rejected-1 && i <= rejected+1 || i == len(r.Items)-1 {
			short.Items = append(short.Items, a)
		}
	}
	return fmt.Sprintf("One prompt, asked in %s: %s\n%d of its %d answers, as the English reward model ranks them; quality is the hidden truth, in %%:\n\n%s",
		toyworld.LanguageName(r.Language), r.Prompt, len(short.Items), len(r.Items), short.Grid(60).Text())
}

func closing(took time.Duration) string {
	return fmt.Sprintf("All of this took %.0f s. It is a toy: one seed, small tests, made-up language shares. It shows what an English\nreward model does to other languages, and what a language penalty mends. It does not show that a multilingual pool beats\none language, that μ−2σ beats the minimum, or that SFT forgets: in this world those stayed within noise.\n", took.Seconds())
}
