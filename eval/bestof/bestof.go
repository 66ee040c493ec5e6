// Package bestof says what picking the best of n answers gives (best-of-n, reranking): one reward model picks, another
// measure says how good the pick is. With a reward model of another language it is the question of Wu et al., Reuse Your
// Rewards (EMNLP 2024, arXiv 2404.12318).
//
//	Curve     pools of answers → expected quality of the pick, for each n
//	Expected  one pool → the same
//	Table     curves for people
//
// N answers are sampled; for n < N the expectation over all subsets of n is exact, so no answer is wasted.
package bestof

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"croco/eval"
	"croco/eval/grid"
)

// Answer is one of a pool: what the picking model gives it, and how good it is.
type Answer struct{ Reward, Quality float64 }

// Pool are the answers to one prompt.
type Pool struct {
	Language string
	Line     string // translations of one prompt share it
	Answers  []Answer
}

// weights are the chances (N) that the answer with rank k, 0 the worst, is the best of n drawn without repetition:
// C(k, n−1) / C(N, n).
func weights(N, n int) []float64 {
	w := make([]float64, N)
	for k := n - 1; k < N; k++ {
		// the product over the n−1 others of the chance that each lies below rank k
		p := float64(n) / float64(N)
		for j := range n - 1 {
			p *= float64(k-j) / float64(N-1-j)
		}
		w[k] = p
	}
	return w
}

// Expected is the mean quality of the best of n of a pool's answers by reward, and the chance that it beats one answer
// drawn from the pool, a tie counting half. Answers of equal reward are picked equally often. n is from 1 to N.
func Expected(answers []Answer, n int) (quality, wins float64) {
	N := len(answers)
	if n < 1 || n > N {
		panic(fmt.Sprintf("bestof: best of %d of %d answers", n, N))
	}
	sorted := slices.Clone(answers)
	slices.SortStableFunc(sorted, func(a, b Answer) int { return cmp.Compare(a.Reward, b.Reward) })
	w := weights(N, n)
	for from := 0; from < N; { // equals share their chances
		to, sum := from, 0.0
		for ; to < N && sorted[to].Reward == sorted[from].Reward; to++ {
			sum += w[to]
		}
		for i := from; i < to; i++ {
			w[i] = sum / float64(to-from)
		}
		from = to
	}
	for i, a := range sorted {
		quality += w[i] * a.Quality
		beaten := 0.0
		for _, b := range sorted {
			switch {
			case a.Quality > b.Quality:
				beaten++
			case a.Quality == b.Quality:
				beaten += 0.5
			}
		}
		wins += w[i] * beaten / float64(N)
	}
	return quality, wins
}

// Point of a curve: means over the pools of one language, or of all.
type Point struct {
	Language string   `json:"language"`
	N        int      `json:"n"`
	Pools    int      `json:"pools"` // those with n answers or more
	Quality  float64  `json:"quality"`
	Gain     float64  `json:"gain"` // over one answer
	Low      *float64 `json:"low"`  // 95 % interval of the gain; null for fewer than two pools
	High     *float64 `json:"high"`
	Wins     float64  `json:"wins"` // over one answer; ½ by chance
	KL       float64  `json:"kl"`   // log n − (n−1)/n, a bound on how far the picks' distribution is from the model's
}

// Curve has a point for each language and n, then those over all languages, named "all". Pools with fewer than n answers
// take no part in a point; languages without any have none.
func Curve(pools []Pool, ns []int) (points []Point) {
	var languages []string
	for _, p := range pools {
		if !slices.Contains(languages, p.Language) {
			languages = append(languages, p.Language)
		}
	}
	for _, l := range append(languages, "all") {
		for _, n := range ns {
			p := Point{Language: l, N: n, KL: math.Log(float64(n)) - float64(n-1)/float64(n)}
			var gains []float64
			var lines []string
			for _, pool := range pools {
				if l != "all" && pool.Language != l || len(pool.Answers) < n {
					continue
				}
				quality, wins := Expected(pool.Answers, n)
				one, _ := Expected(pool.Answers, 1)
				p.Pools++
				p.Quality += quality
				p.Wins += wins
				gains, lines = append(gains, quality-one), append(lines, pool.Line)
			}
			if p.Pools == 0 {
				continue
			}
			p.Quality /= float64(p.Pools)
			p.Wins /= float64(p.Pools)
			p.Gain = eval.Mean(gains)
			if in := eval.Clustered(gains, lines, 0.95); !math.IsNaN(in.Low) {
				p.Low, p.High = &in.Low, &in.High
			}
			points = append(points, p)
		}
	}
	return points
}

// Table has a row per point.
func Table(points []Point) *grid.Grid {
	g := grid.New("language", "n", "prompts", "quality", "gain over one answer", "wins %", "KL ≤")
	last := ""
	for _, p := range points {
		if last != "" && last != p.Language {
			g.Rule()
		}
		last = p.Language
		gain := fmt.Sprintf("%+.3f", p.Gain)
		if p.Low != nil {
			gain += fmt.Sprintf(" ±%.3f", (*p.High-*p.Low)/2)
		}
		g.Add(p.Language, fmt.Sprint(p.N), fmt.Sprint(p.Pools), fmt.Sprintf("%.3f", p.Quality), gain, fmt.Sprintf("%.1f", 100*p.Wins), fmt.Sprintf("%.2f", p.KL))
	}
	return g
}
