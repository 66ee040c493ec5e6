//go:build gpu

package main

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestCUDARunsTheLoop is croco run on the GPU at the size of a toy. From the same completions, the host's scores, pairs and losses
// are those of the GPU in float32, within rounding.
func TestCUDARunsTheLoop(t *testing.T) {
	recipe, out := toyRun(t), t.TempDir()
	for _, language := range []string{"en", "da"} {
		path := filepath.Join(filepath.Dir(recipe), "tasks_"+language+".jsonl")
		write(t, path, strings.Join(strings.SplitAfter(read(t, path), "\n")[:4], ""))
	}
	run := func(device, out string) {
		works(t, "run "+recipe+" --device "+device+" --dtype float32 --out "+out+" --set generate.n=6 --set train.max_steps=3 --set train.logging_steps=1")
	}
	gpu, host := filepath.Join(out, "gpu"), filepath.Join(out, "host")
	run("cuda", gpu)
	require.Equal(t, math.Ln2, firstLoss(t, filepath.Join(gpu, "adapter")), "the reference is the sampler's record, bit for bit")
	require.NoError(t, os.CopyFS(host, os.DirFS(gpu)))
	for _, stage := range []string{"recipe.yaml", "scores", "pairs", "adapter", "report.html"} {
		require.NoError(t, os.RemoveAll(filepath.Join(host, stage)))
	}
	run("cpu", host)
	for _, file := range []string{"completions/completions.jsonl", "scores/scores.jsonl", "pairs/pairs.jsonl", "adapter/logging.jsonl"} {
		want, got := rowsOf(t, host, file), rowsOf(t, gpu, file)
		require.NotEmpty(t, want, file)
		require.Equal(t, len(want), len(got), file)
		for i := range want {
			alike(t, want[i], got[i], file)
		}
	}
}

func rowsOf(t *testing.T, elements ...string) (rows []any) {
	d := json.NewDecoder(strings.NewReader(read(t, elements...)))
	for d.More() {
		var row any
		require.NoError(t, d.Decode(&row))
		rows = append(rows, row)
	}
	return rows
}

// apart are keys whose values may differ: times, and the share of positive margins where all are near 0.
var apart = []string{"rewards/accuracies", "train_runtime", "train_samples_per_second", "train_steps_per_second", "seconds", "tokens_per_second"}

// alike holds texts and structure to be equal, and numbers to lie within rounding.
func alike(t *testing.T, want, got any, where string) {
	switch w := want.(type) {
	case map[string]any:
		g, ok := got.(map[string]any)
		require.True(t, ok, where)
		for key := range w {
			if !slices.Contains(apart, key) {
				alike(t, w[key], g[key], where+" "+key)
			}
		}
	case []any:
		require.Len(t, got, len(w), where)
		for i := range w {
			alike(t, w[i], got.([]any)[i], where)
		}
	case float64:
		require.InDelta(t, w, got, 2e-4+1e-4*math.Abs(w), where)
	default:
		require.Equal(t, want, got, where)
	}
}
