package jsonl

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

type row struct {
	Text  string  `json:"text"`
	Score float32 `json:"score"`
}

func TestMarshalEscapesNothingNeedless(t *testing.T) {
	b, err := Marshal(row{"<a> & \u2028 \\u2028 \\\u2029 é\n", 0.1})
	require.NoError(t, err)
	require.Equal(t, "{\"text\":\"<a> & \u2028 \\\\u2028 \\\\\u2029 é\\n\",\"score\":0.1}", string(b))
}

func TestReadNamesFileAndLine(t *testing.T) {
	path := filepath.Join(t.TempDir(), "rows.jsonl")
	for text, want := range map[string]string{
		"{\"text\":\"a\"}\n\n{\"text\":":          "rows.jsonl:3: expected one JSON object a line",
		"{\"text\":\"a\"}\n{\"text\":3}\n":        `rows.jsonl:2: key "text": expected string, found a number`,
		"{\"text\":\"a\"}\n{\"text\":\"stop\"}\n": "rows.jsonl:2: no",
		"\xef\xbb\xbf{\"text\":\"stop\"}":         "rows.jsonl:1: no",
	} {
		require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
		err := Read(path, func(_ int, r row) error {
			if r.Text == "stop" {
				return errors.New("no")
			}
			return nil
		})
		require.ErrorContains(t, err, want)
	}
}

func TestOpenDropsHalfALine(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new", "rows.jsonl")
	w, err := Open(path)
	require.NoError(t, err)
	require.NoError(t, w.Append(row{"a", 1}, row{"b", 2}))
	require.NoError(t, w.Close())
	whole, err := os.ReadFile(path)
	require.NoError(t, err)
	for cut := 0; cut <= len(whole); cut++ {
		require.NoError(t, os.WriteFile(path, whole[:cut], 0o644))
		w, err := Open(path)
		require.NoError(t, err)
		for _, r := range []row{{"a", 1}, {"b", 2}}[w.Rows:] {
			require.NoError(t, w.Append(r))
		}
		require.NoError(t, w.Close())
		again, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Equal(t, string(whole), string(again), "cut at %d", cut)
	}
}

func TestAppendKeepsRowsOnAFullDisk(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	require.NoError(t, err)
	w := &Writer{path: "/dev/full", file: full}
	require.ErrorContains(t, w.Append(row{"a", 1}), "no space left")
	require.Zero(t, w.Rows)
}

func TestWriteFileReplacesWhole(t *testing.T) {
	path := filepath.Join(t.TempDir(), "d", "f")
	require.NoError(t, WriteFile(path, []byte("one")))
	require.NoError(t, WriteFile(path, []byte("two")))
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, "two", string(b))
	entries, err := os.ReadDir(filepath.Dir(path))
	require.NoError(t, err)
	require.Len(t, entries, 1)
}
