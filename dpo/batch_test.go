package dpo

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestBatchSharesPromptsAndKeepsTokensInOrder(t *testing.T) {
	o, err := New([]Term{{"sigmoid", 1}}, Options{Beta: 0.1})
	require.NoError(t, err)
	b := o.NewBatch([]Pair{
		{Prompt: []int32{1, 2, 3}, Chosen: []int32{4, 5}, Rejected: []int32{4, 6, 7}},
		{Prompt: []int32{7, 8}, Chosen: []int32{9}, Rejected: []int32{10, 11}},
	})
	require.Equal(t, []int32{1, 2, 3, 4, 5, 6, 7, 7, 8, 9, 10, 11}, b.Forest.Tokens)
	require.Equal(t, []int32{2, 2, 3, 3, 5, 8, 8, 10}, b.Picks.Rows)
	require.Equal(t, []int32{4, 4, 5, 6, 7, 9, 10, 11}, b.Picks.Tokens)
	require.Equal(t, []int32{0, 1, 0, 1, 1, 2, 3, 3}, b.Owner)
	require.Equal(t, []int{2, 3, 1, 2}, b.Count)
	require.Equal(t, 5+6+3+4, b.Tokens)
	require.Equal(t, 1, b.Pair(7))

	logp := []float32{-1, -1, -2, -3, -4, -5, -6, -7}
	require.Equal(t, []float64{-3, -8, -5, -13}, b.Sums(logp))
	require.Equal(t, []float32{1, 2, 1, 2, 2, 3, 4, 4}, b.Spread([]float64{0.5, 1, 1.5, 2}, 2))
}

func TestFirstTokenOfASequenceIsNeverAPick(t *testing.T) {
	a := NewAnswers([][]int32{{5, 6, 7}}, []int{0})
	require.Equal(t, []int32{6, 7}, a.Picks.Tokens)
}

func TestMetricsAreTRLs(t *testing.T) {
	m := four().metrics(0.1)
	for key, want := range map[string]float64{"rewards/chosen": .0375, "rewards/rejected": -.075, "rewards/margins": .1125,
		"rewards/accuracies": .75, "logps/chosen": -18.125, "logps/rejected": -20.5, "chosen_length": 14.5} {
		require.InDelta(t, want, m[key], 1e-12, key)
	}
	equal := one(-1, -1, -1, -1, 1, 1)
	require.Zero(t, equal.metrics(0.1)["rewards/accuracies"])
}

func TestTokenMetricsCountTokensNotPairs(t *testing.T) {
	o, err := New([]Term{{"sigmoid", 1}}, Options{Beta: 0.1})
	require.NoError(t, err)
	b := o.NewBatch([]Pair{{Prompt: []int32{1}, Chosen: []int32{2, 3, 4}, Rejected: []int32{5}}})
	require.Equal(t, []int32{2, 5, 3, 4}, b.Picks.Tokens)
	_, _, m, err := b.Loss([]float32{-1, -1, -1, -1}, &Stats{Entropy: []float32{1, 2, 3, 4},
		MeanLogit: []float32{3, 5, 3, 6}, Argmax: []float32{2, 5, 9, 4}}, 1)
	require.NoError(t, err)
	require.Equal(t, 2.5, m["entropy"])
	require.Equal(t, 4.0, m["logits/chosen"])
	require.Equal(t, 5.0, m["logits/rejected"])
	require.Equal(t, 2.0/3, m["mean_token_accuracy"])
}

// one is a batch of one pair.
func one(c, r, refC, refR, nc, nr float64) *Inputs {
	return &Inputs{Chosen: []float64{c}, Rejected: []float64{r}, RefChosen: []float64{refC}, RefRejected: []float64{refR},
		ChosenN: []float64{nc}, RejectedN: []float64{nr}}
}
