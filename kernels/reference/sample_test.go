package reference

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"croco/kernels"
)

// chosen is the set of tokens that a draw can give, with the share of the unit interval that gives each.
func chosen(raw []float32, draw kernels.Draw) map[int32]float64 {
	const n = 1000
	share := map[int32]float64{}
	for i := range n {
		draw.Uniform = (float64(i) + 0.5) / n
		share[choose(raw, draw)] += 1.0 / n
	}
	return share
}

// Logits whose probabilities are 0.1, 0.4, 0.2, 0.3.
var tenths = []float32{float32(math.Log(1)), float32(math.Log(4)), float32(math.Log(2)), float32(math.Log(3))}

func TestSampleDistributions(t *testing.T) {
	for _, c := range []struct {
		name string
		draw kernels.Draw
		want map[int32]float64
	}{
		{"as it is", kernels.Draw{Temperature: 1}, map[int32]float64{0: 0.1, 1: 0.4, 2: 0.2, 3: 0.3}},
		{"temperature ½ squares", kernels.Draw{Temperature: 0.5}, map[int32]float64{0: 1.0 / 30, 1: 16.0 / 30, 2: 4.0 / 30, 3: 9.0 / 30}},
		{"top-k", kernels.Draw{Temperature: 1, TopK: 2}, map[int32]float64{1: 4.0 / 7, 3: 3.0 / 7}},
		{"top-p reaches 0.7 with two", kernels.Draw{Temperature: 1, TopP: 0.69}, map[int32]float64{1: 4.0 / 7, 3: 3.0 / 7}},
		{"top-p needs three for 0.71", kernels.Draw{Temperature: 1, TopP: 0.71}, map[int32]float64{1: 4.0 / 9, 2: 2.0 / 9, 3: 3.0 / 9}},
		{"top-p keeps one", kernels.Draw{Temperature: 1, TopP: 0.01}, map[int32]float64{1: 1}},
		{"top-p after top-k: 4/7 of what is left", kernels.Draw{Temperature: 1, TopK: 2, TopP: 0.55}, map[int32]float64{1: 1}},
		{"min-p ½", kernels.Draw{Temperature: 1, MinP: 0.49}, map[int32]float64{1: 4.0 / 9, 2: 2.0 / 9, 3: 3.0 / 9}},
		{"min-p above ½", kernels.Draw{Temperature: 1, MinP: 0.51}, map[int32]float64{1: 4.0 / 7, 3: 3.0 / 7}},
		{"forbidden", kernels.Draw{Temperature: 1, Forbidden: []int32{1, 2}}, map[int32]float64{0: 0.25, 3: 0.75}},
		{"penalty on z > 0, once per token", kernels.Draw{Temperature: 1, RepetitionPenalty: 2, History: []int32{1, 1, 1}},
			map[int32]float64{0: 1.0 / 8, 1: 2.0 / 8, 2: 2.0 / 8, 3: 3.0 / 8}},
		{"greedy", kernels.Draw{}, map[int32]float64{1: 1}},
		{"greedy with a penalty", kernels.Draw{RepetitionPenalty: 3, History: []int32{1}}, map[int32]float64{3: 1}},
		{"forced", kernels.Draw{Forced: 2, Forbidden: []int32{2}}, map[int32]float64{2: 1}},
	} {
		if c.name != "forced" {
			c.draw.Forced = -1
		}
		got := chosen(tenths, c.draw)
		require.Len(t, got, len(c.want), "%s: %v", c.name, got)
		for token, share := range c.want {
			require.InDelta(t, share, got[token], 2e-3, "%s: token %d", c.name, token)
		}
	}
}

// The unit interval is dealt out in order of id, not of likelihood.
func TestSampleWalksByID(t *testing.T) {
	for u, want := range map[float64]int32{0: 0, 0.09: 0, 0.11: 1, 0.49: 1, 0.51: 2, 0.69: 2, 0.71: 3, 1 - 0x1p-53: 3} {
		require.Equal(t, want, choose(tenths, kernels.Draw{Temperature: 1, Uniform: u, Forced: -1}), "%v", u)
	}
}

// Negative logits of the history are multiplied by the penalty: ln ¼ becomes ln 1/16.
func TestPenaltyOnNegativeLogits(t *testing.T) {
	raw := []float32{float32(math.Log(0.25)), 0}
	got := chosen(raw, kernels.Draw{Temperature: 1, RepetitionPenalty: 2, History: []int32{0, 1}, Forced: -1})
	require.InDelta(t, 1.0/17, got[0], 2e-3)
}

func TestSampleTakesTheLowestIdAmongEquals(t *testing.T) {
	equal := []float32{0, 1, 1, 1}
	require.Equal(t, int32(1), choose(equal, kernels.Draw{Forced: -1}))
	require.Len(t, chosen(equal, kernels.Draw{Temperature: 1, TopK: 2, Forced: -1}), 2)
	require.Equal(t, int32(2), choose(equal, kernels.Draw{Temperature: 1, TopK: 2, Uniform: 0.99, Forced: -1}))
	require.PanicsWithValue(t, "kernels: sample: all 1 tokens are forbidden", func() {
		choose([]float32{3}, kernels.Draw{Forbidden: []int32{0}, Forced: -1})
	})
}

// The log-probability belongs to the raw logits, whatever the draw did to them.
func TestSampleRecordsRawLogProbs(t *testing.T) {
	tokens, logp := make([]int32, 2), make([]float32, 2)
	logits := tensor(append(append([]float32{}, tenths...), tenths...), 2, 4)
	dev.Sample(tokens, logp, logits, []kernels.Draw{
		{Temperature: 0.1, TopK: 1, Forced: -1, Forbidden: []int32{1}},
		{Temperature: 5, Forced: 0, RepetitionPenalty: 9, History: []int32{0}},
	})
	require.Equal(t, []int32{3, 0}, tokens)
	nearly(t, []float64{math.Log(0.3), math.Log(0.1)}, logp)
}
