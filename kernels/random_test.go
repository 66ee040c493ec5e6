package kernels

import (
	"math"
	"math/bits"
	"testing"

	"github.com/stretchr/testify/require"
)

// Flipping one bit of either input flips each output bit in half of the cases: 4096 trials have a standard deviation
// of 0.0078, and the worst of 8192 such pairs stays below 5.5 of them.
func TestMixAvalanches(t *testing.T) {
	const trials = 4096
	for side := range 2 {
		for in := range 64 {
			var flips [64]int
			for i := range uint64(trials) {
				a, b := i, i*i+7 // small, regular inputs, as seeds and counters are
				before := Mix(a, b)
				if side == 0 {
					a ^= 1 << in
				} else {
					b ^= 1 << in
				}
				for d := before ^ Mix(a, b); d != 0; d &= d - 1 {
					flips[bits.TrailingZeros64(d)]++
				}
			}
			for out, n := range flips {
				require.InDelta(t, 0.5, float64(n)/trials, 5.5*0.0078, "input %d bit %d, output bit %d", side, in, out)
			}
		}
	}
}

// The mean and variance of a uniform number, the independence of neighbours in both arguments, and an even histogram.
func TestUniformIsUniform(t *testing.T) {
	const n, bins = 1 << 16, 64
	var hist [bins]int
	var sum, sum2, nextCounter, nextSeed float64
	for i := range uint64(n) {
		u := Uniform(5, i)
		require.True(t, u >= 0 && u < 1)
		hist[int(u*bins)]++
		sum += u
		sum2 += u * u
		nextCounter += (u - 0.5) * (Uniform(5, i+1) - 0.5)
		nextSeed += (Uniform(i, 3) - 0.5) * (Uniform(i+1, 3) - 0.5)
	}
	require.InDelta(t, 0.5, sum/n, 0.005)
	require.InDelta(t, 1.0/3, sum2/n, 0.005)
	require.InDelta(t, 0, nextCounter/n*12, 0.02)
	require.InDelta(t, 0, nextSeed/n*12, 0.02)
	chi2 := 0.0
	for _, h := range hist {
		chi2 += math.Pow(float64(h)-n/bins, 2) / (n / bins)
	}
	require.Less(t, chi2, 120.0, "χ² of 63 degrees of freedom") // p ≈ 2e-5
	require.NotEqual(t, Mix(1, 2), Mix(2, 1))
	require.Equal(t, Uniform(9, 9), Uniform(9, 9))
}

// The numbers themselves are part of the promise that a run can be repeated by a later version.
func TestMixIsFrozen(t *testing.T) {
	require.Equal(t, []uint64{0x48218226ff3cd4bf, 0xf18d6ce93d6cf1ee}, []uint64{Mix(0, 0), Mix(1, 2)})
}
