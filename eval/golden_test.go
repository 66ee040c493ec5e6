package eval

import (
	"encoding/json"
	"os"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

// testdata/golden.json is made by golden.py beside it.
func TestStatisticsAgreeWithIndependentNumbers(t *testing.T) {
	raw, err := os.ReadFile("testdata/golden.json")
	require.NoError(t, err)
	var golden struct {
		Quantiles [][3]json.Token
		PairedT   []struct {
			A, B                []float64
			Clusters            []string
			Mean, SE, Low, High float64
		} `json:"paired_t"`
		Wilson [][4]float64
	}
	require.NoError(t, json.Unmarshal(raw, &golden))
	require.NotEmpty(t, golden.Quantiles)
	for _, q := range golden.Quantiles {
		confidence, err := strconv.ParseFloat(q[0].(string), 64)
		require.NoError(t, err)
		require.InEpsilon(t, q[2], TQuantile(confidence, q[1].(float64)), 1e-9)
	}
	for _, c := range golden.PairedT {
		differences := make([]float64, len(c.A))
		for i := range differences {
			differences[i] = c.B[i] - c.A[i]
		}
		mean, se, _ := ClusteredError(differences, c.Clusters)
		ci := Clustered(differences, c.Clusters, .95)
		for i, want := range []float64{c.Mean, c.SE, c.Low, c.High} {
			require.InEpsilon(t, want, []float64{mean, se, ci.Low, ci.High}[i], 1e-9)
		}
	}
	for _, w := range golden.Wilson {
		ci := Wilson(w[0], w[1], .95)
		require.InDelta(t, w[2], ci.Low, 1e-9)
		require.InDelta(t, w[3], ci.High, 1e-9)
	}
}
