package cmalign

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAnchorAgreesWithTheOthers(t *testing.T) {
	// three answers around one direction, one away from it; the middle one of the three agrees most
	answers := [][]float32{{0, 1}, {1, -0.2}, {1, 0}, {1, 0.3}}
	require.Equal(t, 3, Anchor(answers), "the outlier pulls the anchor to its side")
	require.Equal(t, 1, Anchor(answers[1:]))
	require.Equal(t, 0, Anchor(answers[:1]))
	require.Equal(t, 0, Anchor([][]float32{{1, 0}, {2, 0}}), "the first among equals")
	require.Panics(t, func() { Anchor(nil) })
}

func TestChooseByLikeness(t *testing.T) {
	chosen, rejected, ok := Choose([][]float32{{1, 1}, {-1, 0}, {5, 0.1}, {0, 1}}, []float32{1, 0})
	require.True(t, ok)
	require.Equal(t, []int{2, 1}, []int{chosen, rejected})
	_, _, ok = Choose([][]float32{{1, 0}, {2, 0}}, []float32{1, 0})
	require.False(t, ok)
	_, _, ok = Choose(nil, []float32{1, 0})
	require.False(t, ok)
}

// Likeness knows no length, the anchor is chosen in its own language, and the pair does not depend on the order.
func TestProperties(t *testing.T) {
	random := rand.New(rand.NewPCG(4, 2))
	for range 100 {
		n := 3 + random.IntN(8) // two agree equally with each other
		answers := make([][]float32, n)
		for i := range answers {
			answers[i] = make([]float32, 16)
			for c := range answers[i] {
				answers[i][c] = float32(random.NormFloat64())
			}
		}
		anchor := Anchor(answers)
		chosen, rejected, ok := Choose(answers, answers[anchor])
		require.True(t, ok)
		require.Equal(t, anchor, chosen)
		scaled := append([][]float32{}, answers...)
		scaled[rejected] = make([]float32, 16)
		for c, v := range answers[rejected] {
			scaled[rejected][c] = 8 * v
		}
		again, worst, _ := Choose(scaled, answers[anchor])
		require.Equal(t, []int{chosen, rejected}, []int{again, worst})
		order := random.Perm(n)
		shuffled := make([][]float32, n)
		for to, from := range order {
			shuffled[to] = answers[from]
		}
		require.Equal(t, anchor, order[Anchor(shuffled)])
	}
}

func TestCosineAndPool(t *testing.T) {
	require.InDelta(t, math.Sqrt(0.5), Cosine([]float32{1, 0}, []float32{1, 1}), 1e-15)
	require.Zero(t, Cosine([]float32{0, 0}, []float32{1, 1}))
	require.Panics(t, func() { Cosine([]float32{1}, nil) })
	require.Equal(t, []float32{2, 3}, Pool([]float32{1, 2, 3, 4}, 2))
	require.Panics(t, func() { Pool([]float32{1, 2, 3}, 2) })
}
