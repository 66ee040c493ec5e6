package report

import (
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTicks(t *testing.T) {
	for _, c := range []struct {
		lo, hi float64
		want   string
	}{
		{0, 1, "0 0.5 1.0"}, {-.7, 1.1, "0 1"}, {0, 100, "0 50 100"}, {1, 60, "20 40 60"}, {0, 1e-4, "0 5e−5 0.0001"}, {-3, -1, "−3 −2 −1"},
	} {
		_, label := ticks(c.lo, c.hi, 3)
		require.Equal(t, c.want, strings.Join(label, " "))
	}
}

func TestBinning(t *testing.T) {
	lo, width, bins := binning([]float64{3, 3, 3})
	require.Equal(t, []any{2.5, 1.0, 1}, []any{lo, width, bins})
	whole := make([]float64, 100)
	for i := range whole {
		whole[i] = float64(i % 10)
	}
	lo, width, bins = binning(whole)
	require.Equal(t, []any{0.0, 1.0, 10}, []any{lo, width, bins}, "a bin per number")
	_, _, bins = binning([]float64{0, 1e-9, 1})
	require.LessOrEqual(t, bins, 40)
}

// TestHistogramShares: the heights of the steps are the shares.
func TestHistogramShares(t *testing.T) {
	f := Histogram("h", "x", Series{Name: "a", Y: []float64{0, 0, 0, 9, math.NaN()}})
	require.Contains(t, string(f.SVG), "a: mean 2.25 of 4")
	require.Contains(t, Histogram("h", "x", Series{}).Note, "no values")
	require.Contains(t, string(Histogram("h", "x", Series{Y: []float64{5}}).SVG), "mean 5.00 of 1")
}

func TestLines(t *testing.T) {
	y := make([]float64, 1000)
	for i := range y {
		y[i] = float64(i)
	}
	f := Lines("loss", "step", Series{Name: "a", Y: y}, Series{Name: "b", Y: []float64{math.NaN(), 3}})
	require.Contains(t, string(f.SVG), "a from 0.00 to")
	require.Less(t, len(f.SVG), 20_000, "a long run is thinned")
	require.NotContains(t, string(f.SVG), "NaN")
	require.Contains(t, Lines("loss", "step", Series{Y: []float64{math.NaN()}}).Note, "No values")
	require.Contains(t, string(Lines("loss", "step", Series{Y: []float64{7}}).SVG), "<circle")
}

func TestApart(t *testing.T) {
	require.Equal(t, 63.0, apart([]float64{50, 50}))
	require.Equal(t, 80.0, apart([]float64{50, 80}))
	require.Equal(t, 37.0, apart([]float64{50, 48}))
}

func TestSmooth(t *testing.T) {
	require.Equal(t, []float64{2, 3, 5, 6}, smooth([]float64{1, 3, 5, 7}, 1))
}

func TestRankedGrid(t *testing.T) {
	text := sampleRanked().Grid(20).Text()
	lines := strings.Split(strings.TrimSpace(text), "\n")
	require.Len(t, lines, 2+8+2)
	require.Regexp(t, `^→ chosen +−3\.22 +100  da +Fra let til tung: f…$`, lines[2])
	require.Regexp(t, `^μ +−9\.10$`, lines[5])
	require.Regexp(t, `^→ rejected +−16\.42 +25  en ✗`, lines[9])

	r := sampleRanked()
	for i := range r.Items {
		r.Items[i].Quality = math.NaN()
	}
	require.NotContains(t, r.Grid(20).Text(), "quality")
}
