//go:build gpu

package blaslt

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestALibraryThatIsNotThere(t *testing.T) {
	t.Setenv("CROCO_CUBLASLT", "/nowhere/libcublasLt.so.12")
	require.EqualError(t, load(), "cublaslt: no libcublasLt, looked for /nowhere/libcublasLt.so.12: install the CUDA toolkit or pip's nvidia-cublas-cu12, or set CROCO_CUBLASLT to the library's path")
}

func TestALibraryThatLacksSomething(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "old.so")
	require.NoError(t, os.WriteFile(filepath.Join(dir, "old.c"), []byte("long cublasLtGetVersion(void) { return 10000; }"), 0o644))
	out, err := exec.Command("gcc", "-shared", "-fPIC", "-o", path, filepath.Join(dir, "old.c")).CombinedOutput()
	require.NoError(t, err, string(out))
	t.Setenv("CROCO_CUBLASLT", path)
	require.EqualError(t, load(), "cublaslt: "+path+" has no cublasLtGetStatusString: expected cuBLASLt 12 or 13")
}
