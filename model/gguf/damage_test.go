package gguf

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestIs(t *testing.T) {
	dir := t.TempDir()
	put := func(name, text string) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
		return path
	}
	require.True(t, Is("testdata/types.gguf"))
	require.True(t, Is(put("blob", "GGUF…")))
	require.True(t, Is(put("damaged.GGUF", "")))
	require.False(t, Is(put("tokenizer.json", "{}")))
	require.False(t, Is(dir))
	require.False(t, Is(filepath.Join(dir, "absent.gguf")))
}

// A file cut off anywhere in its tables or values is refused, and says so.
func TestTruncatedFiles(t *testing.T) {
	whole := tiny().bytes()
	_, err := parse("whole", whole)
	require.NoError(t, err)
	for n := range whole {
		_, err := parse("cut", bytes.Clone(whole[:n]))
		require.Error(t, err, "%d bytes of %d", n, len(whole))
		require.Contains(t, err.Error(), "cut: ")
	}
}

// Each damage is an error that names the place.
func TestDamagedTables(t *testing.T) {
	le64 := func(n uint64) []byte { return le.AppendUint64(nil, n) }
	for want, damage := range map[string]func(d *draft, b []byte) []byte{
		`byte 0: expected the magic "GGUF", found "GGML"`: func(d *draft, b []byte) []byte { copy(b, "GGML"); return b },
		"byte 4: expected version 2 or 3, found 1":        func(d *draft, b []byte) []byte { b[4] = 1; return b },
		"byte 4: version 0x3000000: the file is big-endian": func(d *draft, b []byte) []byte {
			copy(b[4:], []byte{0, 0, 0, 3})
			return b
		},
		"byte 8: number of tensors is 72057594037927936: the file is damaged": func(d *draft, b []byte) []byte { copy(b[8:], le64(1<<56)); return b },
		"byte 16: truncated: number of keys is 4294967296":                    func(d *draft, b []byte) []byte { copy(b[16:], le64(1<<32)); return b },
		`"general.architecture" stands there twice`: func(d *draft, b []byte) []byte {
			d.keys = append(d.keys, d.keys[0])
			return d.bytes()
		},
		`tensor "output_norm.weight" stands there twice`: func(d *draft, b []byte) []byte {
			d.tensors = append(d.tensors, d.tensors[len(d.tensors)-1])
			return d.bytes()
		},
		"expected at most 4 dimensions, found 5": func(d *draft, b []byte) []byte {
			d.tensors[0].shape = []int{1, 1, 1, 6, 8}
			return d.bytes()
		},
		"shape [0 8] is empty": func(d *draft, b []byte) []byte { d.tensors[0].shape = []int{0, 8}; return d.bytes() },
		"shape [1099511627776 1099511627776] is too large": func(d *draft, b []byte) []byte {
			d.tensors[0].shape = []int{1 << 40, 1 << 40}
			return d.bytes()
		},
		`tensor "token_embd.weight": Q2_K is not supported, only F32, F16, Q4_0`: func(d *draft, b []byte) []byte {
			d.tensors[0].typ = 10
			return d.bytes()
		},
		"type 99 is not supported":                             func(d *draft, b []byte) []byte { d.tensors[0].typ = 99; return d.bytes() },
		"rows of 8 values are not whole blocks of Q8_0":        func(d *draft, b []byte) []byte { d.tensors[0].typ = Q8_0; return d.bytes() },
		`tensor "output_norm.weight": truncated: F32 of`:       func(d *draft, b []byte) []byte { d.tensors[10].shape = []int{9}; return d.bytes() },
		`tensors "token_embd.weight" and "blk.0.attn_norm.wei`: func(d *draft, b []byte) []byte { d.tensors[0].shape = []int{7, 8}; return d.bytes() },
		`"general.alignment": expected a multiple of 8, found`: func(d *draft, b []byte) []byte { d.set(alignmentKey, 12); return d.bytes() },
		"is not a multiple of the alignment 64":                func(d *draft, b []byte) []byte { d.set(alignmentKey, 64); return d.bytes() },
		"expected UTF-8":                                       func(d *draft, b []byte) []byte { d.set("general.name", "\xff"); return d.bytes() },
	} {
		d := tiny()
		_, err := parse("model.gguf", damage(&d, d.bytes()))
		require.ErrorContains(t, err, want)
		require.ErrorContains(t, err, "model.gguf: ")
	}
}

// What a file says that is not understood is refused by name.
func TestRefusals(t *testing.T) {
	for want, change := range map[string]func(d *draft){
		`"general.architecture": "mamba" is not supported as GGUF; known: cohere2, command-r`: func(d *draft) { d.set("general.architecture", "mamba") },
		`"general.architecture": is missing`:                                                  func(d *draft) { d.drop("general.architecture") },
		`"general.type": expected "model", found "adapter"`:                                   func(d *draft) { d.set("general.type", "adapter") },
		`"split.count": this is one of 3 parts`:                                               func(d *draft) { d.set("split.count", 3) },
		`"llama.expert_count": 8: a mixture of experts`:                                       func(d *draft) { d.set("llama.expert_count", 8) },
		`"llama.block_count": is missing`:                                                     func(d *draft) { d.drop("llama.block_count") },
		`"llama.block_count": expected a number, found "one"`:                                 func(d *draft) { d.set("llama.block_count", "one") },
		`"llama.vocab_size": 7, the embedding has 6 rows`:                                     func(d *draft) { d.set("llama.vocab_size", 7) },
		`"llama.rope.dimension_count": 2 is not the width 4`:                                  func(d *draft) { d.set("llama.rope.dimension_count", 2) },
		`"llama.rope.scaling.type": "longrope" is not supported`:                              func(d *draft) { d.set("llama.rope.scaling.type", "longrope") },
		`"llama.rope.scaling.factor": is missing`:                                             func(d *draft) { d.set("llama.rope.scaling.type", "linear") },
		`"llama.rope.freq_base": expected a number, found true`:                               func(d *draft) { d.set("llama.rope.freq_base", true) },
		`"llama.attention.novel": unknown key with value 1`:                                   func(d *draft) { d.set("llama.attention.novel", 1) },
		`tensor "rope_freqs.weight": value 1 is 2, expected`:                                  func(d *draft) { d.tensors = append(d.tensors, floats(ropeFactors, []int{2}, 1, 2)) },
		`tensor "blk.0.attn_qkv.weight" of shape [8 8]`:                                       func(d *draft) { d.tensors[2].name = "blk.0.attn_qkv.weight" },
		`tensor "blk.00.attn_q.weight" of shape [8 8]`:                                        func(d *draft) { d.tensors[2].name = "blk.00.attn_q.weight" },
		`tensor "blk.0.attn_q.weight": 8 rows of F32 are not those`:                           func(d *draft) { d.set("llama.attention.head_count", 3); d.set("llama.attention.key_length", 4) },
		`"tokenizer.ggml.model": "bert" is not supported`:                                     func(d *draft) { d.set(modelKey, "bert") },
		`"tokenizer.ggml.pre": the pre-tokenizer "novel" is not`:                              func(d *draft) { d.set(modelKey, "gpt2"); d.set(preKey, "novel") },
		`"tokenizer.ggml.merges": is missing`:                                                 func(d *draft) { d.set(modelKey, "gpt2"); d.set(preKey, "gpt-2") },
		`"tokenizer.ggml.scores": expected a number for each of 6`:                            func(d *draft) { d.set(scoresKey, []float32{1}) },
		`"tokenizer.ggml.token_type": expected a whole number for`:                            func(d *draft) { d.set(typesKey, []int32{1}) },
		`"tokenizer.ggml.bos_token_id": expected an id below 6`:                               func(d *draft) { d.set("tokenizer.ggml.bos_token_id", 6) },
		`"tokenizer.ggml.tokens": is missing`:                                                 func(d *draft) { d.drop(tokensKey) },
	} {
		d := tiny()
		change(&d)
		path := d.write(t)
		found := ""
		for _, name := range []string{"config.json", "tokenizer.json"} {
			if _, err := ReadFile(path, name); err != nil {
				found += err.Error() + "\n"
			}
		}
		if w, err := Weights(path); err != nil {
			found += err.Error()
		} else {
			require.NoError(t, w.Close())
		}
		require.Contains(t, found, want)
		require.Contains(t, found, path)
	}
}

func TestFilesThatAreNotThere(t *testing.T) {
	path := tiny().write(t)
	_, err := ReadFile(path, "vocab.json")
	require.ErrorIs(t, err, fs.ErrNotExist)
	d := tiny()
	d.drop(modelKey)
	for _, name := range []string{"tokenizer.json", "tokenizer_config.json"} {
		_, err = ReadFile(d.write(t), name)
		require.ErrorIs(t, err, fs.ErrNotExist, name)
	}
	_, err = Open(filepath.Join(t.TempDir(), "absent.gguf"))
	require.ErrorIs(t, err, fs.ErrNotExist)
	_, err = Open(t.TempDir())
	require.ErrorContains(t, err, "is a folder, expected a file")
}

// No file makes the reader panic, or take more memory than a multiple of its size.
func FuzzFile(f *testing.F) {
	golden, err := os.ReadFile("testdata/types.gguf")
	require.NoError(f, err)
	f.Add(golden)
	f.Add(tiny().bytes())
	bpe := tiny()
	bpe.set(modelKey, "gpt2")
	bpe.set(preKey, "llama-bpe")
	bpe.set(mergesKey, []string{"▁ a"})
	bpe.set("llama.rope.scaling.type", "yarn")
	f.Add(bpe.bytes())
	scaled := tiny()
	scaled.tensors = append(scaled.tensors, floats(ropeFactors, []int{2}, 1, 8))
	f.Add(scaled.bytes())
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := parse("fuzzed.gguf", data)
		if err != nil {
			return
		}
		for name, make := range files {
			text, err := make(file)
			require.True(t, err != nil || len(text) < 256*len(data)+1024, name)
		}
		if w, err := file.weights(); err == nil {
			size := 0
			for _, x := range w.Memory {
				size += len(x.Data)
			}
			require.LessOrEqual(t, size, 16*len(data))
		}
	})
}
