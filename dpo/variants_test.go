package dpo

import (
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func value(t *testing.T, name string, o Options, in *Inputs) *Value {
	t.Helper()
	objective, err := New([]Term{{name, 1}}, o)
	require.NoError(t, err)
	v, err := objective.Value(in)
	require.NoError(t, err)
	return v
}

func TestDivergencesAgreeWithPublishedFormulas(t *testing.T) {
	for name, want := range map[string][]float64{
		"reverse_kl":       {0.63259904, 0.82593942, 0.51301525, 0.60947043},
		"forward_kl":       {0.62047290, 0.86611531, 0.26422456, 0.58714338},
		"js_divergence":    {0.66055650, 0.75759904, 0.58132227, 0.64790001},
		"alpha_divergence": {0.62781255, 0.83530369, 0.43621546, 0.60161864},
	} {
		o := Options{Beta: 0.1, FDivergence: name, FAlpha: 0.5}
		require.InDeltaSlice(t, want, value(t, "sigmoid", o, four()).PerPair, 1e-8, name)
		if short, _, ok := strings.Cut(name, "_divergence"); ok {
			o.FDivergence = short
			require.InDeltaSlice(t, want, value(t, "sigmoid", o, four()).PerPair, 1e-8, short)
		}
		for _, loss := range reading(divergence) {
			agreesWithDifferences(t, loss, Options{Beta: 0.3, LabelSmoothing: smoothingFor(loss), FDivergence: name, FAlpha: 0.5}, four())
		}
	}
	one := Options{Beta: 0.1, FDivergence: "alpha_divergence", FAlpha: 1}
	require.Equal(t, value(t, "sigmoid", Options{Beta: 0.1}, four()), value(t, "sigmoid", one, four()))

	far := &Inputs{Chosen: []float64{-5000}, Rejected: []float64{-1}, RefChosen: []float64{-1}, RefRejected: []float64{-1}, ChosenN: []float64{1}, RejectedN: []float64{1}}
	v := value(t, "sigmoid", Options{Beta: 0.1, FDivergence: "alpha_divergence", FAlpha: 0.5}, far)
	require.InEpsilon(t, 0.1*2*math.Exp(80), v.Loss, 1e-9, "the exponent is held at 80")
}

// torchtune's unit test of its DPO loss.
func TestTorchtunesNumbers(t *testing.T) {
	in := &Inputs{Chosen: []float64{-.5, -10, -1}, Rejected: []float64{-.1, -30, -21}, RefChosen: []float64{-.5, -10.1, -.1},
		RefRejected: []float64{-.1, -20.1, -.1}, ChosenN: []float64{1, 1, 1}, RejectedN: []float64{1, 1, 1}}
	want := []float64{math.Ln2, -math.Log(1 / (1 + math.Exp(-1))), -math.Log(1 / (1 + math.Exp(-2)))}
	require.InDeltaSlice(t, want, value(t, "sigmoid", Options{Beta: 0.1}, in).PerPair, 1e-12)
	require.InDeltaSlice(t, []float64{1, 0, 0}, value(t, "hinge", Options{Beta: 0.1}, in).PerPair, 1e-12)
}

// The reference-free losses, from their papers' equations.
func TestReferenceFreeLosses(t *testing.T) {
	const beta, gamma = 2.0, 0.6
	in := four()
	total := 0.0
	for _, n := range in.ChosenN {
		total += n
	}
	want := map[string][]float64{}
	for i := range in.Chosen {
		a, b := in.Chosen[i]/in.ChosenN[i], in.Rejected[i]/in.RejectedN[i]
		want["simpo"] = append(want["simpo"], -math.Log(1/(1+math.Exp(-(beta*(a-b)-gamma)))))
		odds := func(p float64) float64 { return p / (1 - p) }
		ratio := math.Log(odds(math.Exp(a)) / odds(math.Exp(b)))
		want["orpo"] = append(want["orpo"], -a-beta*math.Log(1/(1+math.Exp(-ratio))))
		want["cpo"] = append(want["cpo"], math.Log1p(math.Exp(-beta*(in.Chosen[i]-in.Rejected[i])))-0.7*in.Chosen[i]*4/total)
	}
	for name, per := range want {
		o, err := New([]Term{{name, 1}}, Options{Beta: beta, SimPOGamma: gamma, CPOAlpha: 0.7})
		require.NoError(t, err)
		require.False(t, o.NeedsReference(), name)
		v, err := o.Value(in)
		require.NoError(t, err)
		require.InDeltaSlice(t, per, v.PerPair, 1e-9, name)
	}
	o, err := New([]Term{{"simpo", 1}, {"ipo", 0.1}}, Options{Beta: 1})
	require.NoError(t, err)
	require.True(t, o.NeedsReference())
}

func TestWeightedSumsAddUp(t *testing.T) {
	o, err := New([]Term{{"sigmoid", 0.8}, {"bco_pair", 0.2}, {"sft", 1.5}}, Options{Beta: 0.1})
	require.NoError(t, err)
	sum, err := o.Value(four())
	require.NoError(t, err)
	a, b, c := value(t, "sigmoid", o.Options, four()), value(t, "bco_pair", o.Options, four()), value(t, "sft", o.Options, four())
	require.InDelta(t, 0.8*a.Loss+0.2*b.Loss+1.5*c.Loss, sum.Loss, 1e-12)
	for i := range 4 {
		require.InDelta(t, 0.8*a.DChosen[i]+0.2*b.DChosen[i]+1.5*c.DChosen[i], sum.DChosen[i], 1e-12)
	}
}

func TestLDAlphaWeighsTails(t *testing.T) {
	alpha, pair := 0.25, Pair{Prompt: []int32{1}, Chosen: []int32{2, 3, 4, 5}, Rejected: []int32{6, 7}}
	logp, ref := []float32{-1, -2, -3, -4, -5, -6}, []float32{-1.5, -1, -2, -2, -1, -3}
	o, err := New([]Term{{"sigmoid", 1}, {"sft", 0.5}}, Options{Beta: 0.3, LDAlpha: &alpha})
	require.NoError(t, err)
	b := o.NewBatch([]Pair{pair})
	require.Equal(t, []int32{2, 6, 3, 4, 5, 7}, b.Picks.Tokens)
	require.Equal(t, []float64{1, 1, 1, alpha, alpha, 1}, b.weights)
	refs := b.Ratioed(ref)
	require.Equal(t, []float64{-1.5 - 2 - alpha*3, -1 - 3}, refs)
	c, r := o.SumRecords([]float32{-1.5, -2, -2, -1}, []float32{-1, -3})
	require.Equal(t, refs, []float64{c, r}, "a record is added up as the model's own")
	pair.RefChosen, pair.RefRejected = c, r

	b = o.NewBatch([]Pair{pair})
	loss, dlogp, m, err := b.Loss(logp, nil, 1)
	require.NoError(t, err)
	x, y := -1-3-alpha*9-c, -2-6-r
	require.InDelta(t, math.Log1p(math.Exp(-0.3*(x-y)))+0.5*13/4, loss, 1e-12)
	require.InDelta(t, 0.3*x, m["rewards/chosen"], 1e-12)
	require.Equal(t, -13.0, m["logps/chosen"])
	for i := range logp {
		const h = 1.0 / 1024
		at := func(step float32) float64 {
			moved := append([]float32(nil), logp...)
			moved[i] += step
			l, _, _, err := b.Loss(moved, nil, 1)
			require.NoError(t, err)
			return l
		}
		require.InDelta(t, (at(h)-at(-h))/(2*h), dlogp[i], 1e-6, "pick %d", i)
	}
	same, _, _, err := b.Loss(ref, nil, 1)
	require.NoError(t, err)
	require.Equal(t, math.Ln2+0.5*6.5/4, same, "its own reference")

	one := 1.0
	o.LDAlpha = &one
	require.Nil(t, o.NewBatch([]Pair{pair}).weights)
}

func TestWeightingIsWPOs(t *testing.T) {
	pair := Pair{Prompt: []int32{1}, Chosen: []int32{2, 3}, Rejected: []int32{4}, RefChosen: -2, RefRejected: -1}
	o, err := New([]Term{{"sigmoid", 1}, {"sft_per_pair", 1}}, Options{Beta: 0.1, UseWeighting: true})
	require.NoError(t, err)
	b := o.NewBatch([]Pair{pair})
	logp := []float32{-1, -0.5, -2} // of 2, 4 and 3
	loss, dlogp, m, err := b.Loss(logp, &Stats{Collision: []float32{-0.5, -0.25, -1}}, 1)
	require.NoError(t, err)
	w := math.Exp((-0.5-1)/2) * math.Exp(-0.25)
	z := 0.1 * ((-3 + 2) - (-0.5 + 1))
	require.InDelta(t, w, m["weights"], 1e-12)
	require.InDelta(t, w*math.Log1p(math.Exp(-z))+1.5, loss, 1e-12)
	slope := w * 0.1 / (1 + math.Exp(z))
	require.InDeltaSlice(t, []float64{-slope - 0.5, slope, -slope - 0.5}, []float64{float64(dlogp[0]), float64(dlogp[1]), float64(dlogp[2])}, 1e-7)
}

func TestGuideNamesEveryLoss(t *testing.T) {
	for _, name := range append(append(Names(), FormulaNames()...), FormulaFunctions()...) {
		require.Contains(t, Guide(), name)
	}
}
