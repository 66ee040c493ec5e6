package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"croco/internal/jsonl"
	"croco/kernels"
	"croco/sampler"
	"croco/toyworld"
)

// toyRun writes the demo's models, prompts in two languages and a recipe, and returns the recipe's path.
func toyRun(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"policy", "reward"} {
		require.NoError(t, os.CopyFS(filepath.Join(dir, name), os.DirFS(filepath.Join("..", "..", "engine", "demo", "models", name))))
	}
	write(t, filepath.Join(dir, "policy", "tokenizer.json"), string(toyworld.TokenizerJSON()))
	for _, language := range []string{"en", "da"} {
		var b bytes.Buffer
		for _, task := range toyworld.Tasks(toyworld.Tune, 40, 3) {
			text, err := json.Marshal(toyworld.Text(toyworld.Prompt(task, language), language))
			require.NoError(t, err)
			row, err := jsonl.Marshal(sampler.Prompt{ID: sampler.ID(task.String()), Prompt: text, PromptIDs: toyworld.Chat(toyworld.Prompt(task, language))})
			require.NoError(t, err)
			b.Write(append(row, '\n'))
		}
		write(t, filepath.Join(dir, "tasks_"+language+".jsonl"), b.String())
	}
	recipe := filepath.Join(dir, "recipe.yaml")
	write(t, recipe, fmt.Sprintf(`model_name_or_path: %[1]s/policy
prompts: {train: [%[1]s/tasks_en.jsonl, %[1]s/tasks_da.jsonl]}
generate: {n: 16, max_new_tokens: 24, max_rows: 16}
score: {model_name_or_path: %[1]s/reward, max_rows: 128}
pair: {language_filter: none}
train: {learning_rate: 1.0e-3, lora_r: 4, max_length: 90, per_device_train_batch_size: 2, gradient_accumulation_steps: 1, save_strategy: steps, save_steps: 7, report_to: none}
`, dir))
	return recipe
}

// bytesOf are the files that a run promises to make byte for byte.
func bytesOf(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	require.NoError(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		require.NoError(t, err)
		if name := filepath.ToSlash(strings.TrimPrefix(path, dir)); strings.HasSuffix(name, "s.jsonl") || strings.HasSuffix(name, ".safetensors") || strings.HasSuffix(name, "trainer_state.json") {
			files[name] = read(t, path)
		}
		return nil
	}))
	return files
}

// size is how much a folder holds, in bytes.
func size(dir string) (n int64) {
	_ = filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			if info, err := d.Info(); err == nil {
				n += info.Size()
			}
		}
		return nil
	})
	return n
}

// A run whose process is killed again and again, each time somewhere in the next tenth of its work, and started again
// each time, ends with the bytes of one that was not.
func TestKilledAtRandomAndStartedAgain(t *testing.T) {
	recipe, out := toyRun(t), t.TempDir()
	whole, killed := filepath.Join(out, "whole"), filepath.Join(out, "killed")
	works(t, "-q run "+recipe+" --out "+whole)
	total := float64(size(whole))
	self, err := os.Executable()
	require.NoError(t, err)
	start := func() (*exec.Cmd, *bytes.Buffer) {
		c, errs := exec.Command(self, "-q", "run", recipe, "--out", killed), &bytes.Buffer{}
		c.Env, c.Stderr = append(os.Environ(), "CROCO_TEST_MAIN=1"), errs
		require.NoError(t, c.Start())
		return c, errs
	}
	kills := 0
	for tenth := range uint64(10) {
		c, errs := start()
		enough := int64(total * (float64(tenth) + kernels.Uniform(9, tenth)) / 10)
		ended := make(chan error, 1)
		go func() { ended <- c.Wait() }()
		for running := true; running; {
			select {
			case err := <-ended:
				if c.ProcessState.ExitCode() >= 0 { // it ended by itself
					require.NoError(t, err, errs.String())
				}
				running = false
			default:
				if size(killed) >= enough {
					_ = c.Process.Kill()
					kills++
					<-ended
					running = false
				}
				time.Sleep(time.Millisecond)
			}
		}
	}
	require.Greater(t, kills, 4)
	c, errs := start()
	require.NoError(t, c.Wait(), errs.String())
	want, got := bytesOf(t, whole), bytesOf(t, killed)
	require.Greater(t, len(want), 5)
	require.Equal(t, len(want), len(got))
	for name := range want {
		require.Equal(t, want[name], got[name], name)
	}
}
