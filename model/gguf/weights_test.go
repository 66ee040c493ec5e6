package gguf

import (
	"bytes"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"croco/kernels"
	"croco/model/safetensors"
	"croco/model/tokenizer"
)

func weightsOf(t *testing.T, d draft) safetensors.Source {
	t.Helper()
	w, err := Weights(d.write(t))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, w.Close()) })
	return w
}

func values(t *testing.T, s safetensors.Source, name string) []float32 {
	t.Helper()
	x, ok := s.Tensor(name)
	require.True(t, ok, name)
	v, err := x.Floats()
	require.NoError(t, err)
	return v
}

// The rows of q and k go back to where they were: of a head of four, 0 1 2 3 was stored as 0 2 1 3.
func TestRotaryRowsAreUnpermuted(t *testing.T) {
	w := weightsOf(t, tiny())
	require.Len(t, w.Names(), 11)
	q, k, v := values(t, w, "model.layers.0.self_attn.q_proj.weight"), values(t, w, "model.layers.0.self_attn.k_proj.weight"), values(t, w, "model.layers.0.self_attn.v_proj.weight")
	row := func(m []float32, r int) int { return int(m[8*r]*8) % 8 } // of the tensor in the file
	for r, from := range []int{0, 2, 1, 3, 4, 6, 5, 7} {
		require.Equal(t, from, row(q, r), "row %d", r)
	}
	for r, from := range []int{0, 2, 1, 3} {
		require.Equal(t, from, row(k, r), "row %d", r)
		require.Equal(t, r, row(v, r))
	}
}

func TestDTypeOfAFile(t *testing.T) {
	dtype := func(w safetensors.Source, name string) string { x, _ := w.Tensor(name); return x.DType }
	w := weightsOf(t, tiny())
	require.Equal(t, "F32", dtype(w, "model.embed_tokens.weight"))
	half := tiny()
	half.tensors[0] = draftTensor{embedding, F16, []int{6, 8}, make([]byte, 96)}
	w = weightsOf(t, half)
	require.Equal(t, "F16", dtype(w, "model.embed_tokens.weight"))
	require.Equal(t, "F32", dtype(w, "model.norm.weight"))
	brain := tiny()
	brain.tensors[0] = draftTensor{embedding, BF16, []int{6, 8}, make([]byte, 96)}
	w = weightsOf(t, brain)
	for _, name := range w.Names() {
		require.Equal(t, "BF16", dtype(w, name), name)
	}
	text, err := ReadFile(brain.write(t), "config.json")
	require.NoError(t, err)
	require.Contains(t, string(text), `"torch_dtype": "bfloat16"`)
}

func TestNormsOfGemmaLoseTheirOne(t *testing.T) {
	d := tiny()
	d.set("general.architecture", "gemma2")
	d.tensors = []draftTensor{d.tensors[0], floats("output_norm.weight", []int{4}, 1, 1.5, 0, 3), floats("blk.0.ffn_norm.weight", []int{1}, 2)}
	w := weightsOf(t, d)
	require.Equal(t, []float32{0, 0.5, -1, 2}, values(t, w, "model.norm.weight"))
	require.Equal(t, []float32{1}, values(t, w, "model.layers.0.pre_feedforward_layernorm.weight"))
}

// Real files become what scripts/fetch-models.py makes of them, byte for byte.
func TestRealFilesEqualTheirFolders(t *testing.T) {
	if testing.Short() {
		t.Skip("-short")
	}
	found, err := filepath.Glob("../../.fixtures/*/model.gguf")
	require.NoError(t, err)
	require.NotEmpty(t, found, "make fixtures fetches the models; -short does without them")
	for _, path := range found {
		t.Run(filepath.Base(filepath.Dir(path)), func(t *testing.T) {
			got, err := Weights(path)
			require.NoError(t, err)
			defer got.Close()
			want, err := safetensors.OpenFolder(filepath.Dir(path))
			require.NoError(t, err)
			defer want.Close()
			require.Equal(t, want.Names(), got.Names())
			for _, name := range want.Names() {
				a, _ := want.Tensor(name)
				b, _ := got.Tensor(name)
				require.Equal(t, a.DType, b.DType, name)
				require.Equal(t, a.Shape, b.Shape, name)
				require.True(t, bytes.Equal(a.Data, b.Data), name)
			}
			words, err := tokenizer.Open(filepath.Dir(path))
			require.NoError(t, err)
			tk := tokenizerOf(t, path)
			for _, s := range samples {
				require.Equal(t, words.Encode(s, true), tk.Encode(s, true), "%q", s)
			}
		})
	}
}

func BenchmarkWeights(b *testing.B) {
	const path = "../../.fixtures/smollm2/model.gguf"
	if _, err := os.Stat(path); err != nil {
		b.Skip("make fixtures fetches a model")
	}
	for b.Loop() {
		w, err := Weights(path)
		require.NoError(b, err)
		require.NoError(b, w.Close())
	}
}

func TestRoundingToBFloat16(t *testing.T) {
	d := tiny()
	d.tensors[10] = floats("output_norm.weight", []int{8}, 1.00390625, 1.01171875, 1, 1, 1, 1, 1, 1) // halfway, to even
	d.tensors[0] = draftTensor{embedding, BF16, []int{6, 8}, make([]byte, 96)}
	require.Equal(t, []float32{1, 1.015625, 1, 1, 1, 1, 1, 1}, values(t, weightsOf(t, d), "model.norm.weight"))
	require.Equal(t, kernels.BF16, open(t, d.write(t)).dtype())
}

// The factors of Llama 3.1 8B, as llama.cpp's converter works them out: the scaling is read back from them.
func TestScalingOfLlama3(t *testing.T) {
	d, factors := tiny(), make([]float32, 64)
	for i := range factors {
		wave := 2 * math.Pi * math.Pow(500000, float64(i)/64)
		switch smooth := (8192/wave - 1) / 3; {
		case wave < 8192.0/4:
			factors[i] = 1
		case wave > 8192:
			factors[i] = 8
		default:
			factors[i] = float32(1 / ((1-smooth)/8 + smooth))
		}
	}
	d.set("llama.rope.freq_base", float32(500000))
	d.tensors = append(d.tensors, floats(ropeFactors, []int{64}, factors...))
	text, err := ReadFile(d.write(t), "config.json")
	require.NoError(t, err)
	var config struct {
		Scaling map[string]any `json:"rope_scaling"`
	}
	require.NoError(t, json.Unmarshal(text, &config))
	require.Equal(t, map[string]any{"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
		"original_max_position_embeddings": 8192.0}, config.Scaling)
	require.NotContains(t, weightsOf(t, d).Names(), ropeFactors)
}
