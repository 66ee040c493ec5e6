package study

import (
	_ "embed"
	"fmt"
	"maps"
	"slices"
	"strings"
	"text/template"

	"croco/engine/trainer"
	"croco/toyworld"
)

// frame is the page without its tables. Its sentences about results were written after looking at them.
//
//go:embed page.md.tmpl
var frame string

// Page is docs/study.md for some results. It depends on nothing else.
func Page(results []Result) (string, error) {
	t := tabulate(results)
	page, err := template.New("page.md.tmpl").Option("missingkey=error").Parse(frame)
	if err != nil {
		return "", err
	}
	groups := map[string]string{}
	for _, name := range []string{inside, judges, pooling, controls, others, selfmade, why, when} {
		groups[name] = t.armsGrid(name).Markdown()
	}
	var b strings.Builder
	err = page.Execute(&b, map[string]any{
		"Seeds": seedsOf(results), "Missing": t.missing(), "Tuning": toyworld.Tuning, "DPO": recipes[trainer.DPO], "SFT": recipes[trainer.SFT],
		"Findings": t.findingsGrid().Markdown(), "Base": t.baseGrid().Markdown(), "Card": t.cardGrid().Markdown(), "Choice": t.choiceGrid().Markdown(),
		"Arms":      groups,
		"Languages": t.languagesGrid("μ−2σ, English RM", "μ−2σ, English RM, penalty", "μ−2σ, penalty").Markdown(),
		"Rewards": t.rewardsGrid("μ−2σ, English RM", "μ−2σ, English RM, penalty", "μ−2σ", "μ−2σ, penalty", "μ−2σ, rate × 4", "SFT on the best (Max-R)", "SFT on the best, penalty, rate × 4",
			"scored by the truth", "monolingual en", "ICR", "ICR, a quarter of the rate").Markdown(),
		"Ranks": t.ranksGrid("ICR", "ICR, length free", "ICR, length free, mean per token", "ICR, temperature 1", "ICR, scored under the own prompt", "ICR, answers of the base, length free",
			"ICR from 512 tasks", "ICR's answers, mixed RM").Markdown(),
		"Targets": t.targetsGrid().Markdown(), "When": t.whenGrid().Markdown(),
	})
	return b.String(), err
}

// seedsOf counts the seeds of the results, those that chose the recipe left out.
func seedsOf(results []Result) int {
	seeds := map[int]bool{}
	for _, r := range results {
		if r.Seed < devSeed {
			seeds[r.Seed] = true
		}
	}
	return len(seeds)
}

// missing says which arms some seeds lack.
func (t resultTable) missing() string {
	seeds := map[int]bool{}
	for _, of := range t {
		for seed := range of {
			if seed < devSeed {
				seeds[seed] = true
			}
		}
	}
	var lacking []string
	for _, a := range arms {
		if n := len(seeds) - len(t[a.Name]); n > 0 {
			lacking = append(lacking, fmt.Sprintf("%s (%d of %d seeds)", a.Name, len(t[a.Name]), len(seeds)))
		}
	}
	if len(lacking) == 0 {
		return fmt.Sprintf("Every arm has run on every seed (%v).", slices.Sorted(maps.Keys(seeds)))
	}
	return "Arms that have not run on every seed: " + strings.Join(lacking, "; ") + "."
}
