package device

import (
	"testing"

	"github.com/stretchr/testify/require"

	"croco/kernels"
)

func TestOpen(t *testing.T) {
	for name, want := range map[string]string{"auto": "cpu", "cpu": "cpu", "reference": "reference"} {
		d, err := Open(name, Options{Threads: 1})
		require.NoError(t, err)
		require.Equal(t, want, d.Name())
	}
	for _, name := range Names() {
		d, err := Open(name, Options{Threads: 0})
		require.NoError(t, err)
		require.Equal(t, name, d.Name())
	}
}

func TestOpenInAnArithmetic(t *testing.T) {
	for _, name := range []string{"cpu", "reference"} {
		for dtype, want := range map[string]kernels.DType{"": kernels.F32, "auto": kernels.F32, "float32": kernels.F32, "bfloat16": kernels.BF16, "bf16": kernels.BF16} {
			d, err := Open(name, Options{Threads: 1, DType: dtype})
			require.NoError(t, err)
			require.Equal(t, want, d.Arithmetic(), "%s, %q", name, dtype)
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	_, err := Open("gpu", Options{Threads: 0})
	require.EqualError(t, err, `device "gpu" is unknown: expected auto, cpu or reference`)
	_, err = Open("cuda", Options{Threads: 0})
	require.EqualError(t, err, "device cuda: this binary has no GPU support; use auto, cpu or reference")
	_, err = Open("cpu", Options{DType: "int8"})
	require.EqualError(t, err, `dtype "int8" is unknown: expected auto, float32 or bfloat16`)
	_, err = Open("cpu", Options{Threads: -1})
	require.ErrorContains(t, err, "-1 threads")
	t.Setenv("CROCO_CPU", "mmx")
	for _, name := range []string{"auto", "cpu"} {
		d, err := Open(name, Options{Threads: 1})
		require.ErrorContains(t, err, "CROCO_CPU=mmx")
		require.Nil(t, d)
	}
}
