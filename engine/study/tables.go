package study

import (
	"fmt"
	"slices"
	"strings"

	"croco/engine/trainer"
	"croco/eval/grid"
	"croco/toyworld"
)

// armsGrid is a group of arms beside the base of the same seed.
func (t resultTable) armsGrid(group string) *grid.Grid {
	g := grid.New("arm", "pairs", "inverted, %", "quality, tuned", "quality, untuned", "pass, tuned", "greedy pass, tuned", "greedy pass, untuned",
		"right language, tuned", "translations", "prototype, quality")
	for _, a := range arms {
		if a.Group != group || a.probe != nil || a.Name == "base" {
			continue
		}
		row := []string{a.Name}
		if pairs := t.absolute(a.Name, ofPairs(func(p *PairCount) float64 { return float64(p.N) })); pairs.seeds > 0 {
			row = append(row, fmt.Sprintf("%.0f", pairs.mean), t.absolute(a.Name, ofPairs(func(p *PairCount) float64 { return p.Inverted })).plain())
		} else {
			row = append(row, "–", "–")
		}
		for _, of := range []quantity{tuned(Quality), untuned(Quality), tuned(Pass), tuned(GreedyPass), untuned(GreedyPass), tuned(RightLanguage), translation} {
			row = append(row, t.difference(a.Name, "base", of).points())
		}
		g.Add(append(row, dash(a.Prototype))...)
	}
	return g
}

// plain is a share in percent without its interval.
func (e estimate) plain() string {
	text, _, _ := strings.Cut(e.percent(), " ±")
	return text
}

func dash(s string) string {
	if s == "" {
		return "–"
	}
	return s
}

// baseGrid is the base, per language.
func (t resultTable) baseGrid() *grid.Grid {
	g := grid.New(append([]string{"the base, %"}, toyworld.Languages()...)...)
	for _, m := range []struct {
		name   string
		metric Metric
	}{{"quality, sampled", Quality}, {"pass, sampled", Pass}, {"pass, greedy", GreedyPass}, {"right language, sampled", RightLanguage}, {"right language, greedy", GreedyRight}, {"full form, sampled", Full}} {
		row := []string{m.name}
		for _, l := range toyworld.Languages() {
			row = append(row, t.absolute("base", over(m.metric, l)).percent())
		}
		g.Add(row...)
	}
	return g
}

// languagesGrid is what some arms do to each language.
func (t resultTable) languagesGrid(names ...string) *grid.Grid {
	g := grid.New(append([]string{"arm", "in"}, toyworld.Languages()...)...).Texts(1)
	for _, name := range names {
		for _, m := range []struct {
			name   string
			metric Metric
		}{{"quality", Quality}, {"greedy pass", GreedyPass}, {"right language", RightLanguage}} {
			row := []string{name, m.name}
			for _, l := range toyworld.Languages() {
				row = append(row, t.difference(name, "base", over(m.metric, l)).points())
			}
			g.Add(row...)
		}
	}
	return g
}

// rewardsGrid sets the reward beside the truth.
func (t resultTable) rewardsGrid(names ...string) *grid.Grid {
	g := grid.New("arm", "English reward", "mixed reward", "true quality", "full form", "greedy pass")
	for _, name := range names {
		row := []string{name}
		for _, m := range []Metric{RewardEnglish, RewardMixed} {
			row = append(row, t.difference(name, "base", tuned(m)).scaled(1, 2))
		}
		for _, m := range []Metric{Quality, Full, GreedyPass} {
			row = append(row, t.difference(name, "base", tuned(m)).points())
		}
		g.Add(row...)
	}
	return g
}

// cardGrid is the reward models' report card.
func (t resultTable) cardGrid() *grid.Grid {
	g := grid.New(append([]string{"%"}, toyworld.Languages()...)...)
	add := func(name, key string, missing ...string) {
		row := []string{name}
		for _, l := range toyworld.Languages() {
			if slices.Contains(missing, l) {
				row = append(row, "–")
				continue
			}
			row = append(row, t.absolute("report card", number(key+l)).percent())
		}
		g.Add(row...)
	}
	for _, judge := range []struct{ name, key string }{{"English RM", enModel}, {"mixed RM", mixModel}} {
		add(judge.name+": right about two answers in the language", judge.key+" right, ")
		add(judge.name+": prefers the language to English", judge.key+" own language, ", "en")
	}
	untuned := toyworld.Tuning.Untuned
	for _, judge := range []struct{ name, key string }{{"English RM", enModel}, {"mixed RM", mixModel}, {"truth", byTruth}} {
		add("best of 32 by the "+judge.name+": quality", judge.key+" best, quality, ", untuned...)
		add("best of 32 by the "+judge.name+": right language", judge.key+" best, right language, ", untuned...)
	}
	return g
}

// ranksGrid is how well rewards rank two answers to a prompt, by what they differ in.
func (t resultTable) ranksGrid(names ...string) *grid.Grid {
	things := []string{"", ", content", ", form", ", language", ", untidy"}
	g := grid.New("reward and answers", "en", "other languages", "content only", "form only", "language only", "one untidy", "α", "inverted pairs")
	for _, name := range names {
		row := []string{name, t.absolute(name, number("rank en")).percent()}
		for _, thing := range things {
			row = append(row, t.absolute(name, number("rank other"+thing)).percent())
		}
		alphas := t.absolute(name, func(r Result) (float64, bool) {
			sum := 0.0
			for _, l := range toyworld.Tuning.Languages {
				sum += r.Numbers["alpha "+l] / float64(len(toyworld.Tuning.Languages))
			}
			return sum, r.Numbers != nil
		})
		row = append(row, fmt.Sprintf("%.3f", alphas.mean), t.absolute(name, ofPairs(func(p *PairCount) float64 { return p.Inverted })).percent())
		g.Add(row...)
	}
	return g
}

// targetsGrid is what each target rejects under pool sizes and noises.
func (t resultTable) targetsGrid() *grid.Grid {
	g := grid.New("scores", "N", "skew", "min stands at, σ", "same answer, %", "chosen quality", "rejected: min", "rejected: μ−2σ", "rejected: q1",
		"inverted: min", "inverted: μ−2σ", "inverted: q1")
	for _, noise := range []struct{ name, key string }{{"as they are", ""}, {"half noise", gauss}, {"2 % slips of 6σ", slips}} {
		for _, n := range []int{8, 32, 128} {
			at := func(name string) estimate {
				return t.absolute("targets", number(fmt.Sprintf("N=%d%s, %s", n, comma(noise.key), name)))
			}
			if at("skew").seeds == 0 {
				continue
			}
			row := []string{noise.name, fmt.Sprint(n), signed(at("skew").mean, 2), signed(at("z of min").mean, 2), at("same as min").plain(), at("chosen").percent()}
			for _, what := range []string{" rejected", " inverted"} {
				for _, target := range []string{"min", "mean_minus_2sigma", "q1"} {
					row = append(row, at(target+what).percent())
				}
			}
			g.Add(row...)
		}
	}
	return g
}

// whenGrid is μ−2σ less the minimum after tuning.
func (t resultTable) whenGrid() *grid.Grid {
	g := grid.New("scores", "N", "quality, tuned", "quality, untuned", "pass, tuned", "greedy pass, tuned", "translations")
	for _, noise := range []struct{ name, key string }{{"as they are", ""}, {"half noise", gauss}, {"2 % slips of 6σ", slips}} {
		for _, n := range []int{8, 32, 128} {
			name := fmt.Sprintf(", N=%d%s", n, comma(noise.key))
			if n == 32 && noise.key == "" {
				name = ""
			}
			if t["min"+name] == nil {
				continue
			}
			row := []string{noise.name, fmt.Sprint(n)}
			for _, of := range []quantity{tuned(Quality), untuned(Quality), tuned(Pass), tuned(GreedyPass), translation} {
				row = append(row, t.difference("μ−2σ"+name, "min"+name, of).points())
			}
			g.Add(row...)
		}
	}
	return g
}

// choiceGrid is the choice of the recipe, on its own tasks. The best of each kind is marked.
func (t resultTable) choiceGrid() *grid.Grid {
	g := grid.New("recipe", "quality, sampled", "greedy pass", "mean of the two", "quality, greedy")
	best := map[trainer.Kind]string{}
	for kind := range recipes {
		best[kind] = t.best(kind)
	}
	for _, a := range ChoiceArms() {
		name := a.Name
		if name == best[a.tune.Kind] {
			name = "**" + name + "**"
		}
		g.Add(name, t.absolute(a.Name, over(Quality, toyworld.Languages()...)).plain(), t.absolute(a.Name, over(GreedyPass, toyworld.Languages()...)).plain(),
			t.absolute(a.Name, worth).plain(), t.absolute(a.Name, over(GreedyQuality, toyworld.Languages()...)).plain())
	}
	return g
}

// worth is what recipes are chosen by: the mean of sampled quality and greedy pass over all languages.
func worth(r Result) (float64, bool) {
	l := toyworld.Languages()
	return (r.Mean(Quality, l) + r.Mean(GreedyPass, l)) / 2, r.Languages != nil
}

// best is the recipe of a kind with the highest worth.
func (t resultTable) best(kind trainer.Kind) string {
	name, high := "", 0.0
	for _, a := range ChoiceArms() {
		if e := t.absolute(a.Name, worth); a.tune.Kind == kind && e.seeds > 0 && e.mean > high {
			name, high = a.Name, e.mean
		}
	}
	return name
}
