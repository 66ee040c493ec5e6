package tokenizer

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const (
	byteLevelFile     = "testdata/tiny-bytelevel.tokenizer.json"
	sentencePieceFile = "testdata/tiny-spbpe.tokenizer.json"
	unigramFile       = "testdata/tiny-unigram.tokenizer.json"
	wordPieceFile     = "testdata/tiny-wordpiece.tokenizer.json"
)

func open(t testing.TB, path string) *Tokenizer {
	tok, err := Open(path)
	require.NoError(t, err)
	return tok
}

func TestVocabulary(t *testing.T) {
	tok := open(t, sentencePieceFile)
	id, ok := tok.TokenToID("<s>")
	require.True(t, ok)
	require.True(t, tok.Special(id))
	name, ok := tok.IDToToken(id)
	require.True(t, ok)
	require.Equal(t, "<s>", name)
	_, ok = tok.TokenToID("no such token")
	require.False(t, ok)
	for _, id := range []int32{-1, int32(tok.VocabSize()), 1 << 30} {
		_, ok = tok.IDToToken(id)
		require.False(t, ok)
		require.False(t, tok.Special(id))
		require.Empty(t, tok.Decode([]int32{id}, false))
	}
	require.Equal(t, 1294, tok.VocabSize())
	require.Equal(t, "965653c73ea6717bc5c4e550ecbe355e3da2e69481f088f3355e34a2818f783a", tok.Hash())
}

func TestOpenFolder(t *testing.T) {
	data, err := os.ReadFile(byteLevelFile)
	require.NoError(t, err)
	dir := t.TempDir()
	_, err = Open(dir)
	require.ErrorContains(t, err, "tokenizer.json")
	require.NoError(t, os.WriteFile(filepath.Join(dir, "tokenizer.json"), data, 0o644))
	require.Equal(t, open(t, byteLevelFile).Hash(), open(t, dir).Hash())
}

// Each edit makes a good file into one that must be refused with a message that names the place.
func TestRefusals(t *testing.T) {
	data, err := os.ReadFile(sentencePieceFile)
	require.NoError(t, err)
	type object = map[string]any
	added := func(f object, i int) object { return f["added_tokens"].([]any)[i].(object) }
	for message, edit := range map[string]func(f object){
		`model: a model of type "WordLevel" is not supported`:       func(f object) { f["model"].(object)["type"] = "WordLevel" },
		`model: vocab: token 1: expected a score, found ""`:         func(f object) { f["model"] = unigramOf([]any{"a", -1}, []any{"b", "c"}) },
		`model: vocab: expected '[', found '{'`:                     func(f object) { f["model"].(object)["type"] = "Unigram"; trim(f["model"].(object), "vocab", "type") },
		`model: unk_id: expected the id of one of the 1 tokens`:     func(f object) { f["model"] = unigramOf([]any{"a", -1}) },
		`model: unk_token "[UNK]" is not in the vocab`:              func(f object) { f["model"] = object{"type": "WordPiece", "vocab": object{"a": 0}} },
		`model: unknown field "new_rule"`:                           func(f object) { f["model"].(object)["new_rule"] = true },
		`model: dropout 0.1 makes the ids random`:                   func(f object) { f["model"].(object)["dropout"] = 0.1 },
		`model: unk_token "<none>" is not in the vocab`:             func(f object) { f["model"].(object)["unk_token"] = "<none>" },
		`model: vocab: tokens`:                                      func(f object) { f["model"].(object)["vocab"].(object)["twin"] = 5 },
		`model: vocab: the largest of 1295 ids is 99999`:            func(f object) { f["model"].(object)["vocab"].(object)["far"] = 99999 },
		`model: vocab: token "far": expected an id`:                 func(f object) { f["model"].(object)["vocab"].(object)["far"] = 1e15 },
		`model: vocab: token "half": expected an id`:                func(f object) { f["model"].(object)["vocab"].(object)["half"] = 0.5 },
		`model: merges: merge 0: "x" and "nothing" make "xnothing"`: func(f object) { f["model"].(object)["merges"] = []any{"x nothing"} },
		`model: merges: merge 0: expected two tokens with a space`:  func(f object) { f["model"].(object)["merges"] = []any{"alone"} },
		`model: field "vocab" is missing`:                           func(f object) { delete(f["model"].(object), "vocab") },
		`"model" is missing`:                                        func(f object) { f["model"] = nil },
		`tokenizer.json: unknown field "extra"`:                     func(f object) { f["extra"] = 1 },
		`normalizer: normalizer "Romanize" is not supported`:        func(f object) { f["normalizer"] = object{"type": "Romanize"} },
		`normalizer: precompiled_charsmap: a trie of 16 bytes in 3`: func(f object) {
			f["normalizer"] = object{"type": "Precompiled", "precompiled_charsmap": "EAAAAAAAAA=="}
		},
		`pre_tokenizer: the expression "\\w" is not supported`:      func(f object) { f["pre_tokenizer"] = split(`\w`, "Isolated") },
		`pre_tokenizer: split behavior "Shredded" is not supported`: func(f object) { f["pre_tokenizer"] = split(`\p{N}`, "Shredded") },
		`pre_tokenizer: add_prefix_space false contradicts`: func(f object) {
			f["pre_tokenizer"] = object{"type": "Metaspace", "replacement": "_", "prepend_scheme": "first", "add_prefix_space": false}
		},
		`post_processor: post-processor "Pairs" is not supported`: func(f object) { f["post_processor"] = object{"type": "Pairs"} },
		`post_processor: field "sep": expected a token and its id, found "x" and 99999`: func(f object) {
			f["post_processor"] = object{"type": "BertProcessing", "cls": []any{"<s>", 1}, "sep": []any{"x", 99999}}
		},
		`post_processor: single: expected the text once`: func(f object) {
			f["post_processor"] = object{"type": "TemplateProcessing", "single": []any{}, "special_tokens": object{}}
		},
		`decoder.decoders[1]: decoder "CTC" is not supported`:            func(f object) { f["decoder"].(object)["decoders"].([]any)[1] = object{"type": "CTC"} },
		`decoder: field "decoders" is missing`:                           func(f object) { f["decoder"] = object{"type": "Sequence"} },
		`decoder: expected an object`:                                    func(f object) { f["decoder"] = 7 },
		`added_tokens[2]: token "</t>" has id 2, but Hugging Face's`:     func(f object) { added(f, 2)["content"] = "</t>" },
		`added_tokens[0]: field "lstrip": json: cannot unmarshal number`: func(f object) { added(f, 0)["lstrip"] = 3 },
	} {
		t.Run(message, func(t *testing.T) {
			var f object
			require.NoError(t, json.Unmarshal(data, &f))
			edit(f)
			edited, err := json.Marshal(f)
			require.NoError(t, err)
			_, err = parse("x/tokenizer.json", edited)
			require.ErrorContains(t, err, message)
			require.ErrorContains(t, err, "x/tokenizer.json: ")
		})
	}
	for _, text := range []string{"", "null", "[]", "{", string(data[:len(data)/2]), "\xff{}"} {
		_, err := parse("x/tokenizer.json", []byte(text))
		require.ErrorContains(t, err, "x/tokenizer.json: ", "%.20q", text)
	}
}

// trim leaves only some fields.
func trim(object map[string]any, keep ...string) {
	maps.DeleteFunc(object, func(key string, _ any) bool { return !slices.Contains(keep, key) })
}

func unigramOf(vocab ...any) map[string]any { return map[string]any{"type": "Unigram", "vocab": vocab} }

func split(regex, behavior string) map[string]any {
	return map[string]any{"type": "Split", "pattern": map[string]any{"Regex": regex}, "behavior": behavior}
}

func TestConcurrentUse(t *testing.T) {
	tok := open(t, byteLevelFile)
	text := strings.Repeat("Grüße aus Århus, ça va? 12345 ", 40)
	want := tok.Encode(text, true)
	var wait sync.WaitGroup
	for g := range 8 {
		wait.Go(func() {
			for i := range 20 {
				_ = tok.Encode(text[:10*g+i], false)
				if got := tok.Encode(text, true); !slices.Equal(want, got) || tok.Decode(got, true) != text {
					t.Errorf("goroutine %d got other ids", g)
				}
			}
		})
	}
	wait.Wait()
}

// A text that is hard on a tokenizer takes a time in proportion to its length: 32 times the text may take 250 times as
// long, for the logarithm, for memory that is further away and for a machine that has other work. A quadratic step
// would take 1024.
func TestNoQuadraticTime(t *testing.T) {
	if testing.Short() {
		t.Skip("slow")
	}
	for _, file := range []string{byteLevelFile, sentencePieceFile, unigramFile, wordPieceFile} {
		tok := open(t, file)
		for _, unit := range []string{"a", "A", " ", "\n", " \n", "en", "漢A", "\u0301\u0323", "\xff", "1", "=", "'", "<|im_", "▁", "a▁"} {
			measure := func(size int) time.Duration {
				text := strings.Repeat(unit, size/len(unit))
				start := time.Now()
				tok.Decode(tok.Encode(text, true), false)
				return time.Since(start)
			}
			small, large := time.Duration(0), time.Hour
			for try := 0; try < 5 && large > 250*small; try++ {
				small, large = max(small, measure(1<<13)), min(large, measure(1<<18))
			}
			require.LessOrEqual(t, large, 250*small, "%s %q: 8 KB in %v, 256 KB in %v", file, unit, small, large)
		}
	}
}

func TestBrokenText(t *testing.T) {
	tok := open(t, byteLevelFile)
	for text, replaced := range map[string]string{
		"\xff":                 "\uFFFD",
		"a\xc3":                "a\uFFFD",
		"\xe2\x82z":            "\uFFFDz",                  // one for the two bytes that begin a €
		"\xed\xa0\x80":         "\uFFFD\uFFFD\uFFFD",       // a surrogate: no byte of it begins anything
		"\xf0\x9f\x98\xf0\x9f": "\uFFFD\uFFFD",             // two broken emoji
		"\xc0\xaf\xf5":         "\uFFFD\uFFFD\uFFFD",       // overlong, out of range
		"\xf4\x90\x80\x80":     "\uFFFD\uFFFD\uFFFD\uFFFD", // beyond U+10FFFF
	} {
		require.Equal(t, replaced, valid(text), "%q", text)
		require.Equal(t, tok.Encode(replaced, false), tok.Encode(text, false), "%q", text)
	}
	for b := range 256 {
		require.NotEmpty(t, tok.Encode(string([]byte{byte(b)}), false))
	}
	require.Empty(t, tok.Encode("", false))
}

// Scores are rounded as the library rounds them, and not to the nearest float (tokenizers 0.22.2 and 0.23.3).
func TestScores(t *testing.T) {
	for text, want := range map[string]float64{"-2.0379089603199922": -2.037908960319992, "-19.014872519970602": -19.0148725199706, "-3.5": -3.5, "2e3": 2000, "-0": 0, "1E-2": 0.01} {
		got, err := (&cursor{s: text + "]"}).float()
		require.NoError(t, err)
		require.Equal(t, want, got, text)
	}
	for _, text := range []string{"", "x", "--1", "1e", "1e999", "null"} {
		_, err := (&cursor{s: text + "]"}).float()
		require.ErrorContains(t, err, "expected a score", text)
	}
}
