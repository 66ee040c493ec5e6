package safetensors

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// Values stay what they are when their memory is given back, be it a file's or the program's own.
func TestReleaseChangesNothing(t *testing.T) {
	want := bytes.Repeat([]byte("values"), 10000)
	path := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(path, want, 0o644))
	data, unmap, err := Map(path)
	require.NoError(t, err)
	own := bytes.Clone(want)
	for _, part := range [][]byte{data, data[1:], data[5000:20000], data[:10], own, own[1:], nil} {
		Release(part)
		require.True(t, bytes.Equal(want, data))
		require.True(t, bytes.Equal(want, own))
	}
	require.NoError(t, unmap())
	Release(own)
	require.True(t, bytes.Equal(want, own))
}
