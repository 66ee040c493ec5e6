//go:build gpu

package cuda

import (
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"croco/kernels"
	"croco/kernels/reference"
)

// TestHeadChunks: more rows with picks than one chunk has, some of them with several picks and with the same pick twice.
func TestHeadChunks(t *testing.T) {
	defer func(n int) { maxLogits = n }(maxLogits)
	maxLogits = 1 // chunks of headRows rows
	const T, C, V, P = 400, 16, 37, 450
	rows, tokens := make([]int32, P), make([]int32, P)
	for i := range rows {
		rows[i], tokens[i] = int32(i*T/P/3*3), int32(i*i%V)
	}
	p, l := kernels.Picks{Rows: rows, Tokens: tokens}, kernels.Logits{Scale: 0.5, Softcap: 3}
	compute := func(d kernels.Device) (logp []float32, dh, dw []float32) {
		h, w := d.New(T, C), d.NewWeight("head", V, C, kernels.F32, littleEndian(noise(1, V*C)), false)
		d.Write(h, noise(2, T*C))
		back, grad, out, dlogp := d.New(T, C), d.New(V, C), d.New(P), d.New(P)
		d.Write(grad, noise(3, V*C))
		d.Write(dlogp, noise(4, P))
		d.LogProbs(out, nil, h, w, p, l)
		d.LogProbsBackward(back, grad, dlogp, h, w, p, l)
		logp, dh, dw = make([]float32, P), make([]float32, T*C), make([]float32, V*C)
		d.Read(logp, out)
		d.Read(dh, back)
		d.Read(dw, grad)
		return logp, dh, dw
	}
	d := open(t, Options{Arithmetic: kernels.F32, Guarded: true})
	wantP, wantH, wantW := compute(reference.New())
	logp, dh, dw := compute(d)
	require.NoError(t, d.Sync())
	require.InDeltaSlice(t, wantP, logp, 2e-6)
	require.InDeltaSlice(t, wantH, dh, 5e-6)
	require.InDeltaSlice(t, wantW, dw, 5e-5)

	maxLogits = 1 << 20 // all rows at once
	logp2, dh2, dw2 := compute(d)
	require.Equal(t, logp, logp2)
	require.Equal(t, dh, dh2)
	require.Equal(t, dw, dw2)
}

// TestHeadOfAWideVocabulary: more strips of logits than a block has quads, and every row of the weight twice, so that the likeliest
// token has an equal, which the same thread reads.
func TestHeadOfAWideVocabulary(t *testing.T) {
	const C, V = 2, 2 * 13 * rowThreads
	weight := noise(1, V*C)
	copy(weight[V*C/2:], weight)
	p := kernels.Picks{Rows: []int32{0, 1, 2}, Tokens: []int32{3, 5000, V - 1}}
	compute := func(d kernels.Device) (logp, argmax []float32) {
		h, w, out, best := d.New(3, C), d.NewWeight("head", V, C, kernels.F32, littleEndian(weight), false), d.New(3), d.New(3)
		d.Write(h, noise(2, 3*C))
		d.LogProbs(out, &kernels.HeadStats{Argmax: best}, h, w, p, kernels.Logits{Scale: 3})
		logp, argmax = make([]float32, 3), make([]float32, 3)
		d.Read(logp, out)
		d.Read(argmax, best)
		return logp, argmax
	}
	want, wantBest := compute(reference.New())
	logp, best := compute(open(t, Options{Guarded: true}))
	require.InDeltaSlice(t, want, logp, 2e-6)
	require.Equal(t, wantBest, best)
}

// TestSampleDraws: many draws from wide distributions, cut in every way, against the reference. Where the two differ, the
// random number lies on a border: within 10⁻⁵ of it the reference takes the other token too.
func TestSampleDraws(t *testing.T) {
	const B, V = 40, 5000
	logits := noise(9, B*V)
	for i := range logits {
		logits[i] = float32(int(logits[i]*40)) / 8 // many equals
	}
	cuts := []kernels.Draw{{Temperature: 1}, {Temperature: 0.7, TopP: 0.9}, {Temperature: 1, TopK: 700}, {Temperature: 1.5, TopK: 3000, TopP: 0.5},
		{Temperature: 0.3, MinP: 0.2}, {Temperature: 1, TopK: 900, TopP: 0.8, MinP: 0.6}, {Temperature: 2, TopK: 1}, {}}
	draws := make([]kernels.Draw, B)
	for b := range draws {
		draws[b] = cuts[b%len(cuts)]
		draws[b].Forced, draws[b].Uniform = -1, kernels.Uniform(5, uint64(b))
	}
	sample := func(d kernels.Device, shift float64) []int32 {
		moved := slices.Clone(draws)
		for b := range moved {
			moved[b].Uniform = min(max(0, moved[b].Uniform+shift), 1-0x1p-53)
		}
		x, tokens, logp := d.New(B, V), make([]int32, B), make([]float32, B)
		d.Write(x, logits)
		d.Sample(tokens, logp, x, moved)
		return tokens
	}
	got := sample(open(t, Options{Guarded: true}), 0)
	low, want, high := sample(reference.New(), -1e-5), sample(reference.New(), 0), sample(reference.New(), 1e-5)
	for b, token := range got {
		require.Contains(t, []int32{low[b], want[b], high[b]}, token, "draw %d: %+v", b, draws[b])
	}
	equal := 0
	for b := range got {
		if got[b] == want[b] {
			equal++
		}
	}
	require.Greater(t, equal, B-4)
}

// TestSampleEquals: of equally likely tokens the lowest ids stay, 600 by top-k and half of these by top-p.
func TestSampleEquals(t *testing.T) {
	const V = 1000
	d := open(t, Options{Guarded: true})
	draws := []kernels.Draw{{TopK: 600}, {TopP: 0.25}, {TopK: 600, TopP: 0.5}, {TopK: 600, TopP: 0.5, MinP: 1}}
	for i := range draws {
		draws[i].Temperature, draws[i].Forced, draws[i].Uniform = 1, -1, 1-0x1p-53
	}
	x, tokens := d.New(len(draws), V), make([]int32, len(draws))
	d.Zero(x)
	d.Sample(tokens, make([]float32, len(draws)), x, draws)
	require.NoError(t, d.Sync())
	require.Equal(t, []int32{599, 249, 299, 299}, tokens)
}

// TestSamplePenalty: a token of the history becomes less likely whether its logit is positive or negative.
func TestSamplePenalty(t *testing.T) {
	d := open(t, Options{Guarded: true})
	x, tokens := d.New(2, 2), make([]int32, 2)
	d.Write(x, []float32{1, 1, -1, -1})
	draw := kernels.Draw{Temperature: 1, RepetitionPenalty: 2, History: []int32{0, 0}, Forced: -1, Uniform: 0.45}
	d.Sample(tokens, make([]float32, 2), x, []kernels.Draw{draw, draw})
	require.NoError(t, d.Sync())
	require.Equal(t, []int32{1, 1}, tokens)
}

// TestSampleNaN: logits that are no numbers give some token, and a log-probability that says so.
func TestSampleNaN(t *testing.T) {
	const B, V = 3, 600
	nan := float32(math.NaN())
	logits := slices.Repeat([]float32{nan}, B*V)
	copy(logits[V:], []float32{1, 2, 3})
	d := open(t, Options{Guarded: true})
	x, tokens, logp := d.New(B, V), make([]int32, B), make([]float32, B)
	d.Write(x, logits)
	draw := kernels.Draw{Temperature: 1, TopP: 0.9, TopK: 20, Forced: -1, Uniform: 0.5}
	d.Sample(tokens, logp, x, []kernels.Draw{draw, draw, {Forced: -1}})
	require.NoError(t, d.Sync())
	for b := range tokens {
		require.Less(t, tokens[b], int32(V))
		require.True(t, math.IsNaN(float64(logp[b])))
	}
}

// TestSampleForbidsAll: that is a programmer's error.
func TestSampleForbidsAll(t *testing.T) {
	d := open(t, Options{})
	x := d.New(1, 2)
	d.Write(x, []float32{1, 2})
	require.PanicsWithValue(t, "cuda: sample: all 2 tokens are forbidden", func() {
		d.Sample(make([]int32, 1), make([]float32, 1), x, []kernels.Draw{{Forced: -1, Forbidden: []int32{0, 1}}})
	})
}
