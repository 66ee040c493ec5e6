//go:build gpu

package cuda

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"croco/kernels"
)

// Multiprocessors × the boost clock of the data sheet × operations per cycle are the figures of the data sheet.
func TestPeaksOfDataSheets(t *testing.T) {
	for name, c := range map[string]struct {
		major, minor, SMs    int
		GHz, bfloat16, float float64 // TFLOP/s, dense
	}{
		"A100":             {8, 0, 108, 1.41, 312, 19.5},
		"H100 SXM":         {9, 0, 132, 1.83, 989, 61.8},
		"B200":             {10, 0, 148, 1.85, 2250, 70},
		"GeForce RTX 3090": {8, 6, 82, 1.695, 71, 35.6},
		"A10":              {8, 6, 72, 1.695, 125, 31.2},
		"GeForce RTX 4090": {8, 9, 128, 2.52, 165, 82.6},
		"L4":               {8, 9, 58, 2.04, 121, 30.3},
		"L40S":             {8, 9, 142, 2.52, 362, 91.6},
		"GeForce RTX 5090": {12, 0, 170, 2.407, 209.5, 104.8},
	} {
		for arithmetic, want := range map[kernels.DType]float64{kernels.BF16: c.bfloat16, kernels.F32: c.float} {
			got := float64(c.SMs) * c.GHz * perCycle(c.major, c.minor, strings.Contains(name, "GeForce"), arithmetic) / 1e3
			require.InEpsilon(t, want, got, 0.02, "%s, %v", name, arithmetic)
		}
	}
}
