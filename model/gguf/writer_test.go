package gguf

import (
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"croco/kernels"
	"croco/model/safetensors"
)

// draft is a file in the making.
type draft struct {
	version uint32
	keys    []draftKey
	tensors []draftTensor
}

type draftKey struct {
	name  string
	value any
}

type draftTensor struct {
	name  string
	typ   Type
	shape []int
	data  []byte
}

var le = binary.LittleEndian

// bytes writes the file as the format has it, with an alignment of 32.
func (d draft) bytes() []byte {
	b := le.AppendUint32([]byte(magic), d.version)
	b = le.AppendUint64(b, uint64(len(d.tensors)))
	b = le.AppendUint64(b, uint64(len(d.keys)))
	for _, k := range d.keys {
		b = appendValue(appendText(b, k.name), k.value)
	}
	at := 0
	for _, t := range d.tensors {
		b = le.AppendUint32(appendText(b, t.name), uint32(len(t.shape)))
		for _, s := range slices.Backward(t.shape) {
			b = le.AppendUint64(b, uint64(s))
		}
		b = le.AppendUint64(le.AppendUint32(b, uint32(t.typ)), uint64(at))
		at = (at + len(t.data) + 31) / 32 * 32
	}
	for _, t := range d.tensors {
		b = append(b, make([]byte, -len(b)&31)...)
		b = append(b, t.data...)
	}
	return b
}

func appendText(b []byte, s string) []byte { return append(le.AppendUint64(b, uint64(len(s))), s...) }

func appendValue(b []byte, v any) []byte {
	list := func(kind Kind, n int) []byte {
		return le.AppendUint64(le.AppendUint32(le.AppendUint32(b, uint32(Array)), uint32(kind)), uint64(n))
	}
	switch v := v.(type) {
	case string:
		return appendText(le.AppendUint32(b, uint32(String)), v)
	case int:
		return le.AppendUint32(le.AppendUint32(b, uint32(Uint32)), uint32(v))
	case float32:
		return le.AppendUint32(le.AppendUint32(b, uint32(Float32)), math.Float32bits(v))
	case bool:
		return append(le.AppendUint32(b, uint32(Bool)), map[bool]byte{true: 1}[v])
	case []string:
		b = list(String, len(v))
		for _, s := range v {
			b = appendText(b, s)
		}
		return b
	case []int32:
		b = list(Int32, len(v))
		for _, n := range v {
			b = le.AppendUint32(b, uint32(n))
		}
		return b
	case []float32:
		b = list(Float32, len(v))
		for _, x := range v {
			b = le.AppendUint32(b, math.Float32bits(x))
		}
		return b
	}
	panic(fmt.Sprintf("gguf: no kind for a %T", v))
}

// floats makes a tensor F32.
func floats(name string, shape []int, values ...float32) draftTensor {
	return draftTensor{name, F32, shape, safetensors.Encode(values, kernels.F32)}
}

func (d *draft) set(name string, value any) {
	for i := range d.keys {
		if d.keys[i].name == name {
			d.keys[i].value = value
			return
		}
	}
	d.keys = append(d.keys, draftKey{name, value})
}

func (d *draft) drop(name string) {
	d.keys = slices.DeleteFunc(d.keys, func(k draftKey) bool { return k.name == name })
}

// write puts the file into a folder of the test.
func (d draft) write(t testing.TB) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "tiny.gguf")
	require.NoError(t, os.WriteFile(path, d.bytes(), 0o644))
	return path
}

// tiny is a llama with one layer of two heads of width 4 and a vocabulary of six.
func tiny() draft {
	d := draft{version: 3}
	for k, v := range map[string]any{"general.architecture": "llama", "llama.block_count": 1, "llama.context_length": 64,
		"llama.embedding_length": 8, "llama.feed_forward_length": 4, "llama.attention.head_count": 2,
		"llama.attention.head_count_kv": 1, "llama.attention.layer_norm_rms_epsilon": float32(1e-5),
		modelKey: "llama", tokensKey: []string{"<unk>", "<s>", "</s>", "▁", "a", "▁a"}, typesKey: []int32{2, 3, 3, 1, 1, 1},
		scoresKey: []float32{0, 0, 0, -2, -3, -1}, "tokenizer.ggml.bos_token_id": 1, "tokenizer.ggml.eos_token_id": 2,
		"tokenizer.ggml.unknown_token_id": 0} {
		d.set(k, v)
	}
	slices.SortFunc(d.keys, func(a, b draftKey) int { return map[bool]int{true: -1, false: 1}[a.name < b.name] })
	add := func(name string, shape ...int) {
		values := make([]float32, elements(shape))
		for i := range values {
			values[i] = float32(len(d.tensors)) + float32(i)/64
		}
		d.tensors = append(d.tensors, floats(name, shape, values...))
	}
	add("token_embd.weight", 6, 8)
	add("blk.0.attn_norm.weight", 8)
	add("blk.0.attn_q.weight", 8, 8)
	add("blk.0.attn_k.weight", 4, 8)
	add("blk.0.attn_v.weight", 4, 8)
	add("blk.0.attn_output.weight", 8, 8)
	add("blk.0.ffn_norm.weight", 8)
	add("blk.0.ffn_gate.weight", 4, 8)
	add("blk.0.ffn_up.weight", 4, 8)
	add("blk.0.ffn_down.weight", 8, 4)
	add("output_norm.weight", 8)
	return d
}
