package tokenizer

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

// stream decodes through a Stream and checks that no push returns half a character.
func stream(t testing.TB, tok *Tokenizer, ids []int32, skipSpecial bool) string {
	var out strings.Builder
	s := tok.NewStream(skipSpecial)
	for _, id := range ids {
		text := s.Push(id)
		require.True(t, utf8.ValidString(text), "%q", text)
		out.WriteString(text)
	}
	text := s.Flush()
	require.True(t, utf8.ValidString(text), "%q", text)
	out.WriteString(text)
	return out.String()
}
