package engine_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"croco/engine"
	"croco/engine/trainer"
	"croco/internal/jsonl"
	"croco/kernels"
	"croco/kernels/cpu"
	"croco/sampler"
	"croco/toyworld"
)

// toyRecipe is a small run of the toy models in two languages: English and Danish, six tasks, eight answers each.
func toyRecipe(t *testing.T, out string) engine.Recipe {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"policy", "reward"} {
		require.NoError(t, os.CopyFS(filepath.Join(dir, name), os.DirFS(filepath.Join("demo", "models", name))))
	}
	require.NoError(t, os.WriteFile(filepath.Join(dir, "policy", "tokenizer.json"), toyworld.TokenizerJSON(), 0o644))
	prompts := func(split toyworld.Split, language string) string {
		var b bytes.Buffer
		for _, task := range toyworld.Tasks(split, 6, 3) {
			text, err := json.Marshal(toyworld.Text(toyworld.Prompt(task, language), language))
			require.NoError(t, err)
			row, err := jsonl.Marshal(sampler.Prompt{ID: sampler.ID(task.String()), Prompt: text, PromptIDs: toyworld.Chat(toyworld.Prompt(task, language))})
			require.NoError(t, err)
			b.Write(append(row, '\n'))
		}
		path := filepath.Join(dir, string(split)+"_"+language+".jsonl")
		require.NoError(t, os.WriteFile(path, b.Bytes(), 0o644))
		return path
	}
	r := engine.Defaults()
	r.ModelNameOrPath, r.OutputDir = filepath.Join(dir, "policy"), out
	r.Prompts.Train = []string{prompts(toyworld.Tune, "en"), prompts(toyworld.Tune, "da")}
	r.Prompts.Test = []string{prompts(toyworld.Test, "en"), prompts(toyworld.Test, "da")}
	r.Generate.N, r.Generate.MaxNewTokens, r.Generate.MaxRows = 8, 24, 16
	r.Score.ModelNameOrPath, r.Score.MaxRows = filepath.Join(dir, "reward"), 256
	r.Pair.MinGap = 0.01
	r.Train.LearningRate, r.Train.LoraR, r.Train.LoraAlpha, r.Train.MaxLength = 1e-3, 4, 8, 90
	r.Train.PerDeviceTrainBatchSize, r.Train.GradientAccumulationSteps, r.Train.NumTrainEpochs = 2, 2, 2
	r.Train.SaveStrategy, r.Train.SaveSteps, r.Train.ReportTo = "steps", 2, "none"
	r.Eval.N = 2
	return r
}

func device(t *testing.T) kernels.Device {
	t.Helper()
	d, err := cpu.New(0)
	require.NoError(t, err)
	return d
}

// made is what a run promises to make byte for byte, whatever stopped it: everything but times and what names folders.
func made(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	require.NoError(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		require.NoError(t, err)
		name, _ := filepath.Rel(dir, path)
		base := d.Name()
		switch {
		case d.IsDir(), base == ".lock", base == "recipe.yaml", base == "report.html", base == "logging.jsonl", base == "adapter_config.json",
			strings.HasSuffix(base, "manifest.json"), strings.HasPrefix(base, "events."):
			return nil
		}
		raw, err := os.ReadFile(path)
		require.NoError(t, err)
		files[filepath.ToSlash(name)] = string(raw)
		return nil
	}))
	return files
}

func TestRunLeavesTheFolderOfTheDesign(t *testing.T) {
	r := toyRecipe(t, filepath.Join(t.TempDir(), "out"))
	var told strings.Builder
	ready := 0
	hooks := engine.Hooks{Say: func(s string) { told.WriteString(s) }, Ready: func(trainer.Summary, trainer.Args) { ready++ }}
	require.NoError(t, r.Run(context.Background(), device(t), hooks))
	for _, name := range []string{"recipe.yaml", "report.html", "prompts/prompts.jsonl", "completions/completions.jsonl", "completions/manifest.json",
		"scores/scores.jsonl", "scores/manifest.json", "pairs/pairs.jsonl", "pairs/manifest.json", "adapter/adapter_model.safetensors",
		"adapter/adapter_config.json", "adapter/tokenizer.json", "adapter/trainer_state.json", "eval/before.jsonl", "eval/after.jsonl", "eval/summary.json"} {
		_, err := os.Stat(filepath.Join(r.OutputDir, name))
		require.NoError(t, err)
	}
	require.Equal(t, 1, ready)

	// The sampler's record was the reference: the first step is exactly ln 2 with margins of exactly 0.
	var state struct {
		History []map[string]float64 `json:"log_history"`
	}
	raw, err := os.ReadFile(filepath.Join(r.OutputDir, "adapter", "trainer_state.json"))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(raw, &state))
	require.Equal(t, 0.6931471805599453, state.History[0]["loss"])
	require.Zero(t, state.History[0]["rewards/margins"])
	entries, err := filepath.Glob(filepath.Join(r.OutputDir, "adapter", "reference-*"))
	require.NoError(t, err)
	require.Empty(t, entries, "no reference forward pass")

	// A second run finds nothing to do and changes nothing.
	before := made(t, r.OutputDir)
	require.NoError(t, r.Run(context.Background(), device(t), engine.Hooks{Ready: func(trainer.Summary, trainer.Args) { t.Error("it trained again") }}))
	require.Equal(t, before, made(t, r.OutputDir))

	// A file that was deleted is made again.
	require.NoError(t, os.Remove(filepath.Join(r.OutputDir, "scores", "scores.jsonl")))
	require.NoError(t, r.Run(context.Background(), device(t), engine.Hooks{}))
	require.Equal(t, before, made(t, r.OutputDir))

	// Another recipe is refused in the same folder.
	other := r
	other.Eval.N = 3
	require.ErrorContains(t, other.Run(context.Background(), device(t), engine.Hooks{}), "holds a run of another recipe")
}

// A run that is stopped again and again, anywhere, and started again ends with the bytes of one that was not.
func TestStoppedAnywhereAndResumed(t *testing.T) {
	r := toyRecipe(t, filepath.Join(t.TempDir(), "whole"))
	require.NoError(t, r.Run(context.Background(), device(t), engine.Hooks{}))
	want := made(t, r.OutputDir)
	require.Greater(t, len(want), 10)

	stopped := r
	stopped.OutputDir = filepath.Join(t.TempDir(), "stopped")
	for try := range 200 {
		ctx, cancel := context.WithCancel(context.Background())
		events := 0
		limit := 3 + int(kernels.Mix(5, uint64(try))%23)
		tick := func() {
			if events++; events == limit {
				cancel()
			}
		}
		err := stopped.Run(ctx, device(t), engine.Hooks{Progress: func(engine.Update) { tick() }, Step: func(trainer.Status) { tick() }})
		cancel()
		if err == nil {
			require.Greater(t, try, 3, "the run was never stopped")
			got := made(t, stopped.OutputDir)
			for name := range want {
				require.Equal(t, want[name], got[name], name)
			}
			require.Len(t, got, len(want))
			return
		}
		require.True(t, errors.Is(err, context.Canceled) || errors.Is(err, trainer.ErrInterrupted), "%v", err)
		tear(t, stopped.OutputDir, try)
	}
	t.Fatal("the run never ended")
}

// tear cuts a stage's file in the middle of a row, as a killed process might have left it.
func tear(t *testing.T, dir string, try int) {
	t.Helper()
	for _, stage := range []string{"completions", "scores"} {
		path := filepath.Join(dir, stage, stage+".jsonl")
		manifest, err := os.ReadFile(filepath.Join(dir, stage, "manifest.json"))
		if err != nil || bytes.Contains(manifest, []byte(`"done": true`)) {
			continue
		}
		info, err := os.Stat(path)
		if err != nil || info.Size() < 100 {
			continue
		}
		require.NoError(t, os.Truncate(path, info.Size()-int64(try%97)))
	}
}

func TestOneRunAtATime(t *testing.T) {
	r := toyRecipe(t, filepath.Join(t.TempDir(), "out"))
	var second error
	hooks := engine.Hooks{Progress: func(u engine.Update) {
		if second == nil {
			second = fmt.Errorf("tried: %w", r.Run(context.Background(), device(t), engine.Hooks{}))
		}
	}}
	require.NoError(t, r.Run(context.Background(), device(t), hooks))
	require.ErrorContains(t, second, "is in use by another run")
}

func TestRecipesThatCannotRun(t *testing.T) {
	r := engine.Recipe{Method: "croco"}
	err := r.Validate()
	for _, want := range []string{"model_name_or_path: expected", "prompts.train: expected", "score: expected", "generate.n: a pair needs two answers"} {
		require.ErrorContains(t, err, want)
	}
	r = toyRecipe(t, t.TempDir())
	r.Train.OutputDir = "elsewhere"
	require.ErrorContains(t, r.Run(context.Background(), device(t), engine.Hooks{}), "train.output_dir: a run decides this itself")
}
