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

// Losses and slopes of doubtful pairs, by Python's decimal module with 40 digits:
// −t·ln σ(z) − (1 − t)·ln σ(−z), and σ(z) − t.
func TestDoubtfulPairs(t *testing.T) {
	for _, g := range []struct{ z, target, loss, slope float64 }{
		{1.5, 0.5, 0.95141327798275240949, 0.31757447619364365961},
		{1.5, 0.75, 0.57641327798275240949, 0.06757447619364365961},
		{-2.25, 1, 2.3502065589167472117, -0.90465053510089050604},
		{-2.25, 0, 0.1002065589167472117, 0.09534946489910949396},
		{0.5, 0.9, 0.52407698418010668087, -0.27754066876981544536},
	} {
		b := Objective{}.NewBatch([]Pair{{Chosen: []int32{1}, Rejected: []int32{2}, Doubt: 1 - g.target}})
		loss, d, _ := b.Loss([]float32{float32(g.z) + 0.25, 0.25}, 1)
		require.InDelta(t, g.loss, loss, 1e-12)
		require.InDelta(t, g.slope, d[0], 1e-7)
		require.Equal(t, -d[0], d[1])
	}
	var pairs []Pair
	for _, doubt := range []float64{0, 0.5, 0.5, 0.75} {
		pairs = append(pairs, Pair{Chosen: []int32{1}, Rejected: []int32{2}, Doubt: doubt})
	}
	_, _, m := Objective{}.NewBatch(pairs).Loss([]float32{1, 0, 1, 0, 0, 1, 0, 1}, 1)
	require.Equal(t, 0.75, m["accuracy"], "two right, two ties")
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
