package main

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// The arithmetic is chosen, told, written down, and not mixed within a file.
func TestArithmeticIsChosenAndRecorded(t *testing.T) {
	dir, out, file := talker(t), filepath.Join(t.TempDir(), "completions.jsonl"), prompts(t)
	line := " generate --model_name_or_path " + dir + " --prompts " + file + " --out " + out + short
	require.Contains(t, works(t, "--dtype bfloat16"+line).err, "bfloat16 products")
	require.Contains(t, read(t, filepath.Dir(out), "completions.jsonl.manifest.json"), `"dtype": "bfloat16"`)
	refused(t, 1, "dtype was bfloat16, now float32", "--dtype float32"+line)
	refused(t, 2, `dtype "int8" is unknown: expected auto, float32 or bfloat16`, "--dtype int8"+line)
	refused(t, 2, "--out_dtype", "--dtype float32 merge --model_name_or_path "+dir+" --adapter x --out y")
}
