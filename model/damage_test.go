package model

import (
	"encoding/binary"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"croco/kernels"
	"croco/kernels/reference"
	"croco/model/safetensors"
)

// copyOf is a copy of a fixture model whose tensors change may edit: by name, dtype, shape and bytes.
func copyOf(t *testing.T, name string, change func(map[string]safetensors.Tensor)) string {
	from, dir := filepath.Join("testdata", "models", name), t.TempDir()
	require.NoError(t, os.CopyFS(dir, os.DirFS(from)))
	rewrite(t, filepath.Join(from, "model.safetensors"), filepath.Join(dir, "model.safetensors"), change)
	return dir
}

func rewrite(t *testing.T, from, to string, change func(map[string]safetensors.Tensor)) {
	f, err := safetensors.Open(from)
	require.NoError(t, err)
	defer f.Close()
	tensors := map[string]safetensors.Tensor{}
	for _, name := range f.Names() {
		x, _ := f.Tensor(name)
		x.Data = append([]byte{}, x.Data...)
		tensors[name] = x
	}
	change(tensors)
	var items []safetensors.Item
	for name, x := range tensors {
		x.Name = name
		items = append(items, safetensors.Copy(x))
	}
	require.NoError(t, safetensors.Write(to, items))
}

// bump changes one float32 of a tensor.
func bump(x safetensors.Tensor, at int, by float32) {
	v := math.Float32frombits(binary.LittleEndian.Uint32(x.Data[4*at:]))
	binary.LittleEndian.PutUint32(x.Data[4*at:], math.Float32bits(v+by))
}

// Verify turns red where the model or the expectation is not what it was.
func TestVerifyTurnsRed(t *testing.T) {
	type tensors = map[string]safetensors.Tensor
	const name = "llama-untied-rope3"
	verify := func(dir, expected string) Report {
		r, err := Verify(dir, expected, reference.New())
		require.NoError(t, err)
		return r
	}
	failed := func(r Report, quantity string) bool {
		for _, c := range r.Checks {
			if c.Quantity == quantity {
				return !c.OK()
			}
		}
		t.Fatalf("no check of %s in\n%s", quantity, r)
		return false
	}
	same := copyOf(t, name, func(tensors) {})
	require.True(t, verify(same, "").OK())

	flipped := verify(copyOf(t, name, func(x tensors) { bump(x["model.layers.1.mlp.up_proj.weight"], 777, 0.02) }), "")
	require.True(t, failed(flipped, "logits") && failed(flipped, "hidden states") && failed(flipped, "log-probs of tokens"), flipped)
	require.Contains(t, flipped.String(), "FAILED")

	swappedDir := copyOf(t, name, func(x tensors) {
		for _, w := range []string{"self_attn.q_proj.weight", "mlp.down_proj.weight"} {
			a, b := layerName(0, w), layerName(1, w)
			x[a], x[b] = x[b], x[a]
		}
	})
	swapped := verify(swappedDir, "")
	require.True(t, failed(swapped, "logits") && failed(swapped, "greedy ids") && failed(swapped, "loss") && failed(swapped, "gradients"), swapped)
	half := reference.WithArithmetic(kernels.BF16)
	swapped, err := Verify(swappedDir, "", half)
	require.NoError(t, err)
	for _, quantity := range []string{"hidden states", "logits", "log-probs of tokens", "log-probs of sequences", "greedy ids", "loss", "gradient norms", "gradients"} {
		require.True(t, failed(swapped, quantity), "%s\n%s", quantity, swapped)
	}

	for array, quantity := range map[string]string{"seq3.logits": "logits", "seq1.hidden": "hidden states", "seq2.logprobs": "log-probs of sequences",
		"grad.model.layers.2.self_attn.k_proj.weight": "gradients"} {
		dir := t.TempDir()
		require.NoError(t, os.CopyFS(dir, os.DirFS(same)))
		file := filepath.Join(dir, "expected.safetensors")
		rewrite(t, filepath.Join(same, "expected.safetensors"), file, func(x tensors) { bump(x[array], 3, 1e-3) })
		r := verify(same, dir)
		require.True(t, failed(r, quantity), "%s\n%s", array, r)
	}
	for key, quantity := range map[string]string{"loss": "loss", "grad_norms": "gradient norms", "greedy": "greedy ids"} {
		dir := t.TempDir()
		require.NoError(t, os.CopyFS(dir, os.DirFS(same)))
		editExpected(t, filepath.Join(dir, "expected.json"), key)
		r := verify(same, dir)
		require.True(t, failed(r, quantity), "%s\n%s", key, r)
	}
}

// editExpected changes one number of expected.json a little.
func editExpected(t *testing.T, path, key string) {
	raw, err := os.ReadFile(path)
	require.NoError(t, err)
	var e map[string]any
	require.NoError(t, json.Unmarshal(raw, &e))
	switch v := e[key].(type) {
	case []any:
		ids := v[2].([]any)
		ids[23] = float64((int(ids[23].(float64)) + 1) % 320)
	case map[string]any:
		for _, k := range []string{"value", "lm_head.weight"} {
			if x, ok := v[k].(float64); ok {
				v[k] = x * 1.001
			}
		}
	}
	raw, err = json.Marshal(e)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, raw, 0o644))
}

// Weights that do not fit the config, or are damaged, are refused with their names.
func TestOpenRefuses(t *testing.T) {
	type tensors = map[string]safetensors.Tensor
	const norm = "model.layers.1.input_layernorm.weight"
	for want, change := range map[string]func(tensors){
		"the weights lack " + norm: func(x tensors) { delete(x, norm) },
		"the weights hold what a llama model of this config does not have: model.layers.0.self_attn.q_norm.weight": func(x tensors) {
			x["model.layers.0.self_attn.q_norm.weight"] = x[norm]
		},
		"the weights lack model.norm.weight, and hold what a llama model does not have: norm.weight": func(x tensors) {
			x["norm.weight"] = x["model.norm.weight"]
			delete(x, "model.norm.weight")
		},
		"tensor \"" + norm + "\": shape [24 2], expected [48]": func(x tensors) {
			w := x[norm]
			w.Shape = []int{24, 2}
			x[norm] = w
		},
		"tensor \"" + norm + "\": dtype I32 cannot be a weight": func(x tensors) {
			w := x[norm]
			w.DType = "I32"
			x[norm] = w
		},
		"tensor \"" + norm + "\": element 5 is NaN or infinite": func(x tensors) { bump(x[norm], 5, float32(math.Inf(1))) },
	} {
		_, err := Open(copyOf(t, "llama-untied-rope3", change), Options{Device: reference.New()})
		require.ErrorContains(t, err, want)
	}
	_, err := Open(t.TempDir(), Options{Device: reference.New()})
	require.ErrorContains(t, err, "a model folder needs a config.json")

	// A copy of a tied head, and old rotary buffers, are no fault.
	dir := copyOf(t, "llama-tied", func(x tensors) {
		x[headName] = x[embedName]
		x["model.layers.0.self_attn.rotary_emb.inv_freq"] = x["model.norm.weight"]
	})
	m, err := Open(dir, Options{Device: reference.New()})
	require.NoError(t, err)
	require.NoError(t, m.Close())
}

// The padding row gets no gradient as input; a tied head still gives it one.
func TestPaddingRow(t *testing.T) {
	for name, learns := range map[string]bool{"llama-untied-rope3": false, "llama-tied": true} {
		m, err := Open(filepath.Join("testdata", "models", name), Options{Device: reference.New(), Trainable: All})
		require.NoError(t, err)
		grads := m.gradientsOf([][]int32{{4, m.Spec.Pad, 9}})
		row := grads[embedName][int(m.Spec.Pad)*m.Spec.Width:][:m.Spec.Width]
		zero := make([]float32, m.Spec.Width)
		require.Equal(t, !learns, apart(zero, row) == 0, name)
		require.NotEqual(t, zero, grads[embedName][4*m.Spec.Width:][:m.Spec.Width])
		require.NoError(t, m.Close())
	}
}

// The estimate of memory grows with what is asked for, and covers the weights.
func TestMemory(t *testing.T) {
	m, err := Open("testdata/models/qwen2-bf16", Options{Device: reference.New()})
	require.NoError(t, err)
	defer m.Close()
	require.Equal(t, int64(320*48+3*(2*48+48*48+48+2*(24*48+24)+48*48+3*80*48)+48), m.ParamCount())
	require.Greater(t, m.Needs(0, false, false).Total(), 2*m.ParamCount()-1)
	require.Greater(t, m.Needs(100, true, false).Total(), m.Needs(100, true, true).Total())
	require.Greater(t, m.Needs(100, true, true).Total(), m.Needs(100, false, false).Total())
	require.Equal(t, 2*4*3*2*12, m.RowBytes())
	require.Equal(t, kernels.BF16, m.blocks[0].linears[qProj].w.DType)
}
