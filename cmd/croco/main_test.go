package main

import (
	"bytes"
	"context"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestMain lets the test binary be croco itself, for the tests that need a process.
func TestMain(m *testing.M) {
	if os.Getenv("CROCO_TEST_MAIN") != "" {
		main()
	}
	os.Unsetenv("CROCO_DEVICE")
	os.Exit(m.Run())
}

// outcome is what a command line left.
type outcome struct {
	code     int
	out, err string
}

// typed runs a command line as a user types it, words separated by spaces, with lines on standard input.
func typed(t *testing.T, line string, input ...string) outcome {
	t.Helper()
	var out, err bytes.Buffer
	code := run(context.Background(), strings.Fields(line), strings.NewReader(strings.Join(input, "\n")), &out, &err)
	return outcome{code, out.String(), err.String()}
}

// works runs a command line that must succeed.
func works(t *testing.T, line string, input ...string) outcome {
	t.Helper()
	o := typed(t, line, input...)
	require.Equal(t, 0, o.code, "croco %s\n%s", line, o.err)
	return o
}

// refused runs a command line that must fail with a code and a message.
func refused(t *testing.T, code int, message, line string, input ...string) {
	t.Helper()
	o := typed(t, line, input...)
	require.Equal(t, code, o.code, "croco %s\n%s", line, o.err)
	require.Contains(t, o.err, message, "croco %s", line)
	require.Contains(t, o.err, "croco: ")
}

func write(t *testing.T, path, text string) string {
	t.Helper()
	require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
	return path
}

func read(t *testing.T, elements ...string) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(elements...))
	require.NoError(t, err)
	return string(raw)
}

func TestHelp(t *testing.T) {
	t.Setenv("COLUMNS", "120")
	o := works(t, "--help")
	golden := filepath.Join("testdata", "help.golden")
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		write(t, golden, o.out)
	}
	require.Equal(t, read(t, golden), o.out)
	require.Equal(t, o, typed(t, ""), "without a word it is the same")
	for _, line := range []string{"train --help", "train dpo --help", "pair croco --help", "verify exact -h", "generate --n 3 --help"} {
		require.Contains(t, works(t, line).out, "Usage: croco "+strings.Fields(line)[0], line)
	}
	require.Contains(t, works(t, "train dpo --help").out, "--beta=0.1")
	require.NotContains(t, works(t, "train sft --help").out, "--beta")
	require.Contains(t, works(t, "train sft --help").out, "--learning_rate=2e-05")
}

func TestExitCodesOfWrongUsage(t *testing.T) {
	for line, message := range map[string]string{
		"trian dpo":                       `unknown command "trian"; the nearest is "train"`,
		"train dop":                       `unknown command "dop"; the nearest is "dpo"`,
		"train":                           "expected one of",
		"train dpo --lerning-rate 1":      "unknown flag --lerning_rate; the nearest is --learning_rate",
		"train sft --beta 1":              "unknown flag --beta",
		"train dpo --learning_rate fast":  "learning_rate",
		"train dpo --learning_rate":       "--learning_rate: expected a value, found none",
		"train dpo":                       "model_name_or_path: expected the folder of a model",
		"train dpo --optim sgd":           "optim sgd is not supported: AdamW is the optimizer; expected adamw_torch or",
		"generate --n 4":                  "--model_name_or_path is missing",
		"generate --model_name_or_path m": "--prompts is missing",
		"score --out x --completions y":   "expected --model_name_or_path, --rules, or both",
		"merge --adapter x":               "--model_name_or_path is missing",
		"merge-shards":                    "shard",
		"tokenize":                        "--tokenizer is missing",
		"verify model --device abacus m":  `device "abacus" is unknown`,
		"verify model --expacted x m":     "unknown flag --expacted; the nearest is --expected",
		"generate --model_name_or_path m --prompts p --out o --shard 3/2": "shard: expected i/n",
	} {
		refused(t, 2, message, line)
	}
	for line, message := range map[string]string{
		"verify model nowhere": "nowhere",
		"chat --template none": "none",
		"merge --model_name_or_path nowhere --adapter x --out y": "nowhere",
	} {
		refused(t, 1, message, line)
	}
}

func TestDeviceIsChosenAndNamed(t *testing.T) {
	dir := filepath.Join(models, "llama-seqcls")
	require.Contains(t, works(t, "verify model "+dir).err, "device: cpu: ")
	t.Setenv("CROCO_DEVICE", "reference")
	require.Contains(t, works(t, "verify model "+dir).err, "device: reference: ")
	require.Contains(t, works(t, "verify model --device cpu --threads 1 "+dir).err, "1 thread")
	require.Empty(t, works(t, "-q verify model "+dir).err)
}

func TestEnv(t *testing.T) {
	out := works(t, "env").out
	for _, word := range []string{"processor", "features", "device     cpu: ", "device     reference: ", "attention float32"} {
		require.Contains(t, out, word)
	}
	require.NotContains(t, out, "WRONG")
}
