package gguf

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"croco/kernels"
	"croco/model/safetensors"
)

// WriteModel writes the weights of a Hugging Face folder as a GGUF file of F32, as llama.cpp's converter does: names,
// rows of q and k, norms. It returns the path.
func WriteModel(t *testing.T, arch string, keys map[string]any, source safetensors.Source) string {
	t.Helper()
	a := architectures[arch]
	d := draft{version: 3}
	d.set("general.architecture", arch)
	for k, v := range keys {
		d.set(arch+"."+k, v)
	}
	names := map[string]string{}
	kinds := []string{"blk.%.attn_norm", "blk.%.ffn_norm", "blk.%.post_attention_norm", "blk.%.post_ffw_norm", "blk.%.attn_q_norm",
		"blk.%.attn_k_norm", "blk.%.attn_q", "blk.%.attn_k", "blk.%.attn_v", "blk.%.attn_output", "blk.%.ffn_gate", "blk.%.ffn_up", "blk.%.ffn_down"}
	for _, name := range append(layerNames(kinds, keys["block_count"].(int)), embedding, head, "output_norm.weight") {
		if hf, ok := a.rename(name); ok {
			names[hf] = name
		}
	}
	f := &File{keys: map[string]Value{"general.architecture": {Kind: String, Count: 1, raw: appendText(nil, arch)}}}
	for _, k := range d.keys {
		if n, ok := k.value.(int); ok {
			f.keys[k.name] = Value{Kind: Uint32, Count: 1, raw: le.AppendUint32(nil, uint32(n))}
		}
	}
	for _, hf := range source.Names() {
		name, ok := names[hf]
		require.True(t, ok, "%s has no name in GGUF", hf)
		x, _ := source.Tensor(hf)
		v, err := x.Floats()
		require.NoError(t, err)
		if heads := a.heads(f, name); heads > 0 {
			v = permute(v, x.Shape[0], heads)
		}
		for i := range v {
			if a.plusOne && len(x.Shape) == 1 {
				v[i]++
			}
		}
		d.tensors = append(d.tensors, draftTensor{name, F32, x.Shape, safetensors.Encode(v, kernels.F32)})
	}
	return d.write(t)
}

func layerNames(kinds []string, layers int) (names []string) {
	for i := range layers {
		for _, kind := range kinds {
			at := slices.Index([]byte(kind), '%')
			for _, leaf := range []string{".weight", ".bias"} {
				names = append(names, kind[:at]+string(rune('0'+i))+kind[at+1:]+leaf)
			}
		}
	}
	return names
}

// permute puts rows j and j + D/2 of every head side by side.
func permute(v []float32, rows, heads int) []float32 {
	cols, D := len(v)/rows, rows/heads
	var out []float32
	for h := range heads {
		for j := range D / 2 {
			for _, r := range []int{h*D + j, h*D + D/2 + j} {
				out = append(out, v[r*cols:(r+1)*cols]...)
			}
		}
	}
	return out
}
