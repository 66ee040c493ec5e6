//go:build gpu

package nvrtc

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

const tiny = `extern "C" __global__ void twice(float *y) { y[threadIdx.x] *= 2; }`

// need skips where the library is not there, unless it must be.
func need(t *testing.T) {
	if _, err := Version(); err != nil {
		if os.Getenv("REQUIRE_CUDA") != "" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
}

func TestCubinIsKept(t *testing.T) {
	need(t)
	dir := t.TempDir()
	t.Setenv("XDG_CACHE_HOME", dir)
	first, err := Cubin(tiny, "tiny", "sm_80")
	require.NoError(t, err)
	require.Contains(t, string(first), "twice")
	files, err := filepath.Glob(filepath.Join(dir, "croco", "cuda", "*.cubin"))
	require.NoError(t, err)
	require.Len(t, files, 1)
	require.NoError(t, os.WriteFile(files[0], []byte("from the cache"), 0o644))
	again, err := Cubin(tiny, "tiny", "sm_80")
	require.NoError(t, err)
	require.Equal(t, "from the cache", string(again))
	for _, other := range [][]string{{tiny, "sm_89"}, {tiny + " ", "sm_80"}, {tiny, "sm_80", "-lineinfo"}} { // anything else is compiled
		c, err := Cubin(other[0], "tiny", other[1], other[2:]...)
		require.NoError(t, err)
		require.NotEqual(t, "from the cache", string(c))
	}
	files, _ = filepath.Glob(filepath.Join(dir, "croco", "cuda", "*.cubin"))
	require.Len(t, files, 4)
}

func TestAFolderThatCannotBeWrittenCostsTimeAlone(t *testing.T) {
	need(t)
	t.Setenv("XDG_CACHE_HOME", "/dev/null/nowhere")
	_, err := Cubin(tiny, "tiny", "sm_80")
	require.NoError(t, err)
}

func TestErrorsNameTheLine(t *testing.T) {
	need(t)
	_, _, err := Compile("#line 7 \"mine.cu\"\nint f() { return x; }", "mine", "sm_80")
	require.ErrorContains(t, err, "mine.cu(7)")
	_, _, err = Compile(tiny, "tiny", "sm_1")
	require.ErrorContains(t, err, "tiny for sm_1")
}

func TestResources(t *testing.T) {
	need(t)
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	log, err := Resources(tiny, "tiny", "sm_80")
	require.NoError(t, err)
	require.Contains(t, log, "Compiling entry function 'twice'")
	require.Contains(t, log, "Used ")
}
