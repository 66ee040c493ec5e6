package study

import (
	"context"
	"math"
	"slices"

	"croco/eval"
	"croco/kernels"
	"croco/pairing"
	"croco/toyworld"
)

// maker makes the pairs of an arm.
type maker func(ctx context.Context, w *world) (data, error)

// data is what an arm is trained on.
type data struct {
	pairs   []pairing.Pair
	start   string             // folder of the adapter to go on from; "": a new one
	numbers map[string]float64 // what was found on the way
}

// croco pairs a pool by package pairing, whose defaults are the paper's method.
func croco(from source, change ...func(*pairing.Options)) maker {
	return func(ctx context.Context, w *world) (data, error) {
		rows, err := w.pool(ctx, from)
		if err != nil {
			return data{}, err
		}
		o := pairing.Defaults()
		for _, c := range change {
			c(&o)
		}
		pairs, _, err := pairing.Croco(rows, o)
		return data{pairs: pairs}, err
	}
}

// Changes of the pairing's options.
func against(t pairing.Target) func(*pairing.Options) {
	return func(o *pairing.Options) { o.RejectTarget = t }
}
func penalty(o *pairing.Options) {
	o.LanguageFilter, o.LanguagePenalty = "penalty", toyworld.Tuning.LanguagePenalty
}
func dropWrong(o *pairing.Options)    { o.LanguageFilter = "drop" }
func allLanguages(o *pairing.Options) { o.Scope = pairing.AllLang }
func zScores(o *pairing.Options)      { o.Normalization = "language" }

// pick takes a chosen and a rejected answer of a pool by their scores; rejected is −1 for none.
type pick func(scores []float64, key uint64) (chosen, rejected int)

// picked pairs the answers to each prompt by a rule that package pairing does not have.
func picked(from source, rule pick) maker {
	return func(ctx context.Context, w *world) (data, error) {
		rows, err := w.pool(ctx, from)
		if err != nil {
			return data{}, err
		}
		var d data
		for i, pool := range prompts(rows) {
			scores := make([]float64, len(pool))
			for k, r := range pool {
				scores[k] = r.Score
			}
			if c, r := rule(scores, kernels.Mix(w.key("pick"), uint64(i))); r >= 0 {
				d.pairs = append(d.pairs, pairOf(pool[c], pool[r]))
			}
		}
		return d, nil
	}
}

// prompts cuts rows into the answers to each prompt, which stand together.
func prompts(rows []pairing.Candidate) (pools [][]pairing.Candidate) {
	for first := 0; first < len(rows); {
		n := first + 1
		for n < len(rows) && rows[n].LineID == rows[first].LineID && rows[n].Language == rows[first].Language {
			n++
		}
		pools = append(pools, rows[first:n])
		first = n
	}
	return pools
}

// nearMean rejects the answer nearest to the mean.
func nearMean(scores []float64, _ uint64) (chosen, rejected int) {
	chosen, rejected = pairing.Chosen(scores), -1
	mean := eval.Mean(scores)
	for i, s := range scores {
		if s < scores[chosen] && (rejected < 0 || math.Abs(s-mean) < math.Abs(scores[rejected]-mean)) {
			rejected = i
		}
	}
	return chosen, rejected
}

// anyTwo draws two answers, the one with the higher score first.
func anyTwo(scores []float64, key uint64) (chosen, rejected int) {
	a := int(kernels.Uniform(key, 0) * float64(len(scores)))
	b := (a + 1 + int(kernels.Uniform(key, 1)*float64(len(scores)-1))) % len(scores)
	switch {
	case scores[a] > scores[b]:
		return a, b
	case scores[a] < scores[b]:
		return b, a
	}
	return a, -1
}

// pairOf makes a pair of two answers to one prompt.
func pairOf(chosen, rejected pairing.Candidate) pairing.Pair {
	p := pairing.Pair{ID: chosen.ID, Prompt: chosen.Prompt, PromptLanguage: chosen.Language, PromptIDs: chosen.PromptIDs,
		Chosen: chosen.Completion, ChosenScore: chosen.Score, ChosenLanguage: chosen.Language, ChosenIDs: chosen.CompletionIDs, ChosenLogprobs: chosen.Logprobs,
		Rejected: rejected.Completion, RejectedScore: rejected.Score, RejectedLanguage: rejected.Language, RejectedIDs: rejected.CompletionIDs,
		Model: chosen.Model}
	if rejected.Model == chosen.Model {
		p.RejectedLogprobs = rejected.Logprobs
	}
	return p
}

// keeping leaves out pairs.
func keeping(make maker, keep func(task int, p pairing.Pair) bool) maker {
	return func(ctx context.Context, w *world) (data, error) {
		d, err := make(ctx, w)
		line := map[string]int{}
		for i, t := range w.tasks {
			line[string(pairing.Text(t.String()))] = i
		}
		d.pairs = slices.DeleteFunc(d.pairs, func(p pairing.Pair) bool { return !keep(line[string(p.ID)], p) })
		return d, err
	}
}

// inLanguage keeps the pairs of one language.
func inLanguage(l string) func(int, pairing.Pair) bool {
	return func(_ int, p pairing.Pair) bool { return p.PromptLanguage == l }
}

// oneEach keeps one language of each task, by turns.
func oneEach(task int, p pairing.Pair) bool {
	l := toyworld.Tuning.Languages
	return p.PromptLanguage == l[task%len(l)]
}

// gold puts a right full answer in the place of the chosen one.
func gold(make maker) maker {
	return func(ctx context.Context, w *world) (data, error) {
		d, err := make(ctx, w)
		for i := range d.pairs {
			p := &d.pairs[i]
			task, err := toyworld.ParseTask(unquote(p.ID))
			if err != nil {
				return d, err
			}
			words := toyworld.Answer(task, p.PromptLanguage, toyworld.Good, w.key("gold"))
			p.Chosen, p.ChosenIDs, p.ChosenLogprobs = toyworld.Text(words, p.PromptLanguage), append(words, toyworld.EOS), nil
		}
		return d, err
	}
}

// count judges pairs by the truth. Both answers are taken as answers to the prompt of the pair.
func count(pairs []pairing.Pair) *PairCount {
	c := &PairCount{N: len(pairs)}
	n := float64(len(pairs))
	for _, p := range pairs {
		a, b := truth(p.ID, p.PromptLanguage, p.ChosenIDs), truth(p.ID, p.PromptLanguage, p.RejectedIDs)
		c.Chosen += a.Quality / n
		c.Rejected += b.Quality / n
		c.Inverted += eval.Share(a.Quality < b.Quality) / n
		c.English += eval.Share(p.PromptLanguage == "en") / n
	}
	for _, v := range []*float64{&c.Chosen, &c.Rejected, &c.Inverted, &c.English} {
		*v = rounded(*v)
	}
	return c
}

// rounded keeps four decimals, as the results file does.
func rounded(v float64) float64 { return math.Round(1e4*v) / 1e4 }
