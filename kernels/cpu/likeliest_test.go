package cpu

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"croco/kernels"
)

// keep against sorting everything, with many equal values.
func TestLikeliestKeep(t *testing.T) {
	var l likeliest
	for seed := range uint64(300) {
		n := 1 + int(seed)%97
		p := make([]float32, n)
		for i := range p {
			u := kernels.Uniform(seed, uint64(i))
			p[i] = float32(int(u*float64(1+seed%40))) / float32(1+seed%40)
		}
		p[n/2] = 1
		order := make([]int, n)
		for i := range order {
			order[i] = i
		}
		slices.SortStableFunc(order, func(a, b int) int {
			switch {
			case p[a] > p[b]:
				return -1
			case p[a] < p[b]:
				return 1
			}
			return 0
		})
		k := 1 + int(seed)%n
		want := make([]float32, n)
		for _, i := range order[:k] {
			want[i] = p[i]
		}
		got := slices.Clone(p)
		l.keep(got, func(count int, _ float64) bool { return count >= k })
		require.Equal(t, want, got, "the %d largest of %v", k, p)

		goal, sum := 0.0, 0.0
		for _, x := range p {
			goal += 0.7 * float64(x)
		}
		clear(want)
		for _, i := range order {
			want[i] = p[i]
			if sum += float64(p[i]); sum >= goal {
				break
			}
		}
		got = slices.Clone(p)
		l.keep(got, func(_ int, mass float64) bool { return mass >= goal })
		require.Equal(t, want, got, "0.7 of the mass of %v", p)
	}
}

// A draw depends on its own row alone, and walks the distribution in order of id.
func TestSampleWalks(t *testing.T) {
	d := newDevice(2, supported()[0].set)
	const v = 1000
	row := normal(d, 5, 1, v).Host
	count := make([]int, v)
	const n = 4000
	for i := range n {
		logits := d.New(1, v)
		copy(logits.Host, row)
		logits.Host[17] = 4 // about a twentieth of the mass
		tokens, logp := make([]int32, 1), make([]float32, 1)
		d.Sample(tokens, logp, logits, []kernels.Draw{{Temperature: 1, Forced: -1, Uniform: (float64(i) + 0.5) / n}})
		count[tokens[0]]++
		d.Free(logits)
		if i == 0 {
			require.EqualValues(t, 0, tokens[0])
		}
	}
	require.InDelta(t, n/20, count[17], n/80)
}
