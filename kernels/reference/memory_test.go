package reference

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"croco/kernels"
)

func TestWeightsAreWidenedExactly(t *testing.T) {
	for _, c := range []struct {
		dtype kernels.DType
		raw   []byte
		want  float32
	}{
		{kernels.F32, []byte{0, 0, 0x20, 0xc0}, -2.5},
		{kernels.BF16, []byte{0x20, 0xc0}, -2.5},
		{kernels.BF16, []byte{0x80, 0x7f}, float32(math.Inf(1))},
		{kernels.BF16, []byte{0x01, 0x00}, 0x1p-133},
		{kernels.F16, []byte{0x00, 0xc1}, -2.5},
		{kernels.F16, []byte{0xff, 0x7b}, 65504},
		{kernels.F16, []byte{0x00, 0x04}, 0x1p-14},
		{kernels.F16, []byte{0xff, 0x83}, -1023 * 0x1p-24},
		{kernels.F16, []byte{0x00, 0xfc}, float32(math.Inf(-1))},
	} {
		w := dev.NewWeight("w", 1, 1, c.dtype, c.raw, false)
		require.Equal(t, c.want, values(w).Host[0], "%v %x", c.dtype, c.raw)
		require.Nil(t, w.Master)
	}
	nan := dev.NewWeight("w", 1, 2, kernels.F16, []byte{0x01, 0x7c, 0x00, 0x80}, false)
	require.True(t, math.IsNaN(float64(values(nan).Host[0])))
	require.Equal(t, uint32(1<<31), math.Float32bits(values(nan).Host[1]), "minus zero")
	require.PanicsWithValue(t, "kernels: weight v: 3 bytes, expected 1 × 2 values of bfloat16", func() { dev.NewWeight("v", 1, 2, kernels.BF16, make([]byte, 3), false) })
}

func TestMemory(t *testing.T) {
	x := dev.New(2, 2)
	require.True(t, math.IsNaN(float64(x.Host[3])), "new memory is undefined, and shows it")
	dev.Write(x, []float32{1, 2, 3, 4})
	dev.Copy(x.Rows(0, 1), x.Rows(1, 2))
	near(t, []float64{3, 4, 3, 4}, x)
	dev.Zero(x.Rows(1, 2))
	near(t, []float64{3, 4, 0, 0}, x)
	require.Panics(t, func() { dev.Write(x, []float32{1}) })
	dev.Free(x, nil)
	require.Panics(t, func() { dev.Read(make([]float32, 4), x) }, "freed memory is gone")
	require.NoError(t, dev.Sync())
}
