package safetensors

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"croco/kernels"
)

const models = "../testdata/models"

// A file that the reference implementation wrote is written again byte for byte.
func TestWriteIsWhatOthersWrite(t *testing.T) {
	for _, path := range []string{"qwen2-bf16/model.safetensors", "llama-sharded/model-00002-of-00003.safetensors"} {
		f, err := Open(filepath.Join(models, path))
		require.NoError(t, err)
		var items []Item
		for _, name := range f.Names() {
			x, _ := f.Tensor(name)
			items = append([]Item{Copy(x)}, items...) // any order
		}
		out := filepath.Join(t.TempDir(), "copy.safetensors")
		require.NoError(t, Write(out, items))
		want, err := os.ReadFile(f.Path)
		require.NoError(t, err)
		got, err := os.ReadFile(out)
		require.NoError(t, err)
		require.Equal(t, want, got)
		require.NoError(t, f.Close())
	}
}

// A write that fails leaves nothing behind, and the old file stays.
func TestWriteIsAtomic(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "w.safetensors")
	require.NoError(t, os.WriteFile(path, []byte("old"), 0o644))
	bad := Item{"x", "F32", []int{1}, func() ([]byte, error) { return nil, errors.New("disk full") }}
	require.ErrorContains(t, Write(path, []Item{FromFloats("a", []int{1}, []float32{1}, kernels.F32), bad}), "w.safetensors: disk full")
	old, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, "old", string(old))
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, entries, 1)

	short := Item{"x", "F32", []int{2}, func() ([]byte, error) { return make([]byte, 4), nil }}
	require.ErrorContains(t, Write(path, []Item{short}), "takes 8 bytes, 4 were given")
	require.ErrorContains(t, Write(path, []Item{short, short}), "is written twice")
}

func TestFolder(t *testing.T) {
	f, err := OpenFolder(filepath.Join(models, "llama-sharded"))
	require.NoError(t, err)
	require.Len(t, f.files, 3)
	x, ok := f.Tensor("model.norm.weight")
	require.True(t, ok)
	require.Equal(t, []int{48}, x.Shape)
	_, ok = f.Tensor("nothing")
	require.False(t, ok)
	require.NoError(t, f.Close())
}

func TestFolderRefuses(t *testing.T) {
	one := []Item{FromFloats("a", []int{1}, []float32{1}, kernels.F32)}
	for _, c := range []struct{ index, want string }{
		{``, "holds neither model.safetensors nor model.safetensors.index.json"},
		{`{`, "model.safetensors.index.json:"},
		{`{"weight_map":{}}`, `"weight_map" is missing or empty`},
		{`{"weight_map":{"a":"../s1"}}`, "is not the name of a file in the same folder"},
		{`{"weight_map":{"a":"s1","b":"s2"}}`, `the index names the shard "s2", which is missing (tensor "b" lies in it)`},
		{`{"weight_map":{"a":"s1","b":"s1"}}`, `tensor "b": the index model.safetensors.index.json says it lies here`},
		{`{"weight_map":{"b":"s1"}}`, `tensor "b"`},
	} {
		dir := t.TempDir()
		require.NoError(t, Write(filepath.Join(dir, "s1"), one))
		if c.index != "" {
			require.NoError(t, os.WriteFile(filepath.Join(dir, index), []byte(c.index), 0o644))
		}
		_, err := OpenFolder(dir)
		require.ErrorContains(t, err, c.want)
	}
	dir := t.TempDir()
	two := append(one, FromFloats("b", []int{1}, []float32{1}, kernels.F32))
	require.NoError(t, Write(filepath.Join(dir, "s1"), two))
	require.NoError(t, os.WriteFile(filepath.Join(dir, index), []byte(`{"weight_map":{"a":"s1"}}`), 0o644))
	_, err := OpenFolder(dir)
	require.ErrorContains(t, err, `tensor "b": the index model.safetensors.index.json does not list it here`)
}
