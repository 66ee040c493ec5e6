package language

import (
	"os"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

// sentences reads testdata/sentences.tsv: everyday sentences that the model was not trained on.
func sentences(t testing.TB) (codes, texts []string) {
	data, err := os.ReadFile("testdata/sentences.tsv")
	require.NoError(t, err)
	for line := range strings.Lines(string(data)) {
		code, text, _ := strings.Cut(strings.TrimSpace(line), "\t")
		codes, texts = append(codes, code), append(texts, text)
	}
	return codes, texts
}

func TestEverydaySentences(t *testing.T) {
	codes, texts := sentences(t)
	require.Len(t, texts, 180)
	right, pooled := 0, 0
	for i, text := range texts {
		code, p := Detect(text)
		require.Equal(t, Score{code, p}, Scores(text)[0])
		if code == codes[i] {
			right++
		}
		if Probability(text, codes[i], true) > .5 {
			pooled++
		}
	}
	require.GreaterOrEqual(t, right, 172) // 173 when the model was made
	require.GreaterOrEqual(t, pooled, 172)
}

// TestConfidenceGrowsWithText: one word of several languages is no proof, a sentence is.
func TestConfidenceGrowsWithText(t *testing.T) {
	for _, word := range []string{"Paris", "OK", "animal", "en", "Un gato."} {
		_, p := Detect(word)
		require.Less(t, p, float32(.75), word)
	}
	code, p := Detect("El tren sale a las ocho y media.")
	require.Equal(t, "es", code)
	require.Greater(t, p, float32(.95))
}

func TestNoLatinLettersIsUndetermined(t *testing.T) {
	for _, text := range []string{"", " ", "42", "12 + 12 = 24.", "Поезд отходит в половине девятого.", "列車は八時半に出ます。", "القطار", "\xff\xfe", "…"} {
		code, p := Detect(text)
		require.Equal(t, Undetermined, code, text)
		require.Equal(t, float32(1), p)
	}
	code, _ := Detect("Pociąg odjeżdża o wpół do dziewiątej, a ja jeszcze śpię.") // Polish
	require.Equal(t, Undetermined, code)
}

// TestSpellings: case, decomposed accents and typographic apostrophes do not matter.
func TestSpellings(t *testing.T) {
	want := Scores("où est l'école ? c'est près de l'église")
	require.Equal(t, want, Scores("OÙ EST L’ÉCOLE ? C’EST PRÈS DE L’ÉGLISE"))
	require.Equal(t, want, Scores("ou\u0300 est l'e\u0301cole ? c'est pre\u0300s de l'e\u0301glise"))
}

func TestPooling(t *testing.T) {
	const both = "Om sommeren er dagene lange og varme."
	require.Less(t, Probability(both, "nb", false), float32(.5))
	require.Greater(t, Probability(both, "nb", true), float32(.95))
	require.Equal(t, Probability(both, "no", true), Probability(both, "da", true))
	require.Equal(t, Probability(both, "sv", false), Probability(both, "sv", true))
}

func TestCanonical(t *testing.T) {
	for given, want := range map[string]string{"en": "en", "pt-BR": "pt", "pt_PT": "pt", "nb": "no", "nn_NO": "no", "nob_Latn": "no",
		"DEU": "de", "ja": "", "und": "", "": "", "english": "en", "German": "de", "klingon": ""} {
		require.Equal(t, want, Canonical(given), given)
	}
	require.Len(t, Supported(), 15)
	require.Zero(t, Probability("こんにちは", "ja", false))
}

func TestParseRefuses(t *testing.T) {
	_, err := parse(nil)
	require.ErrorContains(t, err, "0 bytes, expected 262296")
	broken := append([]byte("crocoXXX"), modelFile[8:]...)
	_, err = parse(broken)
	require.ErrorContains(t, err, `expected "crocolid"`)
}

func TestDetectDoesNotAllocate(t *testing.T) {
	require.Zero(t, testing.AllocsPerRun(100, func() { Detect("Where did you put the keys to the car?") }))
}

func FuzzDetect(f *testing.F) {
	for _, text := range []string{"", "Ja.", "'''", "x’’’y", "e\u0301\u0301\u0301", strings.Repeat("ab", 60), "\xf0\x28", "ǅ İ ß"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		code, p := Detect(text)
		require.True(t, p >= 0 && p <= 1.0001, p)
		sum := float32(0)
		for _, s := range Scores(text) {
			sum += s.Probability
		}
		require.InDelta(t, 1, sum, 1e-4)
		if utf8.ValidString(text) && !strings.ContainsAny(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") && len(text) < 2 {
			require.Equal(t, Undetermined, code)
		}
	})
}

func BenchmarkDetect(b *testing.B) {
	_, texts := sentences(b)
	for i := 0; b.Loop(); i++ {
		Detect(texts[i%len(texts)])
	}
}
