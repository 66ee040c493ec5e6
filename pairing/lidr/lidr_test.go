package lidr

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"croco/pairing/python"
)

func rows(t *testing.T, text string) []*python.Object {
	t.Helper()
	r, err := python.Rows(text, "in")
	require.NoError(t, err)
	return r
}

const there = `{"prompt": "x", "response": "y", "id": 1, "en2da_reponse": "yd"}
{"prompt": "x2", "response": "y2", "id": 2, "en2da_reponse": ""}
{"prompt": "x3", "response": "y3", "id": 3, "en2da_reponse": "y3d"}
{"prompt": "x4", "response": "y4", "id": 4, "en2da_reponse": "y4d"}
`
const back = `{"prompt": "xd", "response": "z", "id": 1, "da2en_reponse": "ze"}
{"prompt": "x2d", "response": "z2", "id": 2, "da2en_reponse": "z2e"}
{"prompt": "x3d", "response": "z3", "id": 3, "da2en_reponse": "Translation Error"}
{"prompt": "x4d", "response": "z4", "id": 4, "da2en_reponse": "z4e"}
`

func TestPairsBothWays(t *testing.T) {
	en, da, report, err := Pairs(rows(t, there), rows(t, back), "da", map[string]bool{"4": true}, Defaults())
	require.NoError(t, err)
	require.Equal(t, Report{Pairs: 2, Failed: 1, Empty: 1}, report)
	require.Equal(t, `{"prompt": "x", "chosen": "y", "rejected": "ze", "id": 1}
{"prompt": "x4", "chosen": "y4", "rejected": "z4e", "id": 4}
`, python.DumpRows(en))
	require.Equal(t, `{"prompt": "xd", "chosen": "yd", "rejected": "z", "id": 1}
{"prompt": "x4d", "chosen": "y4", "rejected": "z4", "id": 4}
`, python.DumpRows(da))
	_, _, report, err = Pairs(rows(t, there), rows(t, back), "da", nil, AuthorsOptions())
	require.NoError(t, err)
	require.Equal(t, Report{Pairs: 3, Failed: 1}, report)
}

func TestRowsThatDoNotFitAreRefused(t *testing.T) {
	_, _, _, err := Pairs(rows(t, there), rows(t, back)[:3], "da", nil, Defaults())
	require.EqualError(t, err, "expected both directions of da to have the same rows, found 4 and 3")
	_, _, _, err = Pairs(rows(t, there)[1:], rows(t, back)[:3], "da", nil, Defaults())
	require.EqualError(t, err, "en and da, row 1: expected one id in both directions, found 2 and 1")
	_, _, _, err = Pairs(rows(t, there), rows(t, there), "da", nil, Defaults())
	require.ErrorContains(t, err, "expected the key da2en_reponse")
	_, _, _, err = Pairs(rows(t, `{"prompt": "x"}`), rows(t, back)[:1], "da", nil, Defaults())
	require.ErrorContains(t, err, "expected the key id")
}

// files writes a folder with two languages, whose English pairs tell them apart.
func files(t *testing.T) string {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"en2da.jsonl": there, "da2en.jsonl": back,
		"en2fr.jsonl": strings.ReplaceAll(there, "2da", "2fr"), "fr2en.jsonl": strings.NewReplacer("da2", "fr2", "ze", "fe").Replace(back),
	} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644))
	}
	return dir
}

func TestEnglishPairs(t *testing.T) {
	dir := files(t)
	for which, want := range map[string][]string{"all": {"ze", "z4e", "fe", "z4e"}, "first": {"ze", "z4e"}, "last": {"fe", "z4e"}} {
		o, out := Defaults(), t.TempDir()
		o.EnglishPairs = which
		require.NoError(t, Run(dir, "", out, []string{"da", "fr"}, o, io.Discard))
		text, err := os.ReadFile(filepath.Join(out, "en_dpo.jsonl"))
		require.NoError(t, err)
		var got []string
		for _, row := range rows(t, string(text)) {
			got = append(got, row.Get("rejected").(string))
		}
		require.Equal(t, want, got, which)
		all, err := os.ReadFile(filepath.Join(out, "all_languages_dpo.jsonl"))
		require.NoError(t, err)
		require.True(t, strings.HasPrefix(string(all), string(text)), "English comes first")
		require.Len(t, rows(t, string(all)), len(want)+4)
	}
}

func TestSwitchesAreRefused(t *testing.T) {
	for _, change := range []func(*Options){
		func(o *Options) { o.EnglishPairs = "some" }, func(o *Options) { o.Empty = "" }, func(o *Options) { o.Input = "x" },
		func(o *Options) { o.FileName = "translation.jsonl" },
	} {
		o := Defaults()
		require.NoError(t, o.Validate())
		change(&o)
		require.Error(t, o.Validate())
		require.Error(t, Run(files(t), "", t.TempDir(), []string{"da"}, o, io.Discard))
	}
	require.NoError(t, AuthorsOptions().Validate())
	require.ErrorContains(t, Run(files(t), "", t.TempDir(), nil, Defaults(), io.Discard), "at least one")
	require.ErrorIs(t, Run(files(t), "", t.TempDir(), []string{"de"}, Defaults(), io.Discard), os.ErrNotExist)
}

func TestUnparsableLines(t *testing.T) {
	dir := files(t)
	path := filepath.Join(dir, "en2da.jsonl")
	require.NoError(t, os.WriteFile(path, []byte("not JSON\n\n"+there), 0o644))
	require.ErrorContains(t, Run(dir, "", t.TempDir(), []string{"da"}, Defaults(), io.Discard), "en2da.jsonl:1")
	o := Defaults()
	o.Input = "authors"
	var log strings.Builder
	require.NoError(t, Run(dir, "", t.TempDir(), []string{"da"}, o, &log))
	require.Contains(t, log.String(), "1 lines left out")
}

func TestAnsweredAndTranslated(t *testing.T) {
	in := rows(t, `{"id": 1, "q": "a"}`+"\n"+`{"id": 2, "q": "a", "final_answer": 3}`)
	prompts, instructions, err := Prompts(in, "q", "{language}: {question}", "sw")
	require.NoError(t, err)
	require.Equal(t, []string{"Swahili: a", "Swahili: a"}, prompts)
	got, err := Answered(in, prompts, instructions, []string{" one", "two "}, false)
	require.NoError(t, err)
	require.Equal(t, `{"prompt": "Swahili: a", "instruction": "a", "response": "one", "final_answer": "", "id": 1}
{"prompt": "Swahili: a", "instruction": "a", "response": "two", "final_answer": 3, "id": 2}
`, python.DumpRows(got))
	translated, err := Translated(got, []string{"1</translated>", "2"}, "sw", "en", false)
	require.NoError(t, err)
	require.Equal(t, "1", translated[0].Get("sw2en_reponse"))
	require.Equal(t, "Translation Error", translated[1].Get("sw2en_reponse"))
	_, err = Answered(in, prompts, instructions, nil, false)
	require.EqualError(t, err, "expected answers to 2 rows, found 0")
	_, err = Translated(got, nil, "sw", "en", false)
	require.EqualError(t, err, "expected replies for 2 rows, found 0")
	_, _, err = Prompts(in, "q", "{language}", "xx")
	require.ErrorContains(t, err, `"xx"`)
	_, _, err = Prompts(in, "p", "", "xx")
	require.ErrorContains(t, err, "row 1: expected the key p")
}
