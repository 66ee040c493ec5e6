package model

import (
	"encoding/json"
	"flag"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"croco/kernels"
	"croco/kernels/reference"
	"croco/model/safetensors"
)

var update = flag.Bool("update", false, "write the generated parts of docs/models.md")

// fixtureOf is a fixture language model of a family that reads texts of any length.
func fixtureOf(t *testing.T, family string) string {
	for _, name := range allModels {
		if c, err := ReadConfig(filepath.Join("testdata", "models", name)); err == nil && c.ModelType == family {
			return name
		}
	}
	t.Fatalf("no fixture model is a %s", family)
	return ""
}

// What the table of families says: each generates, scores, trains an adapter and all weights, and writes an adapter.
func TestEveryFamily(t *testing.T) {
	for family := range families {
		t.Run(family, func(t *testing.T) {
			name := fixtureOf(t, family)
			dir := filepath.Join("testdata", "models", name)
			m := onCPU(t, name, Options{})
			text, steps := m.texts(0, 8)[0], 0
			m.continued(text[:5], text[5:], func(int, int32, []float32) { steps++ })
			require.Equal(t, 3, steps)

			ids := m.texts(0, 9)
			require.NoError(t, m.AddLoRA(LoRA{R: 2, Alpha: 4, Targets: m.Spec.Targets(), Seed: 1}))
			m.disturb()
			want := m.hiddenOf(ids)
			for name, grad := range m.gradientsOf(ids) {
				require.NotEqual(t, make([]float32, len(grad)), grad, name)
			}
			out := t.TempDir()
			require.NoError(t, m.SaveAdapter(out))
			m.RemoveAdapter()
			require.NoError(t, m.LoadAdapter(out, false))
			require.Equal(t, want, m.hiddenOf(ids))
			merged, err := m.Merged(false)
			require.NoError(t, err)
			defer merged.Close()
			require.InDelta(t, 0, apart(want[0], merged.hiddenOf(ids)[0]), 1e-4)

			c, err := OpenClassifier(dir, 3, Options{Device: reference.New(), Trainable: All})
			require.NoError(t, err)
			defer c.Close()
			require.NotEmpty(t, c.gradientsOf(ids)[scoreName])
			saved := t.TempDir()
			require.NoError(t, c.Save(saved, kernels.F32))
			again, err := Open(saved, Options{Device: reference.New()})
			require.NoError(t, err)
			defer again.Close()
			require.Equal(t, c.hiddenOf(ids), again.hiddenOf(ids))
			require.Equal(t, c.Config.Architecture, again.Config.Architecture)

			random, err := New(m.Config, 1, Options{Device: reference.New()})
			require.NoError(t, err)
			require.NoError(t, random.Close())
		})
	}
}

// docs/models.md holds the table that the code makes; -update writes it.
func TestFamilyTable(t *testing.T) {
	const path, from, to = "../docs/models.md", "<!-- families -->\n", "<!-- end -->\n"
	raw, err := os.ReadFile(path)
	require.NoError(t, err)
	head, rest, ok := strings.Cut(string(raw), from)
	require.True(t, ok)
	_, tail, ok := strings.Cut(rest, to)
	require.True(t, ok)
	table, err := FamilyTable()
	require.NoError(t, err)
	want := head + from + table + to + tail
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(want), 0o644))
		return
	}
	require.Equal(t, want, string(raw), "go test ./model -run FamilyTable -update")
}

// What people may ask for and what is refused, by what it is.
func TestRefusedByName(t *testing.T) {
	for model, kind := range map[string]string{"mixtral": "a mixture of experts", "xlm-roberta": "an encoder:", "mt5": "an encoder-decoder",
		"qwen2_5_vl": "a vision or multimodal model", "mamba2": "a state-space model", "gpt2": "is unknown; known: cohere, cohere2"} {
		_, err := specOf(t, []byte(`{"model_type":"`+model+`"}`))
		require.ErrorContains(t, err, kind)
		require.ErrorContains(t, err, `"`+model+`"`)
	}
}

// A context that a model's rotation depends on is chosen when it is opened, and changes no bit of a text afterwards.
func TestLongContext(t *testing.T) {
	for _, name := range []string{"phi3-longrope", "llama-dynamic"} {
		short := onCPU(t, name, Options{})
		require.Equal(t, 32, short.Spec.Positions)
		require.Greater(t, short.Spec.LongContext, 100)
		long := onCPU(t, name, Options{Context: 100})
		require.GreaterOrEqual(t, long.Spec.Positions, 100)
		text := long.texts(0, 100)[0]
		whole, begin := long.hiddenOf([][]int32{text})[0], long.hiddenOf([][]int32{text[:20]})[0]
		require.Equal(t, whole[:len(begin)], begin, "later tokens change nothing")
		require.NotEqual(t, begin, short.hiddenOf([][]int32{text[:20]})[0])
		require.NotEqual(t, short.Hash(), long.Hash())
		require.Panics(t, func() { short.hiddenOf([][]int32{text}) })
	}
}

// A multimodal model's file may have names of before transformers 4.52 or of after it, adapters too, and its text model
// saved alone computes the same.
func TestWrapperNames(t *testing.T) {
	m := onCPU(t, "gemma3-vision", Options{})
	ids := m.texts(0, 12)
	want := m.hiddenOf(ids)
	renamed := copyOf(t, "gemma3-vision", func(tensors map[string]safetensors.Tensor) {
		for name, x := range maps.Clone(tensors) {
			delete(tensors, name)
			if rest, ok := strings.CutPrefix(name, oldInnerPath); ok {
				tensors[innerPath+rest] = x
			} else {
				tensors["model."+name] = x
			}
		}
	})
	alone := t.TempDir()
	require.NoError(t, m.Save(alone, kernels.F32))
	for _, dir := range []string{renamed, alone} {
		other, err := Open(dir, Options{Device: m.device})
		require.NoError(t, err)
		require.Equal(t, want, other.hiddenOf(ids))
		require.Equal(t, m.Hash(), other.Hash())
		require.NoError(t, other.Close())
	}

	require.NoError(t, m.AddLoRA(LoRA{R: 2, Alpha: 4, Targets: []string{"q_proj", "down_proj"}, Seed: 1}))
	m.disturb()
	want = m.hiddenOf(ids)
	dir := t.TempDir()
	require.NoError(t, m.SaveAdapter(dir))
	m.RemoveAdapter()
	var config map[string]any
	raw, err := os.ReadFile(filepath.Join(dir, adapterConfigFile))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(raw, &config))
	require.Equal(t, `model\.language_model\.layers\..*\.(down_proj|q_proj)`, config["target_modules"])
	file := filepath.Join(dir, adapterFile)
	rewrite(t, file, file, func(tensors map[string]safetensors.Tensor) {
		for name, x := range maps.Clone(tensors) {
			delete(tensors, name)
			tensors[strings.Replace(name, innerPath, oldInnerPath, 1)] = x
		}
	})
	require.NoError(t, m.LoadAdapter(dir, false))
	require.Equal(t, want, m.hiddenOf(ids))
}

func TestDescribe(t *testing.T) {
	text, err := Describe("testdata/models/gemma3-vision", 64, 512)
	require.NoError(t, err)
	for _, want := range []string{"gemma3_text", "the text model inside a gemma3 model", "3 layers of width 32; 8 heads of 8, 4 key/value heads",
		"40.1 k in F32", "norm weights are 1 + w", "base 1e+06 on 1 of 3 layers, linear RoPE scaling by 8", "2 of 3 layers see 16 positions back",
		"ids [1 106] end an answer; BOS 2, padding 0", "512 tokens", "longer than the context"} {
		require.Contains(t, text, want)
	}
	text, err = Describe("testdata/models/qwen2-bf16")
	require.NoError(t, err)
	require.Contains(t, text, "BF16")
	require.Contains(t, text, "biases on q, k, v")
	for name := range families {
		text, err := Describe(filepath.Join("testdata", "models", fixtureOf(t, name)))
		require.NoError(t, err)
		require.Contains(t, text, "family         "+name+" (")
	}
	_, err = Describe("testdata/nothing")
	require.Error(t, err)
}
