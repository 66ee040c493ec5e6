package source

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestEveryKernelHasItsFile(t *testing.T) {
	require.Contains(t, Files(), "rows")
	file, ok := FileOf("normalize_warp")
	require.True(t, ok)
	require.Equal(t, "rows", file)
	_, ok = FileOf("no_such_kernel")
	require.False(t, ok)
	require.Greater(t, len(Kernels()), 30)
	for _, k := range Kernels() {
		f, _ := FileOf(k)
		require.Contains(t, Text(f), "KERNEL("+k+",")
	}
}

func TestParameters(t *testing.T) {
	require.Equal(t, []string{"float *y", "const float *x", "u64 n"}, Parameters("add"))
	require.Equal(t, []string{"float *C", "const float *A", "const W *B"}, Parameters("linear_nt_wide_half")[:3])
	require.Equal(t, []string{"float *C", "const bf16 *A"}, Parameters("linear_bf16_nn_flat")[:2]) // beside BOUNDS
	require.Equal(t, []string{"float *dk", "float *dv", "const bf16 *dout"}, Parameters("attend_back_keys_bf16_16")[:3])
	for _, k := range Kernels() {
		for _, p := range Parameters(k) {
			require.Regexp(t, `^(const )?\w+ \*?\w+$`, p, k)
		}
	}
}

func TestTextHoldsEachHeaderOnceBeforeItsUser(t *testing.T) {
	for _, f := range Files() {
		text := Text(f)
		require.NotContains(t, text, `#include "m`, f) // headers of our own are put in place
		require.Equal(t, 1, strings.Count(text, `#line 1 "gpu.cuh"`), f)
		require.True(t, strings.HasPrefix(text, `#line 1 "gpu.cuh"`), f)
		require.Less(t, strings.Index(text, `#line 1 "math.cuh"`), strings.Index(text, `#line 1 "`+f+`.cu"`), f)
	}
}

func TestForArch(t *testing.T) {
	require.True(t, ForArch("rows", "sm_80"))
	require.True(t, ForArch("linear_sm90", "sm_90a"))
	require.False(t, ForArch("linear_sm90", "sm_100"))
	require.True(t, ForTests("bad"))
	require.False(t, ForTests("rows"))
}

func TestFilesStayShort(t *testing.T) {
	for _, f := range Files() {
		require.LessOrEqual(t, strings.Count(read(f+".cu"), "\n"), 500, f)
	}
}
