//go:build gpu

package cuda

import (
	"encoding/binary"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"croco/kernels"
	"croco/kernels/reference"
)

// Every float16 and every bfloat16 is widened as the reference does, subnormal numbers, infinities and NaN too.
func TestWeightsWidenEveryHalf(t *testing.T) {
	d, ref := open(t, Options{Guarded: true}), reference.New()
	raw := make([]byte, 2<<16)
	for i := range 1 << 16 {
		binary.LittleEndian.PutUint16(raw[2*i:], uint16(i))
	}
	for _, dtype := range []kernels.DType{kernels.F16, kernels.BF16} {
		for _, trainable := range []bool{false, true} {
			w, r := d.NewWeight("w", 256, 256, dtype, raw, trainable), ref.NewWeight("w", 256, 256, dtype, raw, true)
			y, ids, got := d.New(256, 256), make([]int32, 256), make([]float32, 1<<16)
			for i := range ids {
				ids[i] = int32(i)
			}
			d.Embed(y, w, ids, 1)
			d.Read(got, y)
			require.NoError(t, d.Sync())
			for i, want := range r.Master.Host {
				if want == want || got[i] == got[i] { // any NaN is as good as another
					require.Equal(t, math.Float32bits(want), math.Float32bits(got[i]), "%v %#04x", dtype, i)
				}
			}
			d.FreeWeight(w)
			d.Free(y)
		}
	}
}

// Rounding to bfloat16 is to the nearest, ties to even, and rows are padded with zeros.
func TestWeightsNarrow(t *testing.T) {
	d := open(t, Options{Guarded: true, Arithmetic: kernels.BF16})
	values := []float32{1, 1 + 0x1p-8, 1 + 3*0x1p-8, -1 - 0x1p-8 - 0x1p-20, math.MaxFloat32, 0x1p-140}
	raw := make([]byte, 4*len(values))
	for i, v := range values {
		binary.LittleEndian.PutUint32(raw[4*i:], math.Float32bits(v))
	}
	w := d.NewWeight("w", 2, 3, kernels.F32, raw, false)
	p, ld := d.operand(w)
	require.Equal(t, 8, ld)
	got := make([]uint32, 8)
	d.fetch(bytesOf(got), p)
	require.NoError(t, d.Sync())
	bf := func(i int) uint16 { return uint16(got[i/2] >> (i % 2 * 16)) }
	require.Equal(t, []uint16{0x3f80, 0x3f80, 0x3f82, 0, 0, 0, 0, 0, 0xbf81, 0x7f80, 0x0000, 0}, []uint16{bf(0), bf(1), bf(2), bf(3), bf(4), bf(5), bf(6), bf(7), bf(8), bf(9), bf(10), bf(11)})
}
