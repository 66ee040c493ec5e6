package hub

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

const commit = "0123456789abcdef0123456789abcdef01234567"

// cached makes a cache that holds one repository as the hub's own tools leave it, and returns its snapshot.
func cached(t *testing.T, repo string, files ...string) string {
	t.Helper()
	cache := t.TempDir()
	t.Setenv("HF_HUB_CACHE", cache)
	dir := filepath.Join(cache, "models--"+repo)
	snapshot := filepath.Join(dir, "snapshots", commit)
	put(t, filepath.Join(dir, "refs", "main"), commit)
	put(t, filepath.Join(dir, "refs", "refs", "pr", "1"), commit)
	require.NoError(t, os.MkdirAll(snapshot, 0o755))
	for _, name := range files {
		put(t, filepath.Join(dir, "blobs", name+"-sha"), "{}")
		require.NoError(t, os.Symlink(filepath.Join("..", "..", "blobs", name+"-sha"), filepath.Join(snapshot, name)))
	}
	return snapshot
}

func put(t *testing.T, path, text string) {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
}

func TestResolve(t *testing.T) {
	snapshot := cached(t, "org--a_model-1.5B", "config.json", "q8.gguf")
	here := t.TempDir()
	for name, want := range map[string]string{
		here:                            here,
		"org/a_model-1.5B":              snapshot,
		"org/a_model-1.5B@main":         snapshot,
		"org/a_model-1.5B@refs/pr/1":    snapshot,
		"org/a_model-1.5B@" + commit:    snapshot,
		"org/a_model-1.5B/q8.gguf":      filepath.Join(snapshot, "q8.gguf"),
		"org/a_model-1.5B@main/q8.gguf": filepath.Join(snapshot, "q8.gguf"),
	} {
		got, err := Resolve(name)
		require.NoError(t, err)
		require.Equal(t, want, got, name)
	}
	text, err := ReadFile("org/a_model-1.5B", "config.json")
	require.NoError(t, err)
	require.Equal(t, "{}", string(text))
}

// A path that exists goes before a repository of the same name.
func TestAFolderGoesFirst(t *testing.T) {
	cached(t, "org--name", "config.json")
	t.Chdir(t.TempDir())
	require.NoError(t, os.MkdirAll("org/name", 0o755))
	got, err := Resolve("org/name")
	require.NoError(t, err)
	require.Equal(t, "org/name", got)
}

func TestRepositoriesThatAreNotThere(t *testing.T) {
	snapshot := cached(t, "org--name", "config.json")
	cache := Cache()
	for name, want := range map[string]string{
		"org/other":           filepath.Join(cache, "models--org--other") + " is not there either: if it is a repository of the Hugging Face hub, download it with: hf download org/other",
		"gpt2":                "download it with: hf download gpt2",
		"org/other@v1":        "hf download org/other --revision v1",
		"org/name@v1":         `revision "v1" is not in ` + filepath.Join(cache, "models--org--name") + "; found @" + commit + "; download it with: hf download org/name --revision v1",
		"org/name/q4.gguf":    "lacks its files, as after a download that was stopped; go on with: hf download org/name q4.gguf",
		"/nowhere/at/all":     "no such file or directory",
		"./org/name":          "no such file or directory",
		"org/name@../../x":    "no such file or directory",
		"../name":             "no such file or directory",
		"a/b/c":               "no such file or directory",
		"":                    "no such file or directory",
		"org--x/name":         "no such file or directory",
		"org/name with space": "no such file or directory",
	} {
		_, err := Resolve(name)
		require.ErrorContains(t, err, want, name)
		require.ErrorContains(t, err, `model "`+name+`"`)
	}
	require.NoError(t, os.Remove(filepath.Join(snapshot, "config.json")))
	_, err := Resolve("org/name")
	require.ErrorContains(t, err, "lacks its files")
	require.NoError(t, os.RemoveAll(snapshot))
	_, err = Resolve("org/name")
	require.ErrorContains(t, err, `revision "main" is commit "`+commit+`", which is not in`)
}

func TestWhereTheCacheIs(t *testing.T) {
	for _, key := range []string{"HF_HUB_CACHE", "HF_HOME", "XDG_CACHE_HOME"} {
		t.Setenv(key, "")
	}
	t.Setenv("HOME", "/home/ada")
	require.Equal(t, "/home/ada/.cache/huggingface/hub", Cache())
	t.Setenv("XDG_CACHE_HOME", "/var/cache")
	require.Equal(t, "/var/cache/huggingface/hub", Cache())
	t.Setenv("HF_HOME", "~/hf")
	require.Equal(t, "/home/ada/hf/hub", Cache())
	t.Setenv("HF_HUB_CACHE", "/scratch/hub")
	require.Equal(t, "/scratch/hub", Cache())
}

func TestReadFile(t *testing.T) {
	dir := t.TempDir()
	_, err := ReadFile(dir, "config.json")
	require.ErrorIs(t, err, fs.ErrNotExist)
	require.NotContains(t, err.Error(), "GGUF")
	put(t, filepath.Join(dir, "q8.gguf"), "")
	_, err = ReadFile(dir, "config.json")
	require.ErrorIs(t, err, fs.ErrNotExist)
	require.ErrorContains(t, err, "to take a GGUF file, name it: "+filepath.Join(dir, "q8.gguf"))
	golden := filepath.Join("..", "gguf", "testdata", "types.gguf")
	_, err = ReadFile(golden, "tokenizer.json")
	require.ErrorIs(t, err, fs.ErrNotExist)
	_, err = ReadFile(golden, "config.json")
	require.ErrorContains(t, err, `"llama.embedding_length": is missing`)
	require.Equal(t, golden+", as config.json", Path(golden, "config.json"))
	require.Equal(t, filepath.Join(dir, "config.json"), Path(dir, "config.json"))
}
