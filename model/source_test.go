package model

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"croco/kernels/reference"
)

// A model that is opened by its name on the hub keeps it: adapters name their base so, and find it again.
func TestModelsOfTheHub(t *testing.T) {
	cache := t.TempDir()
	t.Setenv("HF_HUB_CACHE", cache)
	dir := filepath.Join(cache, "models--org--tiny")
	real, err := filepath.Abs(filepath.Join("testdata", "models", "qwen3"))
	require.NoError(t, err)
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "snapshots"), 0o755))
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "refs"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "refs", "main"), []byte("c0ffee"), 0o644))
	require.NoError(t, os.Symlink(real, filepath.Join(dir, "snapshots", "c0ffee")))

	d := reference.New()
	m, err := Open("org/tiny", Options{Device: d})
	require.NoError(t, err)
	require.Equal(t, "org/tiny", m.Name)
	require.NoError(t, m.AddLoRA(LoRA{R: 2, Alpha: 4, Targets: []string{"all-linear"}, Seed: 1}))
	adapter := t.TempDir()
	require.NoError(t, m.SaveAdapter(adapter))
	require.NoError(t, m.Close())
	text, err := os.ReadFile(filepath.Join(adapter, adapterConfigFile))
	require.NoError(t, err)
	require.Contains(t, string(text), `"base_model_name_or_path": "org/tiny"`)

	r, err := VerifyAdapter(adapter, "", d)
	require.NoError(t, err)
	require.True(t, r.OK(), r.String())
	require.NotContains(t, r.String(), "was made for")
	r, err = VerifyAdapter(adapter, real, d)
	require.NoError(t, err)
	require.NotContains(t, r.String(), "was made for")
	other := t.TempDir()
	require.NoError(t, os.CopyFS(other, os.DirFS(real)))
	r, err = VerifyAdapter(adapter, other, d)
	require.NoError(t, err)
	require.Contains(t, r.String(), "the adapter was made for org/tiny, which is another place than "+other)

	t.Setenv("HF_HUB_CACHE", t.TempDir())
	_, err = VerifyAdapter(adapter, "", d)
	require.ErrorContains(t, err, "hf download org/tiny")
	r, err = VerifyAdapter(adapter, real, d)
	require.NoError(t, err)
	require.Contains(t, r.String(), "the adapter was made for org/tiny, which is not on this machine")
	_, err = Open("org/tiny", Options{Device: d})
	require.ErrorContains(t, err, "hf download org/tiny")
	require.ErrorContains(t, m.LoadAdapter("org/adapter", false), "hf download org/adapter")
}
