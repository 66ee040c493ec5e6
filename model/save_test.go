package model

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"croco/kernels"
	"croco/kernels/reference"
	"croco/model/safetensors"
)

// Random models of every family can be made, saved and read; the same seed gives the same model, another seed another.
func TestNewAndSave(t *testing.T) {
	for _, name := range append(allModels, "qwen3-seqcls") {
		config, err := ReadConfig(filepath.Join("testdata", "models", name))
		require.NoError(t, err)
		m, err := New(config, 5, Options{Device: reference.New(), Trainable: All})
		require.NoError(t, err)
		defer m.Close()
		same, err := New(config, 5, Options{Device: reference.New()})
		require.NoError(t, err)
		defer same.Close()
		other, err := New(config, 6, Options{Device: reference.New()})
		require.NoError(t, err)
		defer other.Close()
		require.Equal(t, m.Hash(), same.Hash(), name)
		require.NotEqual(t, m.Hash(), other.Hash())

		dir := t.TempDir()
		require.NoError(t, m.Save(dir, kernels.F32))
		again, err := Open(dir, Options{Device: reference.New()})
		require.NoError(t, err, name)
		defer again.Close()
		require.Equal(t, m.Hash(), again.Hash(), name)
		require.Equal(t, m.Generation.EOS, again.Generation.EOS)
		require.Equal(t, m.Generation.Pad, again.Generation.Pad)
	}
}

// The distribution of new weights, the ones of norms, the zeros of biases and of the padding row.
func TestNewWeights(t *testing.T) {
	config, err := ReadConfig("testdata/models/qwen2-bf16")
	require.NoError(t, err)
	m, err := New(config, 1, Options{Device: reference.New()})
	require.NoError(t, err)
	defer m.Close()
	table, _ := m.source.Tensor(embedName)
	values := must(table.Floats())
	require.Equal(t, make([]float32, 48), values[:48], "the padding row")
	mean, square := sum(values)/float64(len(values)), 0.0
	for _, v := range values {
		square += float64(v) * float64(v)
	}
	require.InDelta(t, 0, mean, 5e-4)
	require.InDelta(t, 0.0004, square/float64(len(values)), 2e-5)
	bias, _ := m.source.Tensor("model.layers.0.self_attn.k_proj.bias")
	require.Equal(t, make([]float32, 24), must(bias.Floats()))
	norm, _ := m.source.Tensor(normName)
	require.Equal(t, 48.0, sum(must(norm.Floats())))
}

// Saving after an update writes the new values; in bfloat16 it rounds them; the hash follows the values.
func TestSaveAfterUpdate(t *testing.T) {
	m, err := Open("testdata/models/qwen3", Options{Device: reference.New(), Trainable: All})
	require.NoError(t, err)
	defer m.Close()
	frozen := open(t, "qwen3")
	require.Equal(t, frozen.Hash(), m.Hash())
	m.disturb()
	require.NotEqual(t, frozen.Hash(), m.Hash())
	for _, d := range []kernels.DType{kernels.F32, kernels.BF16} {
		dir := t.TempDir()
		require.NoError(t, m.Save(dir, d))
		again, err := Open(dir, Options{Device: reference.New()})
		require.NoError(t, err)
		require.Equal(t, d == kernels.F32, again.Hash() == m.Hash())
		require.Contains(t, string(again.Config.Raw), `"torch_dtype": "`+d.String()+`"`)
		_, tied := again.source.Tensor(headName)
		require.False(t, tied, "a tied head is not written")
		for _, p := range m.Params() {
			stored, _ := again.source.Tensor(p.Name)
			require.Equal(t, safetensors.Encode(m.values(p), d), stored.Data)
		}
		require.NoError(t, again.Close())
	}
}

func TestParamOrderAndDecay(t *testing.T) {
	m, err := Open("testdata/models/qwen2-bf16", Options{Device: reference.New(), Trainable: All})
	require.NoError(t, err)
	defer m.Close()
	tensors := m.Spec.Tensors()
	require.Len(t, m.Params(), len(tensors))
	for i, p := range m.Params() {
		require.Equal(t, tensors[i].Name, p.Name)
		require.Equal(t, tensors[i].Shape, p.Shape)
		plain := strings.Contains(p.Name, "norm") || strings.Contains(p.Name, "bias")
		require.Equal(t, !plain, p.Decay, p.Name)
		require.Equal(t, len(p.Shape) == 2, p.Weight != nil)
	}
}

func TestGeneration(t *testing.T) {
	g := open(t, "qwen3").Generation
	require.Equal(t, Generation{EOS: []int32{1159, 1157}, BOS: -1, Pad: 1157, DoSample: true, Temperature: 0.6, TopP: 0.95, TopK: 20}, g)
	require.Equal(t, []int32{2, 5}, open(t, "llama-untied-rope3").Generation.EOS)

	dir := t.TempDir()
	require.NoError(t, os.CopyFS(dir, os.DirFS("testdata/models/qwen3")))
	require.NoError(t, os.Remove(filepath.Join(dir, generationFile)))
	m, err := Open(dir, Options{Device: reference.New()})
	require.NoError(t, err)
	require.Equal(t, []int32{1159}, m.Generation.EOS, "config.json where there is nothing else")
	require.NoError(t, m.Close())
	require.NoError(t, os.WriteFile(filepath.Join(dir, generationFile), []byte(`{"top_p":"x"}`), 0o644))
	_, err = Open(dir, Options{Device: reference.New()})
	require.ErrorContains(t, err, `generation_config.json: "top_p"`)
}
