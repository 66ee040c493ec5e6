package toyworld

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestCorpus: deterministic, addressable, framed, and mixed as the recipe says.
func TestCorpus(t *testing.T) {
	const n = 4000
	docs := slices.Collect(Corpus(7, n))
	require.Equal(t, docs[100:110], slices.Collect(Documents(Train, 7, 100, 110)))
	require.NotEqual(t, docs[:10], slices.Collect(Corpus(8, 10)))
	asked, foreign := map[string]float64{}, map[string]float64{}
	instructions, translations := 0., 0.
	for _, d := range docs {
		require.Equal(t, User, d.Prompt[0])
		require.Equal(t, Assistant, d.Prompt[len(d.Prompt)-1])
		answer, ended := Strip(d.Answer)
		require.True(t, ended)
		require.Len(t, answer, len(d.Answer)-1)
		asked[d.Language]++
		switch question := strings.Join(spelling(d.Prompt), " "); {
		case strings.HasPrefix(question, "answer in"):
			instructions++
			require.Equal(t, d.Language, LanguageOf(answer, d.Language))
		case strings.HasPrefix(question, "translate into"):
			translations++
		case LanguageOf(answer, d.Language) != d.Language:
			foreign[d.Language]++
		}
	}
	require.InDelta(t, .70, asked["en"]/n, .03)
	require.InDelta(t, .10, asked["de"]/n, .02)
	others := n - asked["en"]
	require.InDelta(t, instructed, instructions/others, .03)
	require.InDelta(t, .18, translations/others, .03)
	require.Less(t, foreign["en"]/asked["en"], .03)
	require.Greater(t, foreign["gl"]/asked["gl"], foreign["de"]/asked["de"])
}

func TestTranslationsHaveOneSolution(t *testing.T) {
	exercises := Translations(Tasks(Test, 20, 3), 5)
	require.Len(t, exercises, 100)
	for _, x := range exercises {
		require.Equal(t, "translate into "+LanguageName(x.Language)+" :", strings.Join(spelling(x.Question[:4]), " "))
		require.True(t, Judge(x.Task, "en", x.Question[4:], true).Pass)
		require.True(t, Judge(x.Task, x.Language, x.Gold, true).Full)
	}
}

// TestPreferencePairs: without noise the better answer is better, samples are used, and languages are kept.
func TestPreferencePairs(t *testing.T) {
	o := ReportCard("da")
	calls, used := 0, 0
	own, err := Encode("42 hunde.")
	require.NoError(t, err)
	generate := func(prompts [][]int32, n int) [][][]int32 {
		calls++
		require.Len(t, prompts, o.Tasks)
		out := make([][][]int32, len(prompts))
		for i := range out {
			for range n {
				out[i] = append(out[i], withEOS(own))
			}
		}
		return out
	}
	pairs := PreferencePairs(o, generate)
	require.Equal(t, pairs, PreferencePairs(o, generate))
	require.Equal(t, 2, calls)
	require.Greater(t, len(pairs), 240)
	require.Len(t, InLanguage(pairs), len(pairs))
	for _, p := range pairs {
		require.Equal(t, Test, p.Task.Split())
		better, _ := Strip(p.Chosen)
		worse, _ := Strip(p.Rejected)
		require.Greater(t, Judge(p.Task, "da", better, true).Quality-Judge(p.Task, "da", worse, true).Quality, o.Gap)
		if slices.Equal(worse, own) {
			used++
		}
	}
	require.Greater(t, used, 100)

	o.Foreign, o.Own, o.Noise = .5, 0, .5
	noisy := PreferencePairs(o, nil)
	require.Less(t, len(InLanguage(noisy)), len(noisy)/2)
	inverted := 0
	for _, p := range noisy {
		better, _ := Strip(p.Chosen)
		worse, _ := Strip(p.Rejected)
		if Judge(p.Task, "da", better, true).Quality < Judge(p.Task, "da", worse, true).Quality {
			inverted++
		}
	}
	require.InDelta(t, .5, float64(inverted)/float64(len(noisy)), .1)
	for _, p := range AgainstEnglish(Tasks(Test, 20, 1), "gl", 1) {
		better, _ := Strip(p.Chosen)
		worse, _ := Strip(p.Rejected)
		require.Equal(t, 1., Judge(p.Task, "gl", better, true).Quality)
		require.True(t, Judge(p.Task, "en", worse, true).Pass)
	}
}
