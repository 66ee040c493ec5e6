package translation

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestParsers(t *testing.T) {
	for reply, want := range map[string][2]string{
		"Hej\n</translated>":          {"Hej", "Hej"},
		" a </translated> b":          {"a", "a"},
		"a</translated><translated>b": {"a", "a"},
		"no tag":                      {Failed, "no tag"},
		"</translated>":               {"", ""},
		" \n":                         {Failed, Failed},
		"<translated>a</translated>":  {"<translated>a", "<translated>a"},
		"</Translated>":               {Failed, "</Translated>"},
	} {
		require.Equal(t, want, [2]string{Strict(reply), Lax(reply)}, reply)
	}
}

func TestByTextTakesTheLast(t *testing.T) {
	require.Equal(t, []int{3, 2, 3}, ByText([]string{"a", "b", "a"}, []int{1, 2, 3}))
}

func TestNames(t *testing.T) {
	name, err := Name("sw")
	require.NoError(t, err)
	require.Equal(t, "Swahili", name)
	_, err = Name("xx")
	require.ErrorContains(t, err, `"xx"`)
	require.ErrorContains(t, err, "ar bn cs")
}

func TestWordingKeepsBracesOfTheText(t *testing.T) {
	require.Equal(t, "Irish {language}", Wording("{language} {text}").Prompt("Irish", "{language}"))
	for _, place := range []string{"{language}", "{text}", open, shut} {
		require.Contains(t, string(DefaultWording), place)
	}
}

func FuzzParsers(f *testing.F) {
	f.Add("x</translated>")
	f.Fuzz(func(t *testing.T, reply string) {
		strict, lax := Strict(reply), Lax(reply)
		if strings.Contains(reply, shut) {
			require.Equal(t, strict, lax)
		} else {
			require.Equal(t, Failed, strict)
		}
	})
}

func TestLanguage(t *testing.T) {
	for _, word := range []string{"da", "DA", "da-DK", "da_DK", "Danish", "danish"} {
		code, name, err := Language(word)
		require.NoError(t, err, word)
		require.Equal(t, [2]string{"da", "Danish"}, [2]string{code, name}, word)
	}
	for _, word := range []string{"", "dan", "Danish!", "-"} {
		_, _, err := Language(word)
		require.ErrorContains(t, err, "no name known", word)
	}
}
