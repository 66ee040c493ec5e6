package model

import (
	"testing"

	"github.com/stretchr/testify/require"

	"croco/kernels"
	"croco/kernels/forest"
)

// The first layer is the embedding, the last what Forward gives; one between is what a model of so many blocks has before
// its last normalisation.
func TestLayers(t *testing.T) {
	for _, name := range []string{"llama-tied", "gemma3"} {
		m := onCPU(t, name, Options{})
		f := forest.Build(m.texts(3, 9, 12))
		layers := map[int][]float32{}
		m.Layers(f, func(layer int, x *kernels.Tensor) {
			require.Equal(t, []int{f.Rows(), m.Spec.Width}, x.Shape)
			layers[layer] = m.read(x)
		})
		require.Len(t, layers, len(m.blocks)+1)
		hidden := func() []float32 {
			h := m.Forward(f, false)
			defer h.Free()
			return m.read(h.Hidden)
		}
		require.Equal(t, hidden(), layers[len(m.blocks)])

		x, y := m.device.New(f.Rows(), m.Spec.Width), m.device.New(f.Rows(), m.Spec.Width)
		defer m.device.Free(x, y)
		m.device.Embed(x, m.embed.w, f.Tokens, m.Spec.EmbedScale)
		require.Equal(t, m.read(x), layers[0])

		whole := m.blocks
		m.blocks = whole[:1]
		m.device.Write(x, layers[1])
		m.device.Normalize(y, x, m.norm.v, m.norm.Norm)
		require.Equal(t, hidden(), m.read(y), name)
		m.blocks = whole
	}
}
