package main

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestInspect(t *testing.T) {
	o := works(t, "inspect "+filepath.Join(models, "gemma2")+" --lengths 64,300")
	for _, want := range []string{"gemma2 (", "attention scores capped at 4", "  64 tokens", "300 tokens", "longer than the context", "none: the model works on token ids alone"} {
		require.Contains(t, o.out, want)
	}
	o = works(t, "inspect "+talker(t))
	for _, want := range []string{"tokenizer", "BPE", "  special", "template"} {
		require.Contains(t, o.out, want)
	}
	refused(t, 1, "nowhere", "inspect nowhere")
}
