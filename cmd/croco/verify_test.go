package main

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestVerifyModel(t *testing.T) {
	o := works(t, "verify model "+filepath.Join(models, "qwen3"))
	require.Contains(t, o.out, "log-probs of tokens")
	require.Contains(t, works(t, "verify model "+filepath.Join(models, "qwen3")+" --expected "+filepath.Join(models, "qwen3")).out, "ok")

	expected := t.TempDir() // one expected number is another
	text := read(t, models, "qwen3", "expected.json")
	changed := strings.Replace(text, `"value": `, `"value": 1`, 1)
	require.NotEqual(t, text, changed)
	write(t, filepath.Join(expected, "expected.json"), changed)
	write(t, filepath.Join(expected, "expected.safetensors"), read(t, models, "qwen3", "expected.safetensors"))
	o = typed(t, "verify model "+filepath.Join(models, "qwen3")+" --expected "+expected)
	require.Equal(t, 1, o.code)
	require.Contains(t, o.out, "FAILED")
	require.Contains(t, o.err, "croco: verify: a check failed")
}

func TestVerifyExact(t *testing.T) {
	o := works(t, "verify exact --model "+talker(t))
	require.Equal(t, 5, strings.Count(o.out, "  ok "), o.out)
	require.Contains(t, o.err, "verify exact: a score does not depend on its batch")
	o = works(t, "verify exact --quiet --model "+filepath.Join(models, "llama-seqcls"))
	require.Equal(t, 2, strings.Count(o.out, "  ok "), o.out)
	require.Empty(t, o.err)
	refused(t, 1, "nowhere", "verify exact --model nowhere")
}

func TestVerifyAdapterRefusesAnotherBase(t *testing.T) {
	adapter := filepath.Join("..", "..", "engine", "trainer", "testdata", "training", "dpo-qwen3", "final")
	works(t, "verify adapter "+adapter+" --model "+filepath.Join(models, "qwen3"))
	refused(t, 1, "adapter_model.safetensors", "verify adapter "+adapter+" --model "+filepath.Join(models, "llama-tied"))
	refused(t, 1, `model "../../../models/qwen3"`, "verify adapter "+adapter) // the base that the adapter names
}
