package study

import (
	"croco/eval/grid"
	"croco/toyworld"
)

// Finding is a claim of the papers, or a question that they leave open, as differences that would show it.
type Finding struct {
	Claim     string
	Prototype string // what the prototype's study found
	Shown     []Contrast
}

// Contrast is arm A less arm B in one quantity; without B it is a difference that A itself looked at.
type Contrast struct {
	A, B string
	What string
	of   quantity
	// Want is the sign that the claim says: 1, −1, or 0 for no difference.
	Want int
}

// The verdicts of a contrast.
const (
	Appears  = "appears"
	Absent   = "absent"
	Opposite = "opposite"
	Unknown  = "too few seeds"
)

// verdict compares a difference with what the claim says. A claim of no difference appears where zero lies in the
// interval, which the interval's width has to be read with.
func (c Contrast) verdict(e estimate) string {
	switch sign := e.sign(); {
	case e.seeds < 4:
		return Unknown
	case sign == c.Want:
		return Appears
	case c.Want != 0 && sign == -c.Want:
		return Opposite
	}
	return Absent
}

// estimate is the difference over the seeds.
func (c Contrast) estimate(t resultTable) estimate {
	if c.B == "" {
		return t.absolute(c.A, c.of)
	}
	return t.difference(c.A, c.B, c.of)
}

// Quantities of the contrasts, with their names.
func more(a, b string) Contrast { return Contrast{a, b, "quality, tuned languages", tuned(Quality), 1} }
func moreUntuned(a, b string) Contrast {
	return Contrast{a, b, "quality, untuned languages", untuned(Quality), 1}
}
func moreGreedy(a, b string) Contrast {
	return Contrast{a, b, "greedy pass, tuned languages", tuned(GreedyPass), 1}
}
func moreGreedyUntuned(a, b string) Contrast {
	return Contrast{a, b, "greedy pass, untuned languages", untuned(GreedyPass), 1}
}
func moreRight(a, b string) Contrast {
	return Contrast{a, b, "right language, tuned languages", tuned(RightLanguage), 1}
}
func moreTranslation(a, b string) Contrast {
	return Contrast{a, b, "translations right", translation, 1}
}

func (c Contrast) less() Contrast { c.Want = -1; return c }
func (c Contrast) same() Contrast { c.Want = 0; return c }

// Findings are what the study asks.
func Findings() []Finding {
	const main, english = "μ−2σ, penalty", "μ−2σ, English RM"
	gains := Finding{Claim: "Preference tuning on own answers gains in every language", Prototype: "mostly"}
	for _, l := range toyworld.Languages() {
		gains.Shown = append(gains.Shown, Contrast{main, "base", "quality, " + l, over(Quality, l), 1})
	}
	return []Finding{
		gains,
		{"A tuned model is better in languages that it was not tuned on", "yes", []Contrast{moreUntuned(main, "base"), moreGreedyUntuned(main, "base"), moreUntuned("monolingual en", "base")}},
		{"Greedy answers get better in the languages tuned on", "not beyond noise", []Contrast{moreGreedy(main, "base")}},
		{"Language confusion: an English reward model drives answers into English", "yes, the strongest effect",
			[]Contrast{moreRight(english, "base").less(), {english, "base", "English reward, tuned languages", tuned(RewardEnglish), 1}, more(english, "base").less(), moreGreedy(english, "base").less()}},
		{"A penalty on the wrong language repairs it", "yes", []Contrast{moreRight(english+", penalty", "base"), more(english+", penalty", "base"), more(english+", penalty", english)}},
		{"Dropping answers in the wrong language repairs it as well", "no", []Contrast{moreRight(english+", wrong language dropped", "base"), more(english+", wrong language dropped", english+", penalty").same(), moreRight("μ−2σ, wrong language dropped", "μ−2σ, penalty").same()}},
		{"With a penalty, an English reward model is as good as one that knows all languages", "yes", []Contrast{more(english+", penalty", main).same()}},
		{"An English reward model beats one trained on translated pairs (Hong et al.)", "not established", []Contrast{
			{"transfer", "", "right about pairs in de: English − translated", gap("de, English", "de, translated"), 1},
			{"transfer", "", "right about pairs in da: English − translated", gap("da, English", "da, translated"), 1},
			{"transfer", "", "right about pairs in de: English − native", gap("de, English", "de, native"), 1},
			{"transfer", "", "right about pairs in da: English − native", gap("da, English", "da, native"), 1}}},
		{"A multilingual pool beats one language at equal pairs", "no difference",
			[]Contrast{more("all-language pool", "monolingual en"), moreUntuned("all-language pool", "monolingual en"), more("one language per task", "monolingual en"), more("all-language pool", "one language per task")}},
		{"More languages with more pairs are better", "(+6.6 against +3.2)", []Contrast{more("μ−2σ", "monolingual en"), moreUntuned("μ−2σ", "monolingual en")}},
		{"Pooled raw scores pick a favourite language", "yes: 98 % English", []Contrast{{"all-language pool, English RM", "μ−2σ, English RM", "share of English prompts in the pairs", ofPairs(func(p *PairCount) float64 { return p.English }), 1},
			{"all-language pool", "μ−2σ", "share of English prompts in the pairs", ofPairs(func(p *PairCount) float64 { return p.English }), 1}}},
		{"Scores normalised per language make a better pool", "hardly", []Contrast{more("all-language pool, z-scores", "all-language pool"), more("all-language pool, English RM, z-scores", "all-language pool, English RM")}},
		{"μ−2σ beats the minimum", "not shown", []Contrast{more("μ−2σ", "min"), moreGreedy("μ−2σ", "min"), more("μ−2σ, penalty", "min, penalty"), more("μ−2σ, English RM, penalty", "min, English RM, penalty")}},
		{"It does in larger pools", "a tie at 64", []Contrast{more("μ−2σ, N=128", "min, N=128")}},
		{"It does where the judge is noisy, or fails now and then", "not asked", []Contrast{more("μ−2σ, N=128, gauss", "min, N=128, gauss"), more("μ−2σ, N=32, slips", "min, N=32, slips"),
			more("μ−2σ, N=128, slips", "min, N=128, slips")}},
		{"Larger pools are better", "not asked", []Contrast{more("μ−2σ", "μ−2σ, N=8"), more("μ−2σ, N=128", "μ−2σ"), moreGreedy("μ−2σ, N=128", "μ−2σ, N=8")}},
		{"Softer targets (first quartile, mean) beat μ−2σ", "at twice the steps only", []Contrast{more("q1", "μ−2σ"), more("nearest the mean", "μ−2σ"), more("q1, penalty", "μ−2σ, penalty")}},
		{"Choosing both answers beats any two answers in the RM's order", "no (+6.6 against +6.0)", []Contrast{more("μ−2σ", "random pair, ordered by the RM")}},
		{"SFT forgets (translation), DPO does not", "not at equal rates", []Contrast{moreTranslation("SFT on the best (Max-R)", "base").less(), moreTranslation("μ−2σ", "base").same(), moreTranslation("SFT on the best (Max-R)", "μ−2σ").less(), moreTranslation("SFT on the best, rate × 10", "base").less()}},
		{"DPO on pairs beats SFT on their chosen answers", "no", []Contrast{more("μ−2σ", "SFT on the best (Max-R)"), moreGreedy("μ−2σ", "SFT on the best (Max-R)")}},
		{"Off-policy pairs are worse", "split", []Contrast{more("off-policy: another base's answers", "μ−2σ").less(), moreGreedy("off-policy: gold against own μ−2σ", "μ−2σ").less(), moreTranslation("off-policy: gold against own μ−2σ", "μ−2σ").less()}},
		{"Online rounds beat offline pairs (the paper: no)", "no", []Contrast{more("online, 2 rounds", "μ−2σ"), moreGreedy("online, 2 rounds", "μ−2σ")}},
		{"ICR improves a model", "no", []Contrast{more("ICR", "base"), more("ICR", "monolingual en")}},
		{"ICR fails by its reward: another judge of the same answers succeeds", "cause not isolated", []Contrast{
			more("ICR's answers, mixed RM", "base"), more("ICR's answers, mixed RM", "ICR"), moreGreedy("ICR", "random pair, random order").less(),
			{"ICR, length free", "", "implicit reward beyond chance where only content differs", beyondChance("rank other, content"), 0},
			{"ICR, length free", "", "implicit reward beyond chance where only form differs", beyondChance("rank other, form"), 1}}},
		{"LIDR improves a model", "weakly yes", []Contrast{more("LIDR", "base"), moreUntuned("LIDR", "base")}},
		{"Over-optimisation: larger steps raise the reward and spoil the answers", "yes", []Contrast{{"μ−2σ, rate × 4", "μ−2σ", "full form, tuned languages", tuned(Full), 1}, {"μ−2σ, rate × 4", "μ−2σ", "mixed reward, tuned languages", tuned(RewardMixed), 1}, moreGreedy("μ−2σ, rate × 4", "μ−2σ").less()}},
		{"Null controls: random scores, random pairs in random order do nothing", "yes", []Contrast{more("random scores", "base").same(), more("random pair, random order", "base").same()}},
		{"A perfect judge would do better (bound)", "yes", []Contrast{more("scored by the truth", "μ−2σ"), more("scored by the truth", "μ−2σ, penalty")}},
	}
}

// findingsGrid is the table of findings. A finding has a row for each contrast.
func (t resultTable) findingsGrid() *grid.Grid {
	g := grid.New("claim", "compared", "in", "difference", "verdict", "prototype").Texts(1, 2, 4, 5)
	for _, f := range Findings() {
		claim, prototype := f.Claim, f.Prototype
		for _, c := range f.Shown {
			e, compared := c.estimate(t), c.A
			if c.B != "" {
				compared += " − " + c.B
			}
			text := e.points()
			if c.What == "English reward, tuned languages" || c.What == "mixed reward, tuned languages" {
				text = e.scaled(1, 2) // rewards are not shares
			}
			g.Add(claim, compared, c.What, text, c.verdict(e), prototype)
			claim, prototype = "", ""
		}
	}
	return g
}
