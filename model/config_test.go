package model

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"croco/kernels"
)

// edited is the config of a fixture model with keys changed; a nil value removes a key.
func edited(t testing.TB, name string, changes map[string]any) []byte {
	raw, err := os.ReadFile(filepath.Join("testdata", "models", name, "config.json"))
	require.NoError(t, err)
	var keys map[string]any
	require.NoError(t, json.Unmarshal(raw, &keys))
	for k, v := range changes {
		if keys[k] = v; v == nil {
			delete(keys, k)
		}
	}
	raw, err = json.Marshal(keys)
	require.NoError(t, err)
	return raw
}

func specOf(t testing.TB, raw []byte) (*Spec, error) {
	c, err := ParseConfig("config.json", raw)
	if err != nil {
		return nil, err
	}
	return c.Spec()
}

// Both spellings of every fixture mean the same Spec.
func TestBothSpellings(t *testing.T) {
	configs, err := filepath.Glob("testdata/models/*/config.json")
	require.NoError(t, err)
	require.NotEmpty(t, configs)
	for _, path := range configs {
		var specs [2]*Spec
		for i, name := range []string{"config.json", "config.v5.json"} {
			raw, err := os.ReadFile(filepath.Join(filepath.Dir(path), name))
			require.NoError(t, err)
			specs[i], err = specOf(t, raw)
			require.NoError(t, err)
		}
		require.Equal(t, specs[0], specs[1], path)
	}
}

// What changes the maths and is not supported is refused, with the key and the value.
func TestConfigRefuses(t *testing.T) {
	for _, c := range []struct {
		model   string
		changes map[string]any
		want    string
	}{
		{"llama-tied", map[string]any{"model_type": "mamba"}, `"model_type": "mamba" is a state-space model`},
		{"llama-tied", map[string]any{"model_type": nil}, `"model_type": is missing`},
		{"llama-tied", map[string]any{"hidden_act": "relu2"}, `"hidden_act": "relu2" is not supported`},
		{"llama-tied", map[string]any{"rope_scaling": map[string]any{"type": "ntk", "factor": 4}}, `"rope_scaling.rope_type": "ntk" is not supported; known: default, linear, dynamic, llama3, yarn, longrope`},
		{"llama-tied", map[string]any{"rope_scaling": map[string]any{"type": "linear"}}, `"rope_scaling.factor": is missing`},
		{"llama-tied", map[string]any{"rope_scaling": map[string]any{"type": "linear", "factor": 2, "beta_fast": 32}}, `"rope_scaling.beta_fast": unknown key with value 32`},
		{"llama-tied", map[string]any{"rope_scaling": 3}, `"rope_scaling": not a JSON object`},
		{"llama-tied", map[string]any{"rope_theta": 0}, `"rope_theta": expected a number above 0, found 0`},
		{"llama-tied", map[string]any{"quantization_config": map[string]any{"bits": 4}}, `"quantization_config": quantised weights`},
		{"llama-tied", map[string]any{"attn_logit_softcapping": 50.0}, `"attn_logit_softcapping": unknown key with value 50`},
		{"llama-tied", map[string]any{"partial_rotary_factor": 0.5}, `"partial_rotary_factor": 0.5 is not supported`},
		{"llama-tied", map[string]any{"hidden_size": nil}, `"hidden_size": is missing`},
		{"llama-tied", map[string]any{"hidden_size": "32"}, `"hidden_size": json:`},
		{"llama-tied", map[string]any{"num_hidden_layers": 0}, `"num_hidden_layers": expected a number above 0, and below 2³¹, found 0`},
		{"llama-tied", map[string]any{"num_hidden_layers": 1000000}, `"num_hidden_layers": 1000000 is more than 10000`},
		{"llama-tied", map[string]any{"num_key_value_heads": 3}, `"num_key_value_heads": 3 does not divide num_attention_heads 4`},
		{"llama-tied", map[string]any{"head_dim": nil, "hidden_size": 30}, `"hidden_size": 30 is not a multiple of num_attention_heads 4`},
		{"llama-tied", map[string]any{"head_dim": 7}, `"head_dim": 7 is odd`},
		{"llama-tied", map[string]any{"architectures": []string{"LlamaForTokenClassification"}}, `"architectures": "LlamaForTokenClassification" is not supported`},
		{"llama-tied", map[string]any{"architectures": []string{"LlavaForConditionalGeneration"}}, "is multimodal"},
		{"llama-tied", map[string]any{"layer_types": []string{"full_attention"}}, `"layer_types": lists 1 layers, num_hidden_layers is 3`},
		{"llama-tied", map[string]any{"layer_types": []string{"sliding_attention", "full_attention", "full_attention"}}, `"layer_types": layer 0 slides`},
		{"llama-tied", map[string]any{"pad_token_id": 1296}, `"pad_token_id": 1296 is outside the vocabulary of 1296`},
		{"mistral", map[string]any{"num_key_value_heads": nil}, `"num_key_value_heads": is missing`},
		{"qwen2-bf16", map[string]any{"use_mrope": true}, `"use_mrope": true is not supported`},
		{"gemma3", map[string]any{"use_bidirectional_attention": true}, `"use_bidirectional_attention": true is not supported`},
		{"gemma3", map[string]any{"layer_types": []string{"a", "b", "c", "d"}}, `layer 0: "a" is not supported`},
		{"cohere2", map[string]any{"use_qk_norm": true}, `"use_qk_norm": true is not supported`},
		{"cohere2", map[string]any{"head_dim": 16}, `"head_dim": 16 is not hidden_size / num_attention_heads`},
		{"cohere2", map[string]any{"layer_switch": 2}, `"layer_switch": 2 contradicts sliding_window_pattern 4`},
	} {
		_, err := specOf(t, edited(t, c.model, c.changes))
		require.ErrorContains(t, err, c.want)
		require.ErrorContains(t, err, "config.json")
	}
	_, err := ParseConfig("config.json", []byte(`{"model_type":"llama","model_type":"llama"}`))
	require.ErrorContains(t, err, `key "model_type" stands twice`)
}

// What does not change the maths is let through.
func TestConfigAccepts(t *testing.T) {
	spec, err := specOf(t, edited(t, "llama-tied", map[string]any{"attention_dropout": 0.1, "use_cache": false, "_name_or_path": "x",
		"new_switch": false, "new_list": []int{}, "rope_scaling": nil, "is_llama_config": true, "rope_interleaved": false}))
	require.NoError(t, err)
	require.True(t, spec.Tied)

	spec, err = specOf(t, edited(t, "qwen2-bf16", map[string]any{"use_sliding_window": true, "max_window_layers": 1}))
	require.NoError(t, err)
	require.Equal(t, []Layer{{0, 0}, {16, 0}, {16, 0}}, spec.Layers)

	spec, err = specOf(t, edited(t, "llama-seqcls", map[string]any{"id2label": map[string]string{"0": "a", "1": "b", "2": "c"}}))
	require.NoError(t, err)
	require.Equal(t, 3, spec.Labels)
	spec, err = specOf(t, edited(t, "llama-seqcls", map[string]any{"id2label": nil}))
	require.NoError(t, err)
	require.Equal(t, 2, spec.Labels, "transformers' default")

	spec, err = specOf(t, edited(t, "gemma3", map[string]any{"layer_types": nil, "num_hidden_layers": 12}))
	require.NoError(t, err)
	for i, l := range spec.Layers {
		full := i == 5 || i == 11
		require.Equal(t, full, l.Window == 0, "layer %d", i)
		require.Equal(t, full, l.Rope == 0)
	}
	spec, err = specOf(t, edited(t, "qwen3", map[string]any{"head_dim": nil, "max_position_embeddings": nil}))
	require.NoError(t, err)
	require.Equal(t, []int{128, 32768}, []int{spec.Head, spec.Positions}, "transformers' defaults")
	spec, err = specOf(t, edited(t, "cohere2", nil))
	require.NoError(t, err)
	require.Equal(t, []Layer{{16, 0}, {16, 0}, {16, 0}, {0, -1}}, spec.Layers)
	require.Equal(t, kernels.Norm{LayerNorm: true, Eps: 1e-5}, spec.Norm)
}

// llama3 scaling by hand: base 500000, D 16, factor 8, wavelengths of the 32-token context between 8 and 32 blend.
func TestRopeScaling(t *testing.T) {
	s := RopeScaling{Kind: "llama3", Factor: 8, LowFreqFactor: 1, HighFreqFactor: 4, Orig: 32}
	require.Equal(t, 1.0, s.apply(1, 0, RopeSpec{}), "wavelength 6.3 stays")
	require.Equal(t, 0.1/8, s.apply(0.1, 0, RopeSpec{}), "wavelength 62.8 is stretched")
	half := 2.5 / 32 * 2 * math.Pi // 2.5 turns in the context: halfway
	require.InDelta(t, 0.5*half+0.5*half/8, s.apply(half, 0, RopeSpec{}), 1e-15)

	linear := RopeSpec{Theta: 10000, Dim: 4, Scaling: RopeScaling{Kind: "linear", Factor: 4}}
	cos, sin := linear.tables(3)
	require.Equal(t, float32(math.Cos(2.0/4)), cos[4])
	require.Equal(t, float32(math.Sin(2.0/4/100)), sin[5])
}

func FuzzConfig(f *testing.F) {
	for _, name := range append([]string{"gemma3-vision", "phi3-longrope", "llama-dynamic", "mistral-seqcls"}, allModels...) {
		f.Add(edited(f, name, nil))
	}
	f.Add([]byte(`{"model_type":"gemma3_text","rope_parameters":{"full_attention":null}}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		spec, err := specOf(t, raw)
		if err != nil {
			require.Nil(t, spec)
			return
		}
		require.Zero(t, spec.Heads%spec.KVHeads)
		require.Positive(t, spec.AttnScale)
	})
}

func FuzzAdapterConfig(f *testing.F) {
	raw, err := os.ReadFile("testdata/training/dpo-llama/initial/adapter_config.json")
	require.NoError(f, err)
	f.Add(raw)
	f.Add([]byte(`{"peft_type":"LORA","r":4,"lora_alpha":8,"target_modules":"all-linear"}`))
	f.Add([]byte(`{"peft_type":"LORA","r":4,"lora_alpha":8,"target_modules":["q_proj"],"loftq_config":{"a":1}}`))
	spec, err := specOf(f, edited(f, "llama-tied", nil))
	require.NoError(f, err)
	m, path := &Model{Spec: spec}, filepath.Join(f.TempDir(), adapterConfigFile)
	f.Fuzz(func(t *testing.T, raw []byte) {
		require.NoError(t, os.WriteFile(path, raw, 0o644))
		if l, _, err := m.readAdapterConfig(path); err == nil {
			require.Positive(t, l.R)
			require.Positive(t, l.scale())
		}
	})
}

func FuzzGeneration(f *testing.F) {
	f.Add([]byte(`{"eos_token_id":[1,2],"pad_token_id":0,"temperature":0.6,"top_k":20,"do_sample":true}`))
	f.Add([]byte(`{"eos_token_id":-1e9,"top_p":null}`))
	config, err := ParseConfig("config.json", edited(f, "llama-tied", nil))
	require.NoError(f, err)
	path := filepath.Join(f.TempDir(), generationFile)
	f.Fuzz(func(t *testing.T, raw []byte) {
		require.NoError(t, os.WriteFile(path, raw, 0o644))
		if g, err := readGeneration(path, config); err == nil {
			require.NotEmpty(t, g.EOS)
		}
	})
}
