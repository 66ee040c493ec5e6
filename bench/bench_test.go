package bench

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"croco/kernels/cpu"
)

func TestEveryStageIsMeasured(t *testing.T) {
	d, err := cpu.New(1)
	require.NoError(t, err)
	dir := filepath.Join("..", "model", "testdata", "models", "llama-tied")
	s := Shape{Samples: 3, Prompt: 5, New: 4, Batch: 2, Length: 9, Answer: 4, Steps: 2, Rank: 2, Repeats: 1, Threads: 1}
	for tokens, measure := range map[int]func() (Result, error){
		3 * 4:     func() (Result, error) { return Generate(dir, d, s) },
		2 * 9:     func() (Result, error) { return Score(dir, d, s) },
		2 * 2 * 9: func() (Result, error) { return DPO(dir, d, s) },
		1:         func() (Result, error) { return Load(dir, d, s) },
	} {
		r, err := measure()
		require.NoError(t, err)
		require.Equal(t, tokens, r.Tokens, r.Work)
		require.Positive(t, r.TokensPerSecond)
	}
	full := s
	full.Prompt = 7
	r, err := Full(dir, d, full)
	require.NoError(t, err)
	require.Equal(t, 2*(7+4), r.Tokens)
	require.Positive(t, r.Seconds)
	require.Positive(t, r.PeakMB)
	_, err = DPO(filepath.Join(dir, "absent"), d, s)
	require.Error(t, err)
}
