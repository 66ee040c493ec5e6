package lcwinrate

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"croco/internal/cases"
	"croco/pairing/python"
)

// TestFixturesCrocoLC holds the fit to the authors' and to the exact minimum.
func TestFixturesCrocoLC(t *testing.T) {
	fit := func(c cases.Case) bool { return strings.Contains(c.Entry, "compute_lc_winrate") }
	cases.Each(t, "croco", fit, func(t *testing.T, c cases.Case, run cases.Run) {
		type numbers struct {
			LC           float64 `json:"lc_win_rate"`
			Theta, Phi   float64
			Model, Other float64
		}
		out := c.Lines(t, run.Out()[0])
		for i, line := range c.Lines(t, c.Inputs[0]) {
			var in struct {
				Preferences []float64
				Model       []int `json:"model_lengths"`
				Other       []int `json:"ref_lengths"`
			}
			var want struct {
				Authors struct {
					numbers
					Model float64 `json:"avg_model_len"`
					Other float64 `json:"avg_ref_len"`
				}
				Optimum *numbers
			}
			cases.Decode(t, line, &in)
			cases.Decode(t, out[i], &want)
			got := Of(in.Preferences, in.Model, in.Other)
			require.Equal(t, want.Authors.Model, python.Round(got.ModelLength, 0), "set %d", i+1)
			require.Equal(t, want.Authors.Other, python.Round(got.OtherLength, 0), "set %d", i+1)
			if want.Optimum == nil {
				require.InDelta(t, want.Authors.LC, got.Controlled.WinRate, 0.05, "set %d", i+1)
				continue
			}
			require.InDelta(t, want.Authors.LC, got.Controlled.WinRate, 0.011, "set %d", i+1)
			require.InDelta(t, want.Authors.Theta, got.Controlled.Theta, 2e-4, "set %d", i+1)
			require.InDelta(t, want.Authors.Phi, got.Controlled.Phi, 2e-4, "set %d", i+1)
			require.InDelta(t, want.Optimum.LC, got.Controlled.WinRate, 1e-6, "set %d", i+1)
			require.InDelta(t, want.Optimum.Theta, got.Controlled.Theta, 1e-6, "set %d", i+1)
			require.InDelta(t, want.Optimum.Phi, got.Controlled.Phi, 1e-6, "set %d", i+1)
		}
	})
}

func TestEqualLengthsAreTheWinRate(t *testing.T) {
	got := Of([]float64{1, 0.5, 0, 1}, []int{5, 6, 7, 8}, []int{4, 5, 6, 7})
	require.Equal(t, Fit{WinRate: 62.5}, got.Controlled)
	require.Equal(t, 62.5, got.Mean)
	require.InDelta(t, 23.935677693908453, got.StandardError, 1e-12)
	require.Equal(t, WinRate{N: 1, Mean: 100, Controlled: Fit{WinRate: 100}, ModelLength: 3, OtherLength: 9}, Of([]float64{1}, []int{3}, []int{9}))
	require.Equal(t, WinRate{}, Of(nil, nil, nil))
	require.Panics(t, func() { Control([]float64{1}, []int{1}, nil) })
}

func TestUnanimousSetsReachTheBound(t *testing.T) {
	won := Control([]float64{1, 1, 1}, []int{1, 2, 9}, []int{1, 1, 1})
	lost := Control([]float64{0, 0, 0}, []int{1, 2, 9}, []int{1, 1, 1})
	require.InDelta(t, 23.02585, won.Theta, 1e-5)
	require.Equal(t, -won.Theta, lost.Theta)
	require.InDelta(t, 100, won.WinRate, 1e-7)
	tied := Control([]float64{0.5, 0.5}, []int{1, 9}, []int{1, 1})
	require.InDelta(t, 0, tied.Theta, 1e-12)
}

// The fit is a minimum, and has the symmetries of the question: swapping the two sides turns wins into losses.
func TestFitIsAMinimumAndSymmetric(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		n := 2 + random.IntN(60)
		y, back := make([]float64, n), make([]float64, n)
		a, b, x := make([]int, n), make([]int, n), make([]float64, n)
		for i := range y {
			y[i] = float64(random.IntN(3)) / 2
			a[i], b[i] = random.IntN(3000), random.IntN(3000)
			back[i], x[i] = 1-y[i], float64(a[i]-b[i])
		}
		if _, all := unanimous(y); all {
			continue
		}
		fit, other := Control(y, a, b), Control(back, b, a)
		require.InDelta(t, 100, fit.WinRate+other.WinRate, 1e-9)
		require.InDelta(t, fit.Phi, other.Phi, 1e-9)
		sigma := python.Std(x)
		for i := range x {
			x[i] = math.Tanh(x[i] / sigma)
		}
		least := loss(y, x, fit.Theta, fit.Phi)
		for _, step := range [][2]float64{{1e-3, 0}, {-1e-3, 0}, {0, 1e-3}, {0, -1e-3}} {
			require.Greater(t, loss(y, x, fit.Theta+step[0], fit.Phi+step[1]), least)
		}
	}
}

// A judge that only looks at length: the plain win rate says 75 %, the controlled one takes most of that back (φ² keeps it from taking all).
func TestLengthAloneWinsNothing(t *testing.T) {
	var y []float64
	var a, b []int
	for i := range 200 {
		longer := i%4 != 0
		y, a, b = append(y, 0), append(a, 100), append(b, 100)
		if longer {
			y[i], a[i] = 1, 400+i
		} else {
			b[i] = 400 + i
		}
	}
	got := Of(y, a, b)
	require.Equal(t, 75.0, got.Mean)
	require.Less(t, got.Controlled.WinRate, 65.0)
}
