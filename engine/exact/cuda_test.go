//go:build gpu

package exact

import (
	"testing"

	"github.com/stretchr/testify/require"

	"croco/kernels"
	"croco/kernels/cuda"
)

// The promises hold on the GPU too, in both arithmetics.
func TestCUDAPromisesHold(t *testing.T) {
	for _, arithmetic := range []kernels.DType{kernels.F32, kernels.BF16} {
		t.Run(arithmetic.String(), func(t *testing.T) {
			d, err := cuda.New(cuda.Options{Arithmetic: arithmetic})
			if err != nil {
				t.Skip(err) // kernels/cuda fails where there must be one
			}
			got, r := verdicts(t, "qwen3", "", func(int, kernels.Device) kernels.Device { return d })
			require.Equal(t, "+++++", got, "%s", r)
		})
	}
}
