package grid

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func sample() *Grid {
	return New("language", "score", "answer").Texts(2).
		Add("Gàidhlig", "1.5 ▲", "a|b\nc").
		Add("日本語", "−10.25 ▼", "はい").
		Rule().Add("all", "0", "yes")
}

func TestText(t *testing.T) {
	require.Equal(t, strings.TrimPrefix(`
language     score  answer
──────────────────────────
Gàidhlig     1.5 ▲  a|b c
日本語    −10.25 ▼  はい
──────────────────────────
all              0  yes
`, "\n"), sample().Text())
}

func TestMarkdown(t *testing.T) {
	require.Equal(t, `| language | score | answer |
|---|---:|---|
| Gàidhlig | 1.5 ▲ | a\|b c |
| 日本語 | −10.25 ▼ | はい |
| all | 0 | yes |
`, sample().Markdown())
}

func TestWidth(t *testing.T) {
	for text, want := range map[string]int{"": 0, "abc": 3, "é": 1, "e\u0301": 1, "日本": 4, "🙂": 2, "±": 1, "→": 1, "a\u200bb": 2, "ｱ": 1, "Ａ": 2} {
		require.Equal(t, want, Width(text), "%q", text)
	}
}

func TestCut(t *testing.T) {
	require.Equal(t, "hello", Cut("hello", 5))
	require.Equal(t, "hel…", Cut("hello", 4))
	require.Equal(t, "日…", Cut("日本語", 4), "a wide letter that does not fit is left out whole")
	require.Equal(t, "a b", Cut("a\nb", 5))
}

func TestAddPanics(t *testing.T) {
	require.Panics(t, func() { sample().Add("one") })
}
