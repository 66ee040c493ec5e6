package toyworld

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestTokenizerJSON: the file has every token under its id, and its normalizer puts spaces where Encode cuts.
func TestTokenizerJSON(t *testing.T) {
	var file struct {
		AddedTokens []struct {
			ID      int32
			Content string
		} `json:"added_tokens"`
		Model      struct{ Vocab map[string]int32 }
		Normalizer struct {
			Normalizers []struct {
				Pattern struct{ String string }
				Content string
			}
		}
	}
	require.NoError(t, json.Unmarshal(TokenizerJSON(), &file))
	require.Len(t, file.Model.Vocab, VocabularySize())
	require.Equal(t, world.ids["æbler"], file.Model.Vocab["ĠÃ¦bler"])
	require.Equal(t, world.ids["¿"], file.Model.Vocab["ĠÂ¿"])
	require.Equal(t, world.ids["à"], file.Model.Vocab["ĠÃł"]) // its second byte, A0, is not printable
	for _, a := range file.AddedTokens {
		require.Equal(t, world.Vocabulary[a.ID], a.Content)
	}
	for d := range Documents(Test, 1, 0, 500) {
		text := Text(append(d.Prompt, d.Answer...), d.Language)
		spaced := strings.ToLower(text)
		for _, n := range file.Normalizer.Normalizers[1:] {
			spaced = strings.ReplaceAll(spaced, n.Pattern.String, n.Content)
		}
		require.Equal(t, split(text), strings.Fields(spaced))
	}
}
