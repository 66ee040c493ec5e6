package gguf

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"croco/model/tokenizer"
)

func tokenizerOf(t *testing.T, path string) *tokenizer.Tokenizer {
	t.Helper()
	text, err := ReadFile(path, "tokenizer.json")
	require.NoError(t, err)
	tk, err := tokenizer.Parse(path, text)
	require.NoError(t, err)
	return tk
}

func TestMergesFromScores(t *testing.T) {
	got := merges([]string{"a", "b", "ab", "ba", "aba"}, []float32{-9, -9, -2, -3, -1})
	require.Equal(t, [][2]string{{"ab", "a"}, {"a", "ba"}, {"a", "b"}, {"b", "a"}}, got)
}

func TestSentencePiece(t *testing.T) {
	d := tiny()
	tk := tokenizerOf(t, d.write(t))
	require.Equal(t, []int32{1, 5, 5}, tk.Encode("a a", true))
	require.Equal(t, "a a", tk.Decode([]int32{5, 5}, false))
	require.True(t, tk.Special(1))
	d.set("tokenizer.ggml.add_space_prefix", false)
	d.set("tokenizer.ggml.add_bos_token", false)
	d.set("tokenizer.ggml.add_eos_token", true)
	require.Equal(t, []int32{4, 5, 2}, tokenizerOf(t, d.write(t)).Encode("a a", true))
}

func TestTokenizerConfig(t *testing.T) {
	d := tiny()
	read := func() (out map[string]any) {
		text, err := ReadFile(d.write(t), "tokenizer_config.json")
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(text, &out))
		return out
	}
	require.Equal(t, map[string]any{"tokenizer_class": "PreTrainedTokenizerFast", "clean_up_tokenization_spaces": false,
		"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>"}, read())
	d.set(chatKey, "{{ messages }}")
	require.Equal(t, "{{ messages }}", read()["chat_template"])
	d.set(chatKey+".tool_use", "{{ tools }}")
	require.Equal(t, []any{map[string]any{"name": "tool_use", "template": "{{ tools }}"}, map[string]any{"name": "default", "template": "{{ messages }}"}}, read()["chat_template"])
}

func TestEndsOfText(t *testing.T) {
	d := tiny()
	d.set("tokenizer.ggml.eot_token_id", 5)
	d.set("tokenizer.ggml.eom_token_id", 2)
	text, err := ReadFile(d.write(t), "generation_config.json")
	require.NoError(t, err)
	require.JSONEq(t, `{"eos_token_id": [2, 5]}`, string(text))
}

// Real tokenizer files, written into GGUF as llama.cpp's converter writes them, encode as before.
func TestRealPreTokenizers(t *testing.T) {
	if testing.Short() {
		t.Skip("-short")
	}
	for folder, pre := range map[string]string{"gpt2": "gpt-2", "llama3": "llama-bpe", "qwen2_5": "qwen2", "mistral_nemo": "tekken",
		"command_r_plus": "command-r", "x-gpt2-digits": "smollm"} {
		path := filepath.Join("..", "..", ".fixtures", "tokenizer", folder, "tokenizer.json")
		raw, err := os.ReadFile(path)
		require.NoError(t, err, "make fixtures fetches it; -short does without")
		t.Run(folder, func(t *testing.T) {
			d := convertTokenizer(t, raw)
			d.set(preKey, pre)
			d.set("tokenizer.ggml.add_bos_token", false)
			got := tokenizerOf(t, d.write(t))
			want, err := tokenizer.Parse(path, raw)
			require.NoError(t, err)
			for _, s := range samples {
				require.Equal(t, want.Encode(s, false), got.Encode(s, false), "%q", s)
				require.Equal(t, s, got.Decode(got.Encode(s, false), false))
			}
		})
	}
}

var samples = []string{"", "Hello, world!", "  two  spaces \n\n and\tlines ", "1234567 12 3.14", "Grüße aus Köln", "naïve café",
	"don't I'LL we've", "日本語のテキスト", "안녕하세요 세계", "مرحبا بالعالم", "נסיעה", "🙂🙃", "x=3;\n  y += 42\r\n", strings.Repeat("ab ", 50)}

// convertTokenizer writes the vocabulary and merges of a tokenizer.json as metadata.
func convertTokenizer(t *testing.T, raw []byte) draft {
	t.Helper()
	var file struct {
		Added []struct {
			ID      int
			Content string
			Special bool
		} `json:"added_tokens"`
		Model struct {
			Vocab  map[string]int
			Merges []any
		}
	}
	require.NoError(t, json.Unmarshal(raw, &file))
	for _, a := range file.Added {
		file.Model.Vocab[a.Content] = a.ID
	}
	size := 0
	for _, id := range file.Model.Vocab {
		size = max(size, id+1)
	}
	tokens, types := make([]string, size), make([]int32, size)
	for token, id := range file.Model.Vocab {
		tokens[id], types[id] = token, 1
	}
	for _, a := range file.Added {
		types[a.ID] = map[bool]int32{true: control, false: userDefined}[a.Special]
	}
	merges := make([]string, len(file.Model.Merges))
	for i, m := range file.Model.Merges {
		if pair, ok := m.([]any); ok {
			m = pair[0].(string) + " " + pair[1].(string)
		}
		merges[i] = m.(string)
	}
	d := draft{version: 3}
	d.set("general.architecture", "llama")
	d.set(modelKey, "gpt2")
	d.set(tokensKey, tokens)
	d.set(typesKey, types)
	d.set(mergesKey, merges)
	return d
}
