package model

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"croco/kernels"
	"croco/kernels/forest"
	"croco/kernels/reference"
)

func TestALanguageModelBecomesAClassifier(t *testing.T) {
	for _, name := range []string{"llama-untied-rope3", "qwen3"} {
		dir := filepath.Join("testdata", "models", name)
		m, err := OpenClassifier(dir, 1, Options{Device: reference.New(), Trainable: All})
		require.NoError(t, err)
		require.Equal(t, 1, m.Spec.Labels)
		f := forest.Build([][]int32{{5, 6, 7}, {5, 6, 8}})
		h := m.Forward(f, false)
		scores := m.Scores(h, f.Ends)
		h.Free()
		require.NotEqual(t, scores[0], scores[1])

		saved := t.TempDir()
		require.NoError(t, m.Save(saved, kernels.F32))
		again, err := OpenClassifier(saved, 2, Options{Device: reference.New()})
		require.NoError(t, err)
		h = again.Forward(f, false)
		require.Equal(t, scores, again.Scores(h, f.Ends))
		h.Free()
		require.NoError(t, again.Close())
		require.NoError(t, m.Close())
	}
}

// The score is read at the rightmost id that is not the padding id, even where an answer itself ends in it.
func TestScoreAt(t *testing.T) {
	m := open(t, "qwen3-seqcls")
	pad := m.Spec.Pad
	require.Equal(t, int32(1157), pad)
	require.Equal(t, 2, m.ScoreAt([]int32{5, pad, 6}))
	require.Equal(t, 0, m.ScoreAt([]int32{5, pad, pad}))
	require.Equal(t, 1, m.ScoreAt([]int32{pad, pad}))
}
