package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// interrupt starts croco as a process, presses Ctrl-C as soon as a condition holds, and returns how it ended.
func interrupt(t *testing.T, when func() bool, line string) outcome {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	var out, errs bytes.Buffer
	c := exec.Command(self, strings.Fields(line)...)
	c.Env, c.Stdout, c.Stderr = append(os.Environ(), "CROCO_TEST_MAIN=1"), &out, &errs
	require.NoError(t, c.Start())
	require.Eventually(t, when, 30*time.Second, time.Millisecond, line)
	require.NoError(t, c.Process.Signal(syscall.SIGINT))
	_ = c.Wait()
	return outcome{c.ProcessState.ExitCode(), out.String(), errs.String()}
}

// grown reports whether a file has as many bytes.
func grown(path string, size int64) func() bool {
	return func() bool {
		info, err := os.Stat(path)
		return err == nil && info.Size() >= size
	}
}

func TestCtrlCKeepsWholeRowsAndTheNextRunGoesOn(t *testing.T) {
	dir, out := talker(t), t.TempDir()
	at := func(name string) string { return filepath.Join(out, name) }
	generate := "generate --model_name_or_path " + dir + " --prompts " + prompts(t) + " --n 12 --max_new_tokens 100 --ignore_eos --max_rows 4 --out "
	works(t, generate+at("whole.jsonl"))
	o := interrupt(t, grown(at("cut.jsonl"), 1), generate+at("cut.jsonl"))
	require.Equal(t, 130, o.code, o.err)
	require.Contains(t, o.err, "croco: interrupted; run the same command again to go on")
	kept := read(t, at("cut.jsonl"))
	require.True(t, strings.HasSuffix(kept, "\n"))
	require.Less(t, len(kept), len(read(t, at("whole.jsonl"))))

	write(t, at("cut.jsonl"), kept[:len(kept)-5]) // and as if the machine had died while it wrote
	works(t, generate+at("cut.jsonl"))
	require.Equal(t, read(t, at("whole.jsonl")), read(t, at("cut.jsonl")))
	refused(t, 1, "was made with other settings: seed was 42, now 9", generate+at("cut.jsonl")+" --seed 9")
}

func TestCtrlCInTrainingWritesACheckpoint(t *testing.T) {
	out := t.TempDir()
	at := func(name string) string { return filepath.Join(out, name) }
	train := "train dpo --model_name_or_path " + filepath.Join(models, "qwen3") + " --train_file " +
		filepath.Join("..", "..", "engine", "trainer", "testdata", "training", "pairs-qwen3.jsonl") +
		" --max_steps 80 --per_device_train_batch_size 2 --lora_r 4 --save_strategy no --report_to none --logging_steps 1 --output_dir "
	works(t, train+at("whole")+" --quiet")
	o := interrupt(t, grown(filepath.Join(at("cut"), "logging.jsonl"), 1), train+at("cut"))
	require.Equal(t, 130, o.code, o.err)
	require.Contains(t, o.err, "croco: step ")
	require.Contains(t, o.err, "resume_from_checkpoint newest")
	found, err := filepath.Glob(filepath.Join(at("cut"), "checkpoint-*"))
	require.NoError(t, err)
	require.Len(t, found, 1)

	refused(t, 1, "go on with resume_from_checkpoint newest", train+at("cut"))
	o = works(t, train+at("cut")+" --resume")
	require.Contains(t, o.err, "resumed after step "+strings.TrimPrefix(filepath.Base(found[0]), "checkpoint-"))
	for _, name := range []string{"adapter_model.safetensors", "trainer_state.json"} {
		require.Equal(t, read(t, at("whole"), name), read(t, at("cut"), name), name)
	}
}
