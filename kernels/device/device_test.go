package device

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"croco/kernels"
)

func TestOpen(t *testing.T) {
	for _, name := range Names() {
		d, err := Open(name, Options{Threads: 0})
		if name == "cuda" && os.Getenv("REQUIRE_CUDA") == "" && err != nil {
			continue // a binary with GPU support on a machine without a GPU
		}
		require.NoError(t, err)
		require.Equal(t, name, d.Name())
	}
}

func TestAutoSaysWhatItPassedOver(t *testing.T) {
	passed := map[string]bool{}
	d, err := Open("auto", Options{PassedOver: func(name string, why error) {
		require.Error(t, why)
		passed[name] = true
	}})
	require.NoError(t, err)
	for _, name := range Names() {
		if name == d.Name() {
			break
		}
		require.True(t, passed[name], "%s was passed over without a word", name)
	}
	require.Contains(t, []string{"cuda", "cpu"}, d.Name())
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
	if len(gpus) == 0 {
		require.EqualError(t, err, `device "gpu" is unknown: expected auto, cpu or reference`)
		_, err = Open("cuda", Options{Threads: 0})
		require.EqualError(t, err, "device cuda: this binary has no GPU support; use auto, cpu or reference")
	} else {
		require.EqualError(t, err, `device "gpu" is unknown: expected auto, cuda, cpu or reference`)
	}
	_, err = Open("cpu", Options{DType: "int8"})
	require.EqualError(t, err, `dtype "int8" is unknown: expected auto, float32 or bfloat16`)
	_, err = Open("cpu", Options{Linear: "cublaslt"})
	require.EqualError(t, err, "linear cublaslt: device cpu has croco's own alone: expected device cuda")
	_, err = Open("cpu", Options{Threads: -1})
	require.ErrorContains(t, err, "-1 threads")
	t.Setenv("CROCO_CPU", "mmx")
	names := []string{"cpu"}
	if len(gpus) == 0 { // else auto may find a GPU
		names = append(names, "auto")
	}
	for _, name := range names {
		d, err := Open(name, Options{Threads: 1})
		require.ErrorContains(t, err, "CROCO_CPU=mmx")
		require.Nil(t, d)
	}
}
