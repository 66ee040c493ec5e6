package sweetspot

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"croco/model/chat"
	"croco/pairing/python"
)

func TestPointsAreInOrder(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		scores := make([]float64, 2+random.IntN(300))
		for i := range scores {
			scores[i] = random.NormFloat64()
		}
		require.Equal(t, slices.Min(scores), scores[Pick(scores, Least)])
		require.Equal(t, slices.Max(scores), scores[Pick(scores, Most)])
		for i, p := range Points[1:] {
			require.GreaterOrEqual(t, scores[Pick(scores, p)], scores[Pick(scores, Points[i])])
		}
		for _, p := range Pairs(scores) {
			require.Greater(t, scores[p.Chosen], scores[p.Rejected])
			require.Greater(t, p.High, p.Low)
		}
	}
}

func TestTwentyOnePairs(t *testing.T) {
	var scores []float64
	for i := range 201 {
		scores = append(scores, float64(i-100)*float64(i-100)*float64(i-100))
	}
	require.Len(t, Pairs(scores), 21)
	require.Empty(t, Pairs([]float64{1, 1, 1}), "equals are no pair")
}

func TestMinOfFew(t *testing.T) {
	scores := []float64{3, 9, 1, 7, 5}
	first := func(int) int { return 0 }
	p, ok := MinOf(scores, 2, first)
	require.True(t, ok)
	require.Equal(t, Pair{Most, Least, 1, 0}, p)
	p, _ = MinOf(scores, 5, first)
	require.Equal(t, 2, p.Rejected)
	last := func(m int) int { return m - 1 }
	p, _ = MinOf(scores, 1, last)
	require.Equal(t, 4, p.Rejected)
	_, ok = MinOf([]float64{2}, 5, first)
	require.False(t, ok)
}

func TestExactlyTheSliceIsScored(t *testing.T) {
	rows := []*python.Object{python.Dict("instruction", "p", "output", []any{"a", "b", "c", "d"})}
	prompts := map[string][]any{"p": {python.Dict("role", "user", "content", "x")}}
	var asked []int
	rewards := func(batch [][]chat.Message) ([]float64, error) {
		asked = append(asked, len(batch))
		return make([]float64, len(batch)), nil
	}
	got, err := Scoring{Begin: 0, End: 3, Size: 2}.Score(rows, prompts, rewards)
	require.NoError(t, err)
	require.Equal(t, []int{2, 1}, asked)
	require.Equal(t, `{"scores": [0.0, 0.0, 0.0], "output": ["a", "b", "c"], "instruction": "p"}`, python.Dumps(got[0]))
	got, err = Scoring{Begin: 0, End: 3, Size: 2, Authors: true}.Score(rows, prompts, rewards)
	require.NoError(t, err)
	require.Equal(t, `{"scores": [0.0, 0.0, 0.0, 0.0], "output": ["a", "b", "c"], "instruction": "p"}`, python.Dumps(got[0]))
	got, err = Scoring{Begin: 5, End: 9, Size: 2}.Score(rows, prompts, rewards)
	require.NoError(t, err)
	require.Equal(t, `{"scores": [], "output": [], "instruction": "p"}`, python.Dumps(got[0]))
	_, err = Scoring{Begin: 2, End: 1, Size: 2}.Score(rows, prompts, rewards)
	require.ErrorContains(t, err, "begin ≤ end")
	_, err = Scoring{Begin: 0, End: 1, Size: 1}.Score(rows, nil, rewards)
	require.ErrorContains(t, err, `row 1: instruction "p" is the prompt of no example`)
	short := func([][]chat.Message) ([]float64, error) { return nil, nil }
	_, err = Scoring{Begin: 0, End: 1, Size: 1}.Score(rows, prompts, short)
	require.ErrorContains(t, err, "expected rewards of 1 answers, found 0")
}
