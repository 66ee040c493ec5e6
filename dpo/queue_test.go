package dpo

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"croco/kernels"
	host "croco/kernels/reference"
)

// queued is a batch of four pairs, with the loss and gradient of a device.
func queued(t *testing.T, o *Objective, logp []float32) (b *Batch, dlogp []float32) {
	t.Helper()
	d := host.New()
	b = o.NewBatch(fourPairs())
	at, grad := d.New(len(logp)), d.New(len(logp))
	d.Write(at, logp)
	require.True(t, b.Queue(d, grad, at, 0.7))
	dlogp = make([]float32, len(logp))
	d.Read(dlogp, grad)
	return b, dlogp
}

// fourPairs share their prompts' beginnings; lengths and references differ.
func fourPairs() []Pair {
	return []Pair{
		{Prompt: []int32{1, 2}, Chosen: []int32{3, 4, 5, 6}, Rejected: []int32{3, 7}, RefChosen: -3.5, RefRejected: -2.25},
		{Prompt: []int32{1, 2}, Chosen: []int32{8}, Rejected: []int32{8, 9, 10}, RefChosen: -0.5, RefRejected: -4},
		{Prompt: []int32{1, 3}, Chosen: []int32{5, 5}, Rejected: []int32{5, 6}, RefChosen: -2, RefRejected: -2.5},
		{Prompt: []int32{4}, Chosen: []int32{5, 6, 7}, Rejected: []int32{8, 9}, RefChosen: -1.75, RefRejected: -2},
	}
}

func someLogp(n int) []float32 {
	logp := make([]float32, n)
	for i := range logp {
		logp[i] = float32(-0.1 - 2*kernels.Uniform(3, uint64(i)))
	}
	return logp
}

// What gorgonia differentiates and what a device runs are written down by the same formula: values and gradients agree, of all losses,
// divergences and options.
func TestDevicesAgreeWithGorgonia(t *testing.T) {
	alpha := 0.3
	check := func(t *testing.T, terms []Term, options Options) {
		t.Helper()
		o, err := New(terms, options)
		require.NoError(t, err)
		logp := someLogp(len(o.NewBatch(fourPairs()).Owner))
		b, dlogp := queued(t, o, logp)
		loss, metrics := b.Settle(logp, nil)
		want, grad, wantMetrics, err := b.Loss(logp, nil, 0.7)
		require.NoError(t, err)
		require.InDelta(t, want, loss, 1e-12*max(1, math.Abs(want)), "%v", terms)
		require.Equal(t, wantMetrics, metrics)
		for i := range grad {
			require.InDelta(t, grad[i], dlogp[i], 1e-7*max(1, math.Abs(float64(grad[i]))), "%v, pick %d", terms, i)
		}
	}
	for _, name := range Names() {
		if losses[name].sort == nil {
			t.Run(name, func(t *testing.T) {
				o := Options{Beta: 0.3, LabelSmoothing: smoothingFor(name), SimPOGamma: 0.5, CPOAlpha: 0.7}
				check(t, []Term{{name, 1}}, o)
				check(t, []Term{{name, 0.6}, {"sft", 0.25}}, o)
			})
		}
	}
	for _, f := range divergences {
		check(t, []Term{{"sigmoid", 1}}, Options{Beta: 0.3, FDivergence: f, FAlpha: 0.6})
	}
	check(t, []Term{{"sigmoid", 1}, {"sft", 0.5}}, Options{Beta: 0.3, LDAlpha: &alpha})
	for _, formula := range []string{"c", "r^2 + min(c, r)", "max(c, -1) + abs(r)/n_c", "(logp_c - ref_c)^3 * n_mean + sqrt(n_r) * c", "tanh(c)*exp(-r/10) + 2^c",
		"log(1+exp(500*r-500*c))", "-log(1-sigmoid(900*c))", "-log(sigmoid(900*c)) * log(2+exp(c))"} {
		check(t, []Term{{"formula", 1}}, Options{Beta: 0.3, Formula: formula})
	}
}

// A policy that is its own reference: exactly ln 2.
func TestFirstLossOnADeviceIsLn2(t *testing.T) {
	o, err := New([]Term{{"sigmoid", 1}}, Options{Beta: 0.1})
	require.NoError(t, err)
	pairs := fourPairs()
	logp := someLogp(len(o.NewBatch(pairs).Owner))
	sums := o.NewBatch(pairs).Ratioed(logp)
	for i := range pairs {
		pairs[i].RefChosen, pairs[i].RefRejected = sums[2*i], sums[2*i+1]
	}
	b, d := o.NewBatch(pairs), host.New()
	at := d.New(len(logp))
	d.Write(at, logp)
	require.True(t, b.Queue(d, d.New(len(logp)), at, 1))
	require.Equal(t, []float64{math.Ln2, math.Ln2, math.Ln2, math.Ln2}, b.losses)
}

// Losses of more than one pair, and WPO's weights, stay with the host.
func TestSomeLossesAreForTheHost(t *testing.T) {
	for _, o := range []struct {
		term Term
		Options
	}{{Term{"aot", 1}, Options{Beta: 0.1}}, {Term{"aot_unpaired", 1}, Options{Beta: 0.1}}, {Term{"sigmoid", 1}, Options{Beta: 0.1, UseWeighting: true}}} {
		objective, err := New([]Term{o.term}, o.Options)
		require.NoError(t, err)
		require.False(t, objective.NewBatch(fourPairs()).Queue(nil, nil, nil, 1))
	}
}
