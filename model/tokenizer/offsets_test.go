package tokenizer

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The parts of a text as its tokens see it.
func parts(t testing.TB, tok *Tokenizer, text string) []string {
	ids, spans, err := tok.EncodeOffsets(text, false)
	require.NoError(t, err)
	require.Len(t, spans, len(ids))
	var out []string
	for _, s := range spans {
		out = append(out, text[s[0]:s[1]])
	}
	return out
}

func parsed(t testing.TB, file string) *Tokenizer {
	tok, err := parse("tokenizer.json", []byte(`{"added_tokens": [], `+file+`}`))
	require.NoError(t, err)
	return tok
}

func TestOffsets(t *testing.T) {
	vocab := `"model": {"type": "Unigram", "unk_id": 0, "vocab": [["<unk>", 0], ["é", -1], ["f", -1], ["i", -1], ["a", -1], [" ", -1]]}`
	for name, c := range map[string]struct {
		normalizer, text string
		want             []string
	}{
		"composed":        {`{"type": "NFC"}`, "ae\u0301a", []string{"a", "e\u0301", "a"}},
		"decomposed":      {`{"type": "NFKC"}`, "aﬁ", []string{"a", "ﬁ", "ﬁ"}},
		"deleted":         {`{"type": "Nmt"}`, "\x01a\x02i", []string{"a", "i"}},
		"inserted":        {`{"type": "Prepend", "prepend": "i"}`, "éa", []string{"é", "é", "a"}},
		"many to one":     {`{"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": " "}`, "a   i", []string{"a", "   ", "i"}},
		"to nothing":      {`{"type": "Replace", "pattern": {"String": "xx"}, "content": ""}`, "xxaxxxxi", []string{"a", "i"}},
		"one after other": {`{"type": "Sequence", "normalizers": [{"type": "NFD"}, {"type": "StripAccents"}, {"type": "Lowercase"}]}`, "ÀI", []string{"À", "I"}},
		"stripped":        {`{"type": "Strip"}`, " \na \t", []string{"a"}},
		"broken":          {`null`, "\xe2\x82a\xff\xff", []string{"\xe2\x82", "a", "\xff\xff"}},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, c.want, parts(t, parsed(t, `"normalizer": `+c.normalizer+`, `+vocab), c.text))
		})
	}
}

func TestOffsetsOfSpecialTokens(t *testing.T) {
	tok := open(t, sentencePieceFile)
	plain, spans, err := tok.EncodeOffsets("a <s>b", false)
	require.NoError(t, err)
	ids, all, err := tok.EncodeOffsets("a <s>b", true)
	require.NoError(t, err)
	require.Equal(t, tok.Encode("a <s>b", true), ids)
	require.Equal(t, len(plain)+1, len(ids))
	require.Equal(t, [2]int{}, all[0])
	require.Equal(t, spans, all[1:])
	require.Contains(t, spans, [2]int{2, 5})
	ids, spans, err = tok.EncodeOffsets("", false)
	require.NoError(t, err)
	require.Empty(t, ids)
	require.Empty(t, spans)
}

// A character of which the vocabulary has some bytes only makes the library write its tokens out of order.
func TestUncertainOffsets(t *testing.T) {
	tok := parsed(t, `"model": {"type": "BPE", "unk_token": "?", "byte_fallback": true, "vocab": {"?": 0, "a": 1, "<0xC3>": 2, "<0xB1>": 3}, "merges": []}`)
	ids, spans, err := tok.EncodeOffsets("a€ña", false)
	require.ErrorContains(t, err, `tokenizer: the offsets are not certain: token "<0xC3>" does not spell what stands at byte 1 of "a€ña"`)
	require.Equal(t, tok.Encode("a€ña", false), ids)
	require.Nil(t, spans)
	require.Equal(t, []string{"a", "ñ", "ñ", "a"}, parts(t, tok, "aña"))
}

// FuzzOffsets: spans are in order and within the text, and the ids are Encode's.
func FuzzOffsets(f *testing.F) {
	for _, text := range []string{"", "a", "Grüße  e\u0301\u0323\n", "\xff\xe2\x82", "ﬁ ½ 漢字 \x01", "<s>  </s>", strings.Repeat("ab ", 30)} {
		f.Add(text)
	}
	toks := []*Tokenizer{open(f, byteLevelFile), open(f, sentencePieceFile)}
	for _, g := range goldens(f, "trained.json") {
		tok, err := parse(g.Name, g.Component)
		require.NoError(f, err)
		toks = append(toks, tok)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, tok := range toks {
			ids, spans, err := tok.EncodeOffsets(text, true)
			require.NoError(t, err)
			require.Equal(t, tok.Encode(text, true), append([]int32{}, ids...))
			require.Len(t, spans, len(ids))
			last := 0
			for _, s := range spans {
				require.True(t, s[0] <= s[1] && s[1] <= len(text) && last <= s[0], "%+q: %v", text, spans)
				last = s[0]
			}
			require.Equal(t, tok.Decode(ids, true), stream(t, tok, ids, true))
		}
	})
}
