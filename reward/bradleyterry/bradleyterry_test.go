package bradleyterry

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

func batch(k float64) *Batch {
	return Objective{Centering: k}.NewBatch([]Pair{
		{Chosen: []int32{1, 2, 3}, Rejected: []int32{1, 2, 4, 5}, Margin: 0.5},
		{Chosen: []int32{1, 6}, Rejected: []int32{1}},
	})
}

func TestBatchReadsTheEndOfEachSequence(t *testing.T) {
	b := batch(0)
	require.Equal(t, []int32{1, 2, 3, 4, 5, 6}, b.Forest.Tokens)
	require.Equal(t, []int32{2, 4, 5, 0}, b.Rows)
	require.Equal(t, 10, b.Tokens)

	first := Objective{ReadAt: func([]int32) int { return 0 }}.NewBatch([]Pair{{Chosen: []int32{1, 2}, Rejected: []int32{3, 4}}})
	require.Equal(t, []int32{0, 2}, first.Rows)
}

func TestLossByHand(t *testing.T) {
	loss, _, m := batch(0.1).Loss([]float32{2, 1, -1, 3}, 1)
	first := -math.Log(1/(1+math.Exp(-0.5))) + 0.1*9
	second := -math.Log(1/(1+math.Exp(4))) + 0.1*4
	require.InDelta(t, (first+second)/2, loss, 1e-12)
	require.Equal(t, map[string]float64{"min_reward": -1, "max_reward": 3, "mean_reward": 1.25, "accuracy": 0.5, "margin": -1.5}, m)
}

func TestGradientAgreesWithFiniteDifferences(t *testing.T) {
	const h = 1.0 / 1024
	scores := []float32{0.75, -0.25, -1, 0.5}
	b := batch(0.01)
	_, got, _ := b.Loss(scores, 3)
	for i := range scores {
		up, down := append([]float32(nil), scores...), append([]float32(nil), scores...)
		up[i] += h
		down[i] -= h
		plus, _, _ := b.Loss(up, 1)
		minus, _, _ := b.Loss(down, 1)
		require.InDelta(t, 3*(plus-minus)/(2*h), got[i], 1e-6)
	}
}

func TestEqualScoresAreNotRight(t *testing.T) {
	loss, _, m := Objective{}.NewBatch([]Pair{{Chosen: []int32{1}, Rejected: []int32{2}}}).Loss([]float32{1, 1}, 1)
	require.Equal(t, math.Ln2, loss)
	require.Zero(t, m["accuracy"])
}

func TestExtremesStayFinite(t *testing.T) {
	for _, z := range []float32{-1e6, 1e6} {
		loss, d, _ := Objective{}.NewBatch([]Pair{{Chosen: []int32{1}, Rejected: []int32{2}}}).Loss([]float32{z, 0}, 1)
		require.False(t, math.IsNaN(loss) || math.IsInf(loss, 0))
		require.False(t, math.IsNaN(float64(d[0])))
	}
}
