package eval

import (
	"math"
	"math/rand/v2"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"
)

func TestMeanAndSD(t *testing.T) {
	require.Equal(t, 5.0, Mean([]float64{2, 4, 4, 4, 5, 5, 7, 9}))
	require.InDelta(t, math.Sqrt(32.0/7), SD([]float64{2, 4, 4, 4, 5, 5, 7, 9}), 1e-15)
	require.True(t, math.IsNaN(SD([]float64{1})))
	require.True(t, math.IsNaN(Mean(nil)))
}

// TestTQuantile: printed tables, and gonum's distribution, which inverts by another route.
func TestTQuantile(t *testing.T) {
	for df, want := range map[float64]float64{1: 12.706, 2: 4.303, 5: 2.571, 10: 2.228, 30: 2.042, 120: 1.980} {
		require.InDelta(t, want, TQuantile(.95, df), 5e-4)
	}
	require.InDelta(t, 63.657, TQuantile(.99, 1), 5e-4)
	for df := 1.0; df < 3000; df = 1 + 1.7*df {
		for _, confidence := range []float64{.5, .9, .95, .99} {
			want := distuv.StudentsT{Sigma: 1, Nu: df}.Quantile(.5 + confidence/2)
			require.InEpsilon(t, want, TQuantile(confidence, df), 1e-8, "%v at %v", confidence, df)
		}
	}
	require.Panics(t, func() { TQuantile(1, 3) })
	require.Panics(t, func() { TQuantile(.95, 0) })
}

func TestClustered(t *testing.T) {
	values := []float64{3, 1, 4, 1, 5, 9, 2, 6}
	alone := make([]string, len(values))
	for i := range alone {
		alone[i] = strconv.Itoa(i)
	}
	half := TQuantile(.95, 7) * stat.StdErr(stat.StdDev(values, nil), 8)
	got := Clustered(values, alone, .95)
	require.InDelta(t, stat.Mean(values, nil)-half, got.Low, 1e-12)
	require.InDelta(t, stat.Mean(values, nil)+half, got.High, 1e-12)

	// Mean 3.875. Cluster sums of deviations: a −0.875−2.875+0.125 = −3.625, b −2.875+1.125+5.125 = 3.375,
	// c −1.875+2.125 = 0.25. se = √(3/2 · (13.140625+11.390625+0.0625)) / 8.
	got = Clustered(values, []string{"a", "a", "a", "b", "b", "b", "c", "c"}, .95)
	se := math.Sqrt(1.5*24.59375) / 8
	require.InDelta(t, 3.875-4.302653*se, got.Low, 1e-5)

	require.True(t, math.IsNaN(Clustered(values[:2], []string{"a", "a"}, .95).Low), "one cluster tells nothing of others")
}

// TestWilson against the numbers of Newcombe 1998, table I, method 3.
func TestWilson(t *testing.T) {
	for _, c := range []struct{ won, n, low, high float64 }{
		{81, 263, .2553, .3662}, {15, 148, .0624, .1605}, {0, 20, 0, .1611}, {1, 29, .0061, .1718},
	} {
		got := Wilson(c.won/c.n, c.n, .95)
		require.InDelta(t, c.low, got.Low, 5e-5)
		require.InDelta(t, c.high, got.High, 5e-5)
	}
	require.Equal(t, 1.0, Wilson(1, 5, .95).High)
	require.True(t, math.IsNaN(Wilson(0, 0, .95).Low))
}

// TestCoverage: 95 % intervals of a known mean hold it about 95 times in 100, clustered data included, where treating
// every value as independent would hold it far less often.
func TestCoverage(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	const runs = 600
	t95, naive, boot := 0, 0, 0
	for range runs {
		var values []float64
		var lines, own []string
		for line := range 30 {
			shared := random.NormFloat64()
			for range 4 {
				values = append(values, shared+.5*random.NormFloat64())
				lines, own = append(lines, strconv.Itoa(line)), append(own, strconv.Itoa(len(own)))
			}
		}
		holds := func(i Interval) int { return int(Share(i.Low <= 0 && 0 <= i.High)) }
		t95 += holds(Clustered(values, lines, .95))
		naive += holds(Clustered(values, own, .95))
		boot += holds(Bootstrap(values, lines, .95, 200, 9))
	}
	require.InDelta(t, .95, float64(t95)/runs, .025)
	require.InDelta(t, .93, float64(boot)/runs, .03, "a percentile bootstrap of 30 clusters is a little too narrow")
	require.Less(t, float64(naive)/runs, .80)
}

func TestPercentile(t *testing.T) {
	sorted := []float64{10, 20, 40}
	require.Equal(t, 10.0, percentile(sorted, 0))
	require.Equal(t, 15.0, percentile(sorted, .25))
	require.Equal(t, 40.0, percentile(sorted, 1))
}
