// Package sweetspot picks answers by where their reward lies among those of many (Xiao et al. 2025, arXiv 2502.16825):
// which distance between the chosen and the rejected answer teaches most?
//
//	ParsePoint max, mu-2s … → a Point
//	Pick       scores and a Point → the answer nearest to it
//	Pairs      all higher–lower pairs of points, 21 of them
//	PairAt     one of them
//	MinOf      the recipe that scales: the best of all against the worst of a few drawn at random
//	Scoring    a file of sampled answers → the same with scores
//
// The authors' code (XYaoooo/DPO_Pair) samples, scores and trains, but holds no selector. The names of their models say
// that least and most are μ ∓ 1000σ of one rule, the nearest to μ + kσ.
package sweetspot

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"croco/pairing/python"
)

// Point is a distance from the mean in standard deviations (of a population: divided by N).
type Point float64

// The seven points.
const (
	Least    Point = -1000
	MinusTwo Point = -2
	MinusOne Point = -1
	Middle   Point = 0
	PlusOne  Point = 1
	PlusTwo  Point = 2
	Most     Point = 1000
)

// Points in ascending order.
var Points = []Point{Least, MinusTwo, MinusOne, Middle, PlusOne, PlusTwo, Most}

// names of the points, in the order of Points.
var names = []string{"min", "mu-2s", "mu-1s", "mu", "mu+1s", "mu+2s", "max"}

func (p Point) String() string { return names[slices.Index(Points, p)] }

// ParsePoint is the point of that name.
func ParsePoint(name string) (Point, error) {
	i := slices.Index(names, name)
	if i < 0 {
		return 0, fmt.Errorf("expected one of %s, found %q", strings.Join(names, ", "), name)
	}
	return Points[i], nil
}

// Pick is the place of the score nearest to mean + k·σ, the first of equally near ones. scores is (N), N ≥ 1. For k of
// ∓1000 it is the lowest, the highest score: no z-score of N values is beyond √(N−1).
func Pick(scores []float64, p Point) int {
	target := python.Mean(scores) + float64(float64(p)*python.Std(scores))
	best := 0
	for i, s := range scores {
		if math.Abs(s-target) < math.Abs(scores[best]-target) {
			best = i
		}
	}
	return best
}

// Pair is a chosen and a rejected place; the points say where they were looked for.
type Pair struct {
	High, Low        Point
	Chosen, Rejected int
}

// PairAt looks up both points. It is no pair where the two answers score alike.
func PairAt(scores []float64, high, low Point) (Pair, bool) {
	p := Pair{high, low, Pick(scores, high), Pick(scores, low)}
	return p, scores[p.Chosen] > scores[p.Rejected]
}

// Pairs are all combinations of a higher and a lower point, without those that are no pair: up to 21.
func Pairs(scores []float64) []Pair {
	var pairs []Pair
	for i, low := range Points {
		for _, high := range Points[i+1:] {
			if p, ok := PairAt(scores, high, low); ok {
				pairs = append(pairs, p)
			}
		}
	}
	return pairs
}

// MinOf pairs the best of all N answers with the worst of n drawn without repetition: unlike the worst of all, it does
// not get worse as N grows. below(m) draws from 0 … m−1. It is no pair where the two score alike.
func MinOf(scores []float64, n int, below func(m int) int) (Pair, bool) {
	order := make([]int, len(scores))
	p := Pair{High: Most, Low: Least}
	for i, s := range scores {
		order[i] = i
		if s > scores[p.Chosen] {
			p.Chosen = i
		}
	}
	for i := range min(n, len(order)) {
		j := i + below(len(order)-i)
		order[i], order[j] = order[j], order[i]
		if i == 0 || scores[order[i]] < scores[p.Rejected] {
			p.Rejected = order[i]
		}
	}
	return p, scores[p.Chosen] > scores[p.Rejected]
}
