package study

import (
	"context"
	"fmt"
	"math"

	"croco/eval"
	"croco/pairing"
)

// targets looks at the pairs that each target gives under other pool sizes and noises, without tuning: how good the two
// answers truly are, how often they stand the wrong way round, how often the target picks the same answer as the
// minimum; and how skewed the scores of a prompt are.
func targets(ctx context.Context, w *world) (map[string]float64, error) {
	numbers := map[string]float64{}
	for _, n := range []int{8, 32, 128} {
		for _, noise := range []string{"", gauss, slips} {
			rows, err := w.pool(ctx, mix.size(n).with(noise))
			if err != nil {
				return nil, err
			}
			for name, v := range lookAt(prompts(rows)) {
				numbers[fmt.Sprintf("N=%d%s, %s", n, comma(noise), name)] = rounded(v)
			}
		}
	}
	return numbers, nil
}

func comma(noise string) string {
	if noise == "" {
		return ""
	}
	return ", " + noise
}

// lookAt takes the pair of each pool (N) by each target.
func lookAt(pools [][]pairing.Candidate) map[string]float64 {
	of, n := map[string]float64{}, float64(len(pools))
	for _, pool := range pools {
		scores := make([]float64, len(pool))
		for i, r := range pool {
			scores[i] = r.Score
		}
		quality := func(i int) float64 { return truth(pool[i].ID, pool[i].Language, pool[i].CompletionIDs).Quality }
		chosen := pairing.Chosen(scores)
		lowest := pairing.Rejected(scores, chosen, pairing.Min, nil)
		if lowest < 0 {
			n--
			continue
		}
		of["chosen"] += quality(chosen)
		of["skew"] += skew(scores)
		of["z of min"] += (scores[lowest] - eval.Mean(scores)) / math.Sqrt(variance(scores))
		for _, t := range []pairing.Target{pairing.MeanMinus2Sigma, pairing.Q1, pairing.Min} {
			r := pairing.Rejected(scores, chosen, t, nil)
			of[string(t)+" rejected"] += quality(r)
			of[string(t)+" inverted"] += eval.Share(quality(r) > quality(chosen))
			if t == pairing.MeanMinus2Sigma {
				of["same as min"] += eval.Share(r == lowest)
			}
		}
	}
	for name := range of {
		of[name] /= n
	}
	return of
}

func variance(x []float64) float64 {
	mean, sum := eval.Mean(x), 0.0
	for _, v := range x {
		sum += (v - mean) * (v - mean)
	}
	return sum / float64(len(x))
}

// skew is the third standardised moment.
func skew(x []float64) float64 {
	mean, sum := eval.Mean(x), 0.0
	for _, v := range x {
		sum += (v - mean) * (v - mean) * (v - mean)
	}
	return sum / float64(len(x)) / math.Pow(variance(x), 1.5)
}
