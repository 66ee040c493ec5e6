package icr

import (
	"fmt"
	"math"
)

// The α that are tried: 0, 0.001, …, 0.999.
const (
	gridPoints = 1000
	gridStep   = 0.001
)

// Table holds K answers each of N rows. Rows may differ in K; lengths are in characters.
type Table struct {
	Rewards [][]float64 // (N)(K)
	Lengths [][]int     // (N)(K)
}

// check panics on tables that do not fit together.
func (t Table) check() {
	if len(t.Rewards) != len(t.Lengths) {
		panic(fmt.Sprintf("icr: rewards of %d rows, lengths of %d", len(t.Rewards), len(t.Lengths)))
	}
}

// Pick is the place of the best and of the worst answer of each row under A = reward − α·length; the first among equals.
// With one answer both are it.
func (t Table) Pick(alpha float64) (best, worst []int) {
	t.check()
	best, worst = make([]int, len(t.Rewards)), make([]int, len(t.Rewards))
	for i, rewards := range t.Rewards {
		best[i], worst[i] = extremes(adjusted(rewards, t.Lengths[i], alpha))
	}
	return best, worst
}

// adjusted is reward − α·length. Where one list is longer, its rest does not count.
func adjusted(rewards []float64, lengths []int, alpha float64) []float64 {
	a := make([]float64, min(len(rewards), len(lengths)))
	for k := range a {
		a[k] = rewards[k] - float64(alpha*float64(lengths[k]))
	}
	return a
}

func extremes(a []float64) (best, worst int) {
	for k, v := range a {
		if v > a[best] {
			best = k
		}
		if v < a[worst] {
			worst = k
		}
	}
	return best, worst
}

// Bias is d(α) = mean over rows of length(best) − length(worst): by how many characters the chosen answers are longer.
func (t Table) Bias(alpha float64) float64 {
	best, worst := t.Pick(alpha)
	sum := 0
	for i := range best {
		sum += t.Lengths[i][best[i]] - t.Lengths[i][worst[i]]
	}
	return float64(sum) / float64(len(best))
}

// Point is d(α) at one α of the grid.
type Point struct{ Alpha, Bias float64 }

// Grid is d(α) at every α that the authors try.
func (t Table) Grid() []Point { return t.GridOf(gridStep) }

// GridOf is d(α) at α = 0, step, …, 999·step.
func (t Table) GridOf(step float64) []Point {
	points := make([]Point, gridPoints)
	for i := range points {
		alpha := float64(i) * step
		points[i] = Point{alpha, t.Bias(alpha)}
	}
	return points
}

// Alpha is the first α of the grid with the least |d(α)|, and that d. A reward that pays more than 0.999 for a character
// is beyond the grid: then Alpha may be 0, no control at all, and the bias that it returns says so.
func (t Table) Alpha() Point { return least(t.Grid()) }

func least(grid []Point) Point {
	least := grid[0]
	for _, p := range grid {
		if math.Abs(p.Bias) < math.Abs(least.Bias) {
			least = p
		}
	}
	return least
}
