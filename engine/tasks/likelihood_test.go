package tasks

import (
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"croco/eval/journal"
	"croco/kernels/forest"
	"croco/kernels/reference"
)

// talker opens a tiny model that reads and writes text.
func talker(t *testing.T) *reader {
	t.Helper()
	dir, from := t.TempDir(), filepath.Join("..", "..", "model")
	for to, path := range map[string]string{"config.json": "testdata/models/llama-tied/config.json", "model.safetensors": "testdata/models/llama-tied/model.safetensors",
		"generation_config.json": "testdata/models/llama-tied/generation_config.json", "tokenizer.json": "tokenizer/testdata/tiny-bytelevel.tokenizer.json"} {
		raw, err := os.ReadFile(filepath.Join(from, filepath.FromSlash(path)))
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(dir, to), raw, 0o644))
	}
	r, err := Model{ModelNameOrPath: dir, MaxRows: 4}.open(reference.New())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, r.Close()) })
	return r
}

// alone is the log-probability of a text's end, from the logits of a forward pass over nothing else.
func (r *reader) alone(t *testing.T, text, next string) float64 {
	t.Helper()
	before, err := r.codec.Encode(text, true)
	require.NoError(t, err)
	ids, err := r.codec.Encode(text+next, true)
	require.NoError(t, err)
	h := r.Forward(forest.Build([][]int32{ids}), false)
	defer h.Free()
	logits := r.Logits(h, nil)
	defer r.Device().Free(logits)
	values := make([]float32, len(ids)*r.Spec.Vocab)
	r.Device().Read(values, logits)
	sum := 0.0
	for at := len(before); at < len(ids); at++ {
		row, total := values[(at-1)*r.Spec.Vocab:at*r.Spec.Vocab], 0.0
		for _, v := range row {
			total += math.Exp(float64(v))
		}
		sum += float64(row[ids[at]]) - math.Log(total)
	}
	return sum
}

func TestLikelihoodsAreThoseOfTheTextsAlone(t *testing.T) {
	r := talker(t)
	texts := []options{
		{"a", "the passage is long. which one?", []string{" one", " two", " one and two"}},
		{"b", "the passage is long. which other?", []string{" one", " a red house"}},
		{"c", "x", []string{" y", " y"}},
	}
	j, err := journal.Open[[]float64](filepath.Join(t.TempDir(), "j"))
	require.NoError(t, err)
	defer j.Close()
	got, spent, err := r.likelihoods(t.Context(), texts, false, 4096, j, "", nil)
	require.NoError(t, err)
	require.Less(t, spent.Computed, spent.Stored)
	for i, text := range texts {
		for c, next := range text.next {
			require.InDelta(t, r.alone(t, text.text, next), got[i][c], 1e-4, "%s: %s", text.text, next)
		}
	}
	again, spent, err := r.likelihoods(t.Context(), texts, false, 4096, j, "", nil)
	require.NoError(t, err)
	require.Equal(t, got, again)
	require.Zero(t, spent.Computed, "what was measured is not computed again")
	_, _, err = r.likelihoods(t.Context(), []options{{"file, question 7", "x", []string{""}}}, false, 1, j, "", nil)
	require.ErrorContains(t, err, `file, question 7: the ending "" adds no token`)
}
