package tokenizer

import (
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/unicode/norm"
)

// FuzzParse feeds broken files: each is refused or works, and none panics.
func FuzzParse(f *testing.F) {
	for _, file := range []string{"models.json", "trained.json"} {
		for _, g := range goldens(f, file) {
			f.Add([]byte(g.Component))
		}
	}
	f.Add([]byte(`{"added_tokens":[],"normalizer":{"type":"Precompiled","precompiled_charsmap":"BAAAAAAAAAAA"},"model":{"unk_id":0,"vocab":[["",0],["a",1e308],["aa",-1e308]]}}`))
	f.Add([]byte(`{"model":{"vocab":{"a":0,"\ud800":1},"merges":[["a","a"]]},"added_tokens":[null]}`))
	f.Add([]byte(`{"model":{"vocab":{"a" :0 , "b\"": 1000},"merges":["a"," "]},"decoder":{"type":"Sequence","decoders":[null]}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		tok, err := parse("tokenizer.json", data)
		if err != nil {
			require.Nil(t, tok)
			return
		}
		for _, text := range []string{"", "a", "Grüße  <s>\n", "\xff\u0301▁ 12"} {
			ids := tok.Encode(text, true)
			for _, id := range ids {
				_, ok := tok.IDToToken(id)
				require.True(t, ok, "id %d is no token", id)
			}
			require.Equal(t, tok.Decode(ids, true), stream(t, tok, ids, true))
			_, _, _ = tok.EncodeOffsets(text, true)
		}
	})
}

// FuzzEncode holds three promises on any text: ids have tokens, a stream says what Decode says, and a byte-level
// tokenizer gives back its text in its normal form.
func FuzzEncode(f *testing.F) {
	for _, text := range []string{"", "a", "Hello, world!", "Grüße\r\n\t  12345", "<|im_start|>user\n", "\xff\xfe", "e\u0301\u0323", "日本語 👩‍👩‍👧", "▁▁ ▁", "'S 'll I'VE"} {
		f.Add(text)
	}
	byteLevel, sentencePiece := open(f, byteLevelFile), open(f, sentencePieceFile)
	f.Fuzz(func(t *testing.T, text string) {
		for _, tok := range []*Tokenizer{byteLevel, sentencePiece} {
			ids := tok.Encode(text, true)
			for _, id := range ids {
				_, ok := tok.IDToToken(id)
				require.True(t, ok, "id %d is no token", id)
			}
			require.Equal(t, tok.Decode(ids, true), stream(t, tok, ids, true))
		}
		if clean := valid(text); norm.NFC.IsNormalString(clean) {
			require.Equal(t, clean, byteLevel.Decode(byteLevel.Encode(text, false), false))
		}
	})
}
