package study

import (
	"context"
	"fmt"

	"croco/engine/trainer"
	"croco/pairing"
	"croco/toyworld"
)

// Arm is one way of tuning. Arms without pairs measure the base; those with a probe look and do not tune.
type Arm struct {
	Name      string // in results and tables
	Group     string // of tables
	Prototype string // the quality of the tuned languages in the prototype's study, for comparison

	pairs maker
	tune  tuning
	probe func(context.Context, *world) (map[string]float64, error)
}

// The groups of arms.
const (
	inside   = "Pairs inside the language"
	judges   = "Who judges, and the wrong language"
	pooling  = "Which languages, and one pool for all"
	controls = "Controls and bounds"
	others   = "Other ways to tune"
	selfmade = "Without a reward model: ICR and LIDR"
	why      = "Why ICR fails: one thing changed at a time"
	when     = "When μ−2σ beats the minimum: pool size and noise"
	choice   = "Choice of the recipe"
)

// Short names for what the table is made of.
var (
	dpoTuning = tuning{Kind: trainer.DPO}
	sftTuning = tuning{Kind: trainer.SFT}
	withNLL   = tuning{Kind: trainer.DPO, NLL: .2}
	mix       = pool(mixModel)
	en        = pool(enModel)
	min_      = against(pairing.Min)
	q1        = against(pairing.Q1)
)

// Arms are the arms of the study, in the order in which they run: what matters most first.
func Arms() []Arm { return arms }

var arms []Arm

// The table refers to itself where an arm starts from another, so it is filled when the program starts.
func init() {
	arms = append(arms, table...)
	for _, from := range []source{mix.size(8), mix.with(gauss), mix.with(slips), mix.size(128), mix.size(128).with(gauss), mix.size(128).with(slips)} {
		name := fmt.Sprintf("N=%d%s", from.n, comma(from.noise))
		arms = append(arms, Arm{Name: "μ−2σ, " + name, Group: when, pairs: croco(from), tune: dpoTuning})
		if from.n > 8 { // of 8 scores the lowest is the one nearest to μ−2σ
			arms = append(arms, Arm{Name: "min, " + name, Group: when, pairs: croco(from, min_), tune: dpoTuning})
		}
	}
}

var table = []Arm{
	{Name: "base", Group: controls, Prototype: "41.2 ±1.1"},
	{Name: "report card", Group: judges, probe: reportCard},
	{Name: "μ−2σ", Group: inside, Prototype: "+6.6 ±3.4", pairs: croco(mix), tune: dpoTuning},
	{Name: "min", Group: inside, Prototype: "+6.1 ±1.8", pairs: croco(mix, min_), tune: dpoTuning},
	{Name: "q1", Group: inside, Prototype: "+10.0 ±1.8", pairs: croco(mix, q1), tune: dpoTuning},
	{Name: "nearest the mean", Group: inside, Prototype: "+10.1 ±1.1", pairs: picked(mix, nearMean), tune: dpoTuning},
	{Name: "μ−2σ, penalty", Group: inside, Prototype: "+7.7 ±1.2", pairs: croco(mix, penalty), tune: dpoTuning},
	{Name: "min, penalty", Group: inside, pairs: croco(mix, penalty, min_), tune: dpoTuning},
	{Name: "q1, penalty", Group: inside, pairs: croco(mix, penalty, q1), tune: dpoTuning},
	{Name: "μ−2σ, wrong language dropped", Group: judges, Prototype: "+4.9 ±4.2", pairs: croco(mix, dropWrong), tune: dpoTuning},
	{Name: "μ−2σ, English RM", Group: judges, Prototype: "−11.2 ±4.3", pairs: croco(en), tune: dpoTuning},
	{Name: "μ−2σ, English RM, penalty", Group: judges, Prototype: "+5.9 ±0.8 (batch 16)", pairs: croco(en, penalty), tune: dpoTuning},
	{Name: "min, English RM, penalty", Group: judges, pairs: croco(en, penalty, min_), tune: dpoTuning},
	{Name: "μ−2σ, English RM, wrong language dropped", Group: judges, Prototype: "−1.0 ±8.1", pairs: croco(en, dropWrong), tune: dpoTuning},
	{Name: "scored by the truth", Group: controls, Prototype: "+13.8 ±1.7", pairs: croco(pool(byTruth)), tune: dpoTuning},
	{Name: "random scores", Group: controls, pairs: croco(pool(byChance)), tune: dpoTuning},
	{Name: "random pair, random order", Group: controls, Prototype: "−1.1 ±1.6", pairs: picked(pool(byChance), anyTwo), tune: dpoTuning},
	{Name: "random pair, ordered by the RM", Group: controls, Prototype: "+6.0 ±1.8", pairs: picked(mix, anyTwo), tune: dpoTuning},
	{Name: "monolingual en", Group: pooling, Prototype: "+3.2 ±0.8", pairs: keeping(croco(mix), inLanguage("en")), tune: dpoTuning},
	{Name: "monolingual da", Group: pooling, Prototype: "+2.8 ±1.0", pairs: keeping(croco(mix), inLanguage("da")), tune: dpoTuning},
	{Name: "one language per task", Group: pooling, Prototype: "+3.5 ±0.7", pairs: keeping(croco(mix), oneEach), tune: dpoTuning},
	{Name: "all-language pool", Group: pooling, Prototype: "+2.8 ±1.4", pairs: croco(mix, allLanguages), tune: dpoTuning},
	{Name: "all-language pool, z-scores", Group: pooling, Prototype: "+3.3 ±1.1", pairs: croco(mix, allLanguages, zScores), tune: dpoTuning},
	{Name: "all-language pool, English RM", Group: pooling, Prototype: "+0.8 ±0.9", pairs: croco(en, allLanguages), tune: dpoTuning},
	{Name: "all-language pool, English RM, z-scores", Group: pooling, Prototype: "+1.7 ±0.2", pairs: croco(en, allLanguages, zScores), tune: dpoTuning},
	{Name: "all-language pool, English RM, z-scores, penalty", Group: pooling, pairs: croco(en, allLanguages, zScores, penalty), tune: dpoTuning},
	{Name: "SFT on the best (Max-R)", Group: others, Prototype: "+10.1 ±1.5", pairs: croco(mix), tune: sftTuning},
	{Name: "SFT on the best, rate × 10", Group: others, Prototype: "+13.0 ±3.4", pairs: croco(mix), tune: tuning{Kind: trainer.SFT, Rate: 10}},
	{Name: "SFT on gold", Group: others, Prototype: "+19.2", pairs: gold(croco(mix)), tune: sftTuning},
	{Name: "μ−2σ, rate × 4", Group: others, Prototype: "−19.2 ±13.6", pairs: croco(mix), tune: tuning{Kind: trainer.DPO, Rate: 4}},
	{Name: "μ−2σ, penalty, batch 8", Group: others, pairs: croco(mix, penalty), tune: tuning{Kind: trainer.DPO, Recipe: &Recipe{1e-3, 8}}},
	{Name: "SFT on the best, penalty, rate × 4", Group: others, pairs: croco(mix, penalty), tune: tuning{Kind: trainer.SFT, Rate: 4}},
	{Name: "off-policy: another base's answers", Group: others, Prototype: "+11.0 ±1.8", pairs: croco(mix.writtenByAnother()), tune: dpoTuning},
	{Name: "off-policy: gold against own μ−2σ", Group: others, Prototype: "+3.3 ±8.8", pairs: gold(croco(mix)), tune: dpoTuning},
	{Name: "online, 2 rounds", Group: others, Prototype: "+8.5 ±3.5", pairs: online(mixModel), tune: dpoTuning},
	{Name: "ICR", Group: selfmade, Prototype: "−2.8 ±0.5", pairs: icrPaper.pairs, tune: withNLL},
	{Name: "LIDR", Group: selfmade, Prototype: "+3.7 ±1.7", pairs: lidr, tune: withNLL},
	{Name: "targets", Group: when, probe: targets},
	{Name: "ICR, length free", Group: why, pairs: icrPaper.change(func(o *implicit) { o.free = true }).pairs, tune: withNLL},
	{Name: "ICR, length free, mean per token", Group: why, pairs: icrPaper.change(func(o *implicit) { o.free, o.perToken = true, true }).pairs, tune: withNLL},
	{Name: "ICR, without NLL", Group: why, pairs: icrPaper.pairs, tune: dpoTuning},
	{Name: "ICR, a quarter of the rate", Group: why, pairs: icrPaper.pairs, tune: tuning{Kind: trainer.DPO, NLL: .2, Rate: .25}},
	{Name: "ICR, temperature 1", Group: why, pairs: icrPaper.change(func(o *implicit) { o.temperature = 1 }).pairs, tune: withNLL},
	{Name: "ICR, scored under the own prompt", Group: why, pairs: icrPaper.change(func(o *implicit) { o.ownPrompt = true }).pairs, tune: withNLL},
	{Name: "ICR, answers of the base, which is tuned", Group: why, pairs: icrPaper.change(func(o *implicit) { o.fromBase, o.temperature = true, 1 }).pairs, tune: withNLL},
	{Name: "ICR, answers of the base, length free", Group: why, pairs: icrPaper.change(func(o *implicit) { o.fromBase, o.temperature, o.free = true, 1, true }).pairs, tune: withNLL},
	{Name: "monolingual en, 512 tasks", Group: why, pairs: moreEnglish(512), tune: dpoTuning},
	{Name: "ICR from 512 tasks", Group: why, pairs: icrPaper.change(func(o *implicit) { o.start = "monolingual en, 512 tasks" }).pairs, tune: withNLL},
	{Name: "ICR's answers, mixed RM", Group: why, pairs: icrPaper.change(func(o *implicit) { o.judge, o.free = mixModel, true }).pairs, tune: withNLL},
	{Name: "transfer", Group: judges, probe: transfer},
	{Name: "ICR's answers, the truth", Group: why, pairs: icrPaper.change(func(o *implicit) { o.judge, o.free = byTruth, true }).pairs, tune: withNLL},
}

// recipes are the best of ChoiceArms by their worth. (The test of the results compares.)
var recipes = map[trainer.Kind]Recipe{trainer.DPO: {1e-3, 16}, trainer.SFT: {1e-3, 8}}

// ChoiceArms are the recipes tried. They run on seeds from DevSeeds, whose tasks the results do not use.
func ChoiceArms() (all []Arm) {
	for _, c := range []struct {
		kind  trainer.Kind
		pairs maker
		rates []float64
	}{{trainer.DPO, croco(mix, penalty), []float64{2.5e-4, 5e-4, 1e-3, 2e-3}}, {trainer.SFT, croco(mix, penalty), []float64{5e-4, 1e-3, 2e-3, 4e-3, 8e-3}}} {
		for _, rate := range c.rates {
			for _, batch := range []int{8, 16, 32} {
				all = append(all, Arm{Name: choiceName(c.kind, Recipe{rate, batch}), Group: choice, pairs: c.pairs,
					tune: tuning{Kind: c.kind, Recipe: &Recipe{rate, batch}}})
			}
		}
	}
	return all
}

func choiceName(kind trainer.Kind, r Recipe) string {
	return fmt.Sprintf("%s, rate %g, batch %d", kind, r.LearningRate, r.Batch)
}

// DevSeeds have the models of seeds 0 and 1, and other tasks.
func DevSeeds() []int { return []int{devSeed, devSeed + 1} }

// moreEnglish pairs English answers to other tasks than those of the seed.
func moreEnglish(tasks int) maker {
	return func(ctx context.Context, w *world) (d data, err error) {
		asked := questions(toyworld.Tasks(toyworld.Tune, tasks*w.Tasks/toyworld.Tuning.Tasks, w.key("more")), []string{"en"})
		rows, err := w.answer(ctx, w.policy, "", asked, decoding{mix.n, toyworld.Tuning.Temperature, "more"})
		if err != nil {
			return d, err
		}
		if rows, err = w.score(mix, rows); err != nil {
			return d, err
		}
		d.pairs, _, err = pairing.Croco(rows, pairing.Defaults())
		return d, err
	}
}
