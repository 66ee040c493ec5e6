package embedding

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"croco/kernels/cpu"
	"croco/kernels/forest"
	"croco/model"
)

func open(t *testing.T) *model.Model {
	d, err := cpu.New(1)
	require.NoError(t, err)
	m, err := model.Open(filepath.Join("..", "..", "model", "testdata", "models", "llama-tied"), model.Options{Device: d})
	require.NoError(t, err)
	t.Cleanup(func() { m.Close() })
	return m
}

var texts = [][]int32{{1, 2, 3, 4}, {1, 2, 9}, {7}}

// Vectors are pooled hidden states, and do not depend on what goes through the model beside them.
func TestEmbed(t *testing.T) {
	m := open(t)
	for _, pooling := range []Pooling{Mean, Last} {
		e, err := New(m, pooling, 0)
		require.NoError(t, err)
		got, err := e.Embed(texts, -1, 0, len(m.Spec.Layers))
		require.NoError(t, err)
		require.Equal(t, got[0], got[2], "−1 is the last layer")
		small, err := New(m, pooling, 1)
		require.NoError(t, err)
		again, err := small.Embed(texts, -1, 0, -1)
		require.NoError(t, err)
		require.Equal(t, got, again)

		h := m.Forward(forest.Build(texts[1:2]), false)
		hidden := make([]float32, h.Hidden.Len())
		m.Device().Read(hidden, h.Hidden)
		h.Free()
		C := m.Spec.Width
		for c := range C {
			want := hidden[2*C+c]
			if pooling == Mean {
				want = float32((float64(hidden[c]) + float64(hidden[C+c]) + float64(hidden[2*C+c])) / 3)
			}
			require.Equal(t, want, got[0][1][c])
		}
		require.NotEqual(t, got[0][2], got[1][2])
	}
}

func TestRefuses(t *testing.T) {
	m := open(t)
	_, err := New(m, "max", 0)
	require.EqualError(t, err, `pooling: expected mean or last, found "max"`)
	e, err := New(m, Mean, 0)
	require.NoError(t, err)
	_, err = e.Embed(texts, 99)
	require.ErrorContains(t, err, "layer 99: ")
	_, err = e.Embed(texts, -99)
	require.ErrorContains(t, err, "has the layers 0 (embeddings) to ")
	require.False(t, e.Fits(nil))
	require.True(t, e.Fits(texts[0]))
}
