package eval

import (
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write the golden files anew")

// world makes answers in four languages: English and Danish gain, German stays, Galician loses and leaves its language.
func world() (before, after []Answer) {
	random := rand.New(rand.NewPCG(7, 7))
	gains := map[string]float64{"en": .5, "da": .8, "de": 0, "gl": -.9}
	for _, language := range []string{"en", "da", "de", "gl"} {
		for line := range 24 {
			easy := random.NormFloat64()
			for sample := range 4 {
				answer := func(gain, right float64) Answer {
					return Answer{Prompt: fmt.Sprintf("%s-%d", language, line), LineID: line, Language: language, Sample: sample,
						Score: easy + gain + .4*random.NormFloat64(), RightLanguage: Share(random.Float64() < right),
						Length: 60 + random.IntN(30), Finished: random.IntN(20) > 0, Quality: math.NaN(), Pass: math.NaN()}
				}
				before = append(before, answer(0, .9))
				after = append(after, answer(gains[language], .9+.4*min(0, gains[language])))
			}
		}
	}
	return before, after
}

func compare(t *testing.T, before, after []Answer, o Options) Table {
	table, err := Compare(before, after, o)
	require.NoError(t, err)
	return table
}

// TestByHand has two prompts whose every number can be checked with a pencil.
func TestByHand(t *testing.T) {
	answer := func(prompt string, sample int, score float64) Answer {
		return Answer{Prompt: prompt, LineID: int(prompt[0]), Language: "en", Sample: sample, Score: score, RightLanguage: 1, Length: 10, Finished: true,
			Quality: math.NaN(), Pass: math.NaN()}
	}
	before := []Answer{answer("a", 0, 1), answer("a", 1, 3), answer("b", 0, 5)}
	after := []Answer{answer("b", 0, 8), answer("b", 1, 10), answer("b", 2, math.NaN()), answer("a", 0, 3)}
	row := compare(t, before, after, Options{}).Rows[0]

	// a: 2 → 3, b: 5 → 9. Differences 1 and 4: mean 2.5, sd √4.5, se 1.5, t(1) = 12.7062.
	require.Equal(t, 3.5, row.Score.Before)
	require.Equal(t, 6.0, row.Score.After)
	require.Equal(t, 2.5, row.Score.Difference)
	require.InDelta(t, 2.5-1.5*12.7062047, row.Score.Low, 1e-6)
	require.InDelta(t, 2.5+1.5*12.7062047, row.Score.High, 1e-6)
	require.Equal(t, 1.0, row.Wins.Value)
	require.Equal(t, TooFew, row.Score.Verdict())
	require.Equal(t, []int{2, 3, 4}, []int{row.Prompts, row.AnswersBefore, row.AnswersAfter})
	require.Equal(t, None, row.Quality.Verdict())
	require.Equal(t, "The score was measured on too few prompts in en: 4 → 6 (+2 ±19).", compare(t, before, after, Options{}).Headline()[0])
}

func TestVerdicts(t *testing.T) {
	before, after := world()
	table := compare(t, before, after, Options{})
	for name, want := range map[string]Verdict{"en": Gained, "da": Gained, "de": WithinNoise, "gl": Lost} {
		row, err := table.Row(name)
		require.NoError(t, err)
		require.Equal(t, want, row.Score.Verdict(), name)
	}
	gl, _ := table.Row("gl")
	require.Equal(t, Lost, gl.RightLanguage.Verdict())
	require.Equal(t, Lost, gl.Wins.Verdict())

	same := compare(t, before, before, Options{}).Total()
	require.Equal(t, WithinNoise, same.Score.Verdict(), "a model does not beat itself")
	require.Equal(t, .5, same.Wins.Value, "ties are half a win")
	require.Zero(t, same.Score.Difference)
}

func TestOrderDoesNotMatter(t *testing.T) {
	before, after := world()
	want := compare(t, before, after, Options{}).String()
	rand.New(rand.NewPCG(1, 2)).Shuffle(len(after), func(i, j int) { after[i], after[j] = after[j], after[i] })
	require.Equal(t, want, compare(t, before, after, Options{}).String())
}

// TestTranslationsAreOneCluster: when every language says the same of a line, more languages add no knowledge.
func TestTranslationsAreOneCluster(t *testing.T) {
	before, after := world()
	var b, a []Answer
	for i := range before {
		if before[i].Language == "en" {
			for _, language := range []string{"en", "de", "fr"} {
				x, y := before[i], after[i]
				x.Language, y.Language = language, language
				b, a = append(b, x), append(a, y)
			}
		}
	}
	table := compare(t, b, a, Options{})
	en, all := table.Rows[0], table.Total()
	require.Equal(t, 3*en.Prompts, all.Prompts)
	require.InDelta(t, en.Score.Low, all.Score.Low, 1e-12)
	require.InDelta(t, en.Score.High, all.Score.High, 1e-12)
}

func TestGroupsAndBootstrap(t *testing.T) {
	before, after := world()
	table := compare(t, before, after, Options{Bootstrap: 2000, Seed: 1, Groups: []Group{{"tuned", []string{"en", "da"}}, {"untuned", []string{"de", "gl"}}}})
	require.Len(t, table.Rows, 7)
	exact := compare(t, before, after, Options{})
	require.InDelta(t, exact.Total().Score.Low, table.Total().Score.Low, .05, "both kinds of interval agree on many prompts")
	again := compare(t, before, after, Options{Bootstrap: 2000, Seed: 1})
	require.Equal(t, table.Rows[0].Score, again.Rows[0].Score, "the draws are those of the seed")
	require.Contains(t, table.Grid("score").Text(), "+0.53 [+0.39, +0.66] ▲")

	_, err := Compare(before, after, Options{Groups: []Group{{"untuned", []string{"fr"}}}})
	require.ErrorContains(t, err, `group untuned: no prompt was answered on both sides in "fr"; there are [en da de gl]`)
}

func TestFaults(t *testing.T) {
	before, after := world()
	_, err := Compare(before, append(after, after[0]), Options{})
	require.ErrorContains(t, err, `answer 0 to prompt "en-0" in language "en" stands twice among those after`)
	_, err = Compare(before[:4], after[4:8], Options{})
	require.ErrorContains(t, err, "no prompt was answered on both sides (1 only before, 1 only after)")

	table := compare(t, before, after[:len(after)-8], Options{})
	require.Equal(t, 2, table.OnlyBefore)
	require.Contains(t, table.Legend(), "Left out: 2 prompts answered only before")
}

// golden compares a text with a file of testdata.
func golden(t *testing.T, name, text string) {
	path := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), text)
}

func TestGolden(t *testing.T) {
	before, after := world()
	table := compare(t, before, after, Options{})
	golden(t, "table.txt", table.String())
	golden(t, "table.md", table.Markdown())
	raw, err := table.JSON()
	require.NoError(t, err)
	golden(t, "summary.json", string(raw))
	text := ""
	for _, s := range table.Headline() {
		text += s + "\n"
	}
	golden(t, "headline.txt", text)

	// The same with ground truth: the score rises while quality falls.
	for i := range after {
		after[i].Score += 2
		before[i].Quality, before[i].Pass = .6+.1*math.Sin(float64(i)), Share(i%3 > 0)
		after[i].Quality, after[i].Pass = .4+.1*math.Cos(float64(i)), Share(i%5 > 2)
		after[i].Length *= 2
	}
	truth := compare(t, before, after, Options{Groups: []Group{{"tuned", []string{"en", "da", "de"}}}})
	text = truth.String()
	for _, s := range truth.Headline() {
		text += s + "\n"
	}
	golden(t, "truth.txt", text)
}
