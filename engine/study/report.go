package study

import (
	"context"
	"slices"

	"croco/engine/demo"
	"croco/eval"
	"croco/model"
	"croco/pairing"
	"croco/toyworld"
)

// reportCard is how good the reward models of a seed are: on held-out pairs of answers in a language, how often they are
// right and how often they prefer the right language to the same answer in English; and what they pick from the pool.
func reportCard(ctx context.Context, w *world) (map[string]float64, error) {
	numbers := map[string]float64{}
	err := w.withPolicy(w.policy, "", func(policy *model.Model) error {
		for _, name := range []string{enModel, mixModel} {
			if _, err := w.judge(name, nil); err != nil { // opens it
				return err
			}
			for _, l := range toyworld.Languages() {
				o := toyworld.ReportCard(l)
				o.Tasks = min(o.Tasks, 2*w.Tests)
				numbers[name+" right, "+l] = rounded(demo.Accuracy(w.judges[name], toyworld.InLanguage(toyworld.PreferencePairs(o, demo.Sample(policy, o.Seed)))))
				if l != "en" {
					numbers[name+" own language, "+l] = rounded(demo.Accuracy(w.judges[name], toyworld.AgainstEnglish(w.tests, l, o.Seed)))
				}
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for _, judge := range []string{enModel, mixModel, byTruth} {
		rows, err := w.pool(ctx, pool(judge))
		if err != nil {
			return nil, err
		}
		for name, v := range bestOf(rows) {
			numbers[judge+" best, "+name] = rounded(v)
		}
	}
	return numbers, nil
}

// bestOf is the true quality of the highest scored answers, and how many are in the wrong language, by language.
func bestOf(rows []pairing.Candidate) map[string]float64 {
	sums, n := map[string]float64{}, map[string]float64{}
	for _, pool := range prompts(rows) {
		best := slices.MaxFunc(pool, func(a, b pairing.Candidate) int {
			if a.Score > b.Score {
				return 1
			} else if a.Score < b.Score {
				return -1
			}
			return 0
		})
		l := best.Language
		j := truth(best.ID, l, best.CompletionIDs)
		sums["quality, "+l] += j.Quality
		sums["right language, "+l] += eval.Share(j.RightLanguage)
		n["quality, "+l]++
		n["right language, "+l]++
	}
	for name := range sums {
		sums[name] /= n[name]
	}
	return sums
}
