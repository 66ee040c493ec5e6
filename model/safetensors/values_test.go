package safetensors

import (
	"encoding/binary"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"croco/kernels"
)

// Every 16-bit value survives the way to float32 and back.
func TestShortValuesRoundTrip(t *testing.T) {
	for _, d := range []kernels.DType{kernels.BF16, kernels.F16} {
		raw := make([]byte, 0, 1<<17)
		for i := range 1 << 16 {
			raw = binary.LittleEndian.AppendUint16(raw, uint16(i))
		}
		wide := make([]float32, 1<<16)
		Decode(wide, raw, d)
		for i, back := 0, Encode(wide, d); i < 1<<16; i++ {
			if v := wide[i]; v != v {
				continue // NaNs stay NaNs, but not which
			}
			require.Equal(t, raw[2*i:2*i+2], back[2*i:2*i+2], "%v %04x", d, i)
		}
	}
}

// Rounding is to nearest, ties to even: checked halfway between neighbours and just beside.
func TestEncodeRounds(t *testing.T) {
	for _, d := range []kernels.DType{kernels.BF16, kernels.F16} {
		for i := range 0x7bff { // positive finite values of both types
			var pair [2]float32
			Decode(pair[:], []byte{byte(i), byte(i >> 8), byte(i + 1), byte((i + 1) >> 8)}, d)
			half := float32((float64(pair[0]) + float64(pair[1])) / 2)
			even := uint16(i + i&1)
			for v, want := range map[float32]uint16{
				math.Nextafter32(half, 0): uint16(i), half: even, math.Nextafter32(half, 1e38): uint16(i + 1)} {
				require.Equal(t, want, binary.LittleEndian.Uint16(Encode([]float32{v}, d)), "%v %g", d, v)
				neg := binary.LittleEndian.Uint16(Encode([]float32{-v}, d))
				require.Equal(t, want|0x8000, neg)
			}
		}
	}
	require.Equal(t, []byte{0x00, 0x7c}, Encode([]float32{65520}, kernels.F16), "overflow is infinity")
	require.Equal(t, []byte{0xff, 0x7b}, Encode([]float32{65519}, kernels.F16))
}

// Finite finds a NaN or infinity at any place, and only those.
func TestFinite(t *testing.T) {
	inf := float32(math.Inf(-1))
	for _, d := range []kernels.DType{kernels.F32, kernels.BF16, kernels.F16} {
		for n := range 11 {
			values := make([]float32, n)
			for i := range values {
				values[i] = []float32{-60000, 1e-3, 0, 65504}[i%4] // BF16 rounds the last up
			}
			x := Tensor{DType: Name(d), Shape: []int{n}, Data: Encode(values, d)}
			ok, _ := x.Finite()
			require.True(t, ok)
			for i, bad := range []float32{inf, float32(math.NaN()), -inf} {
				if at := n - 1 - 3*i; at >= 0 {
					values[at] = bad
					x.Data = Encode(values, d)
					ok, first := x.Finite()
					require.False(t, ok)
					require.Equal(t, at, first, "%v of %d", d, n)
				}
			}
		}
	}
}
