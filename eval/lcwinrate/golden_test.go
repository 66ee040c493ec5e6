package lcwinrate

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// The numbers come from ../testdata/golden.py: the same optimum found in 50 digits.
func TestAgreesWithFiftyDigits(t *testing.T) {
	raw, err := os.ReadFile("../testdata/golden.json")
	require.NoError(t, err)
	var golden struct {
		Cases []struct {
			Won           []float64
			Model, Other  []int
			Theta, Phi    float64
			WinRate       float64 `json:"win_rate"`
			StandardError float64 `json:"standard_error"`
			Controlled    float64
		} `json:"length_control"`
	}
	require.NoError(t, json.Unmarshal(raw, &golden))
	require.Len(t, golden.Cases, 5)
	for _, c := range golden.Cases {
		got := Of(c.Won, c.Model, c.Other)
		require.InDelta(t, c.WinRate, got.Mean, 1e-9)
		require.InDelta(t, c.StandardError, got.StandardError, 1e-9)
		require.InDelta(t, c.Controlled, got.Controlled.WinRate, 1e-9)
		require.InDelta(t, c.Theta, got.Controlled.Theta, 1e-9)
		require.InDelta(t, c.Phi, got.Controlled.Phi, 1e-9)
	}
}
