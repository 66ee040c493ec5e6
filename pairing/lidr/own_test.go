package lidr

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"croco/pairing"
	"croco/pairing/translation"
	"croco/sampler"
)

// world is three lines in English, German and Danish, spelt in different ways, and their translations.
func world() (answers []sampler.Completion, translations []translation.Row) {
	say := func(line int, language, text string) {
		answers = append(answers, sampler.Completion{ID: sampler.ID(language + string(rune('0'+line))), LineID: line, Language: language,
			Prompt: json.RawMessage(`"p"`), Completion: text, PromptIDs: []int32{1}, CompletionIDs: []int32{2}, Logprobs: []float32{-1}, Model: "m"})
	}
	turn := func(line int, from, to, text string) {
		translations = append(translations, translation.Row{LineID: line, Language: from, To: to, Translation: text})
	}
	for line, text := range []string{"yes", "no", "maybe"} {
		say(line, "english", text)
		say(line, "de", "de:"+text)
		say(line, "Danish", "da:"+text)
		turn(line, "english", "de", "de!"+text)
		turn(line, "de", "english", "en<de "+text)
		turn(line, "english", "Danish", "da!"+text)
		turn(line, "Danish", "english", "en<da "+text)
	}
	return answers, translations
}

func sides(pairs []pairing.Pair) (out [][3]string) {
	for _, p := range pairs {
		out = append(out, [3]string{p.PromptLanguage, p.Chosen, p.Rejected})
	}
	return out
}

func TestFromAnswers(t *testing.T) {
	answers, translations := world()
	translations[4*1].Translation = translation.Failed // no → de
	translations[4*2+3].Translation = ""               // maybe, da → en
	encode := func(_ json.RawMessage, answer string) ([]int32, error) { return []int32{int32(len(answer)), 9}, nil }
	o := Own{Source: "en", EnglishPairs: "all", Empty: "drop", Encode: encode}
	pairs, counts, err := FromAnswers(answers, translations, o)
	require.NoError(t, err)
	want := [][3]string{{"english", "yes", "en<de yes"}, {"english", "maybe", "en<de maybe"}, {"english", "yes", "en<da yes"}, {"english", "no", "en<da no"},
		{"de", "de!yes", "de:yes"}, {"de", "de!maybe", "de:maybe"}, {"Danish", "da!yes", "da:yes"}, {"Danish", "da!no", "da:no"}}
	require.Equal(t, want, sides(pairs))
	require.Equal(t, map[string]*Counts{"de": {Pairs: 2, Failed: 1}, "da": {Pairs: 2, Empty: 1}}, counts)
	require.Equal(t, []int32{9, 9}, pairs[0].RejectedIDs)
	require.NotNil(t, pairs[0].ChosenLogprobs)
	require.Nil(t, pairs[0].RejectedLogprobs, "nobody sampled it")
	require.Equal(t, []int32{2}, pairs[4].RejectedIDs)
	require.NotNil(t, pairs[4].RejectedLogprobs)
	require.Contains(t, Table(counts), "da                  2        0        0        1        0")

	o.EnglishPairs, o.Empty, o.Encode = "last", "authors", nil
	pairs, _, err = FromAnswers(answers, translations, o)
	require.NoError(t, err)
	require.Equal(t, want[2], sides(pairs)[0])
	require.Equal(t, [3]string{"english", "maybe", ""}, sides(pairs)[2])
	require.Nil(t, pairs[0].PromptIDs)
	require.Empty(t, pairs[0].Model)

	// A prompt about translating keeps its English answer; a pair of equals is none; a lost translation is counted.
	o.EnglishPairs, o.Untranslated = "first", map[sampler.ID]bool{"de0": true}
	translations[4*2].Translation = "de:maybe"
	pairs, counts, err = FromAnswers(answers, translations[1:], o)
	require.NoError(t, err)
	require.Equal(t, [3]string{"english", "maybe", "en<de maybe"}, sides(pairs)[0])
	require.Equal(t, &Counts{Pairs: 1, Missing: 1, Failed: 1, Equal: 1}, counts["de"])
	pairs, _, err = FromAnswers(answers, append(translations, translation.Row{LineID: 0, Language: "en", To: "de", Translation: "x"}), o)
	require.NoError(t, err)
	require.Contains(t, sides(pairs), [3]string{"de", "yes", "de:yes"})
}

func TestFromAnswersRefuses(t *testing.T) {
	answers, translations := world()
	o := Own{Source: "en", EnglishPairs: "all", Empty: "drop"}
	answers[0].Sample = 1
	_, _, err := FromAnswers(answers, translations, o)
	require.ErrorContains(t, err, "answer english0: expected one answer per prompt")
	answers[0].Sample, answers[0].Language = 0, ""
	_, _, err = FromAnswers(answers, translations, o)
	require.ErrorContains(t, err, `answer english0: language "": no name known`)
	_, _, err = FromAnswers(nil, nil, Own{Source: "elvish"})
	require.ErrorContains(t, err, "source_language")
	translations[0].To = "q"
	_, _, err = FromAnswers(nil, translations, o)
	require.ErrorContains(t, err, `languages "english" and "q"`)
}
