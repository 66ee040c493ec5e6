package gguf_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"croco/kernels/reference"
	"croco/model"
	"croco/model/gguf"
	"croco/model/safetensors"
)

// Every family computes from GGUF what an independent implementation computed from the folder. Some folders have settings
// that this test, or any GGUF file, does not state: these take the folder's config.
func TestFamilies(t *testing.T) {
	for folder, c := range map[string]struct {
		arch    string
		unusual bool
	}{"llama-tied": {"llama", false}, "llama-untied-rope3": {"llama", true},
		"llama-bias-linear": {"llama", true}, "qwen2-bf16": {"qwen2", false},
		"qwen3": {"qwen3", false}, "olmo2": {"olmo2", false}, "smollm3": {"smollm3", false}, "gemma2": {"gemma2", true}, "gemma3": {"gemma3", true},
		"cohere": {"command-r", false}, "cohere-qknorm": {"command-r", false}, "cohere2": {"cohere2", false}} {
		t.Run(folder, func(t *testing.T) {
			dir := filepath.Join("..", "testdata", "models", folder)
			raw, err := os.ReadFile(filepath.Join(dir, "config.json"))
			require.NoError(t, err)
			var config map[string]any
			require.NoError(t, json.Unmarshal(raw, &config))
			source, err := safetensors.OpenFolder(dir)
			require.NoError(t, err)
			defer source.Close()
			path := gguf.WriteModel(t, c.arch, metadata(config), source)
			from := path
			if c.unusual {
				from = dir
			}
			settings, err := model.ReadConfig(from)
			require.NoError(t, err)
			report, err := model.VerifyAs(path, settings, dir, reference.New())
			require.NoError(t, err)
			require.True(t, report.OK(), report.String())
		})
	}
}

// metadata is what llama.cpp's converter writes of a config.json.
func metadata(config map[string]any) map[string]any {
	keys := map[string]any{}
	for key, from := range map[string]string{"embedding_length": "hidden_size", "block_count": "num_hidden_layers",
		"feed_forward_length": "intermediate_size", "attention.head_count": "num_attention_heads",
		"attention.head_count_kv": "num_key_value_heads", "context_length": "max_position_embeddings",
		"attention.key_length": "head_dim", "attention.value_length": "head_dim", "vocab_size": "vocab_size"} {
		if n, ok := config[from].(float64); ok {
			keys[key] = int(n)
		}
	}
	for key, from := range map[string]string{"attention.layer_norm_rms_epsilon": "rms_norm_eps", "rope.freq_base": "rope_theta",
		"attention.layer_norm_epsilon": "layer_norm_eps", "logit_scale": "logit_scale", "attn_logit_softcapping": "attn_logit_softcapping",
		"final_logit_softcapping": "final_logit_softcapping"} {
		if x, ok := config[from].(float64); ok {
			keys[key] = float32(x)
		}
	}
	if n, ok := config["sliding_window"].(float64); ok && slices.Contains([]any{"gemma2", "gemma3_text", "cohere2"}, config["model_type"]) {
		keys["attention.sliding_window"] = int(n)
	}
	return keys
}
