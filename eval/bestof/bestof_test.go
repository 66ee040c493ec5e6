package bestof

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// The expectation over subsets is what counting all of them gives.
func TestExpectedCountsAllSubsets(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 50 {
		answers := make([]Answer, 7)
		for i := range answers {
			answers[i] = Answer{float64(random.IntN(5)), float64(random.IntN(3))} // with ties
		}
		for n := 1; n <= len(answers); n++ {
			quality, wins, subsets := 0.0, 0.0, 0.0
			for set := range 1 << len(answers) {
				var best []Answer
				size := 0
				for i, a := range answers {
					if set>>i&1 == 0 {
						continue
					}
					size++
					if len(best) == 0 || a.Reward > best[0].Reward {
						best = []Answer{a}
					} else if a.Reward == best[0].Reward {
						best = append(best, a)
					}
				}
				if size != n {
					continue
				}
				subsets++
				for _, a := range best {
					quality += a.Quality / float64(len(best))
					for _, b := range answers {
						if a.Quality > b.Quality {
							wins += 1 / float64(len(best)*len(answers))
						} else if a.Quality == b.Quality {
							wins += 0.5 / float64(len(best)*len(answers))
						}
					}
				}
			}
			q, w := Expected(answers, n)
			require.InDelta(t, quality/subsets, q, 1e-12)
			require.InDelta(t, wins/subsets, w, 1e-12)
		}
	}
	require.Panics(t, func() { Expected(make([]Answer, 2), 3) })
}

func TestCurve(t *testing.T) {
	pools := []Pool{
		{"en", "0", []Answer{{1, 1}, {2, 0}, {3, 1}, {4, 1}}},
		{"en", "1", []Answer{{1, 0}, {2, 0}, {3, 0}, {4, 1}}},
		{"da", "0", []Answer{{1, 0}, {2, 1}}},
	}
	points := Curve(pools, []int{1, 2, 4})
	require.Len(t, points, 3+2+3)
	en := points[:3]
	require.Equal(t, 0.5, en[0].Quality)
	require.Zero(t, en[0].Gain)
	require.Equal(t, 0.5, en[0].Wins)
	require.Equal(t, 1.0, en[2].Quality)
	require.InDelta(t, 0.5, en[2].Gain, 1e-15)
	require.InDelta(t, 0.6362943611198906, en[2].KL, 1e-15, "ln 4 − 3/4")
	require.Equal(t, 2, points[len(points)-1].Pools, "a pool of two has no best of four")
	require.Nil(t, points[3].Low)
	require.Contains(t, Table(points).Text(), "+0.500 ±3.177")
}
