package toyworld

import (
	"encoding/json"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// goldenCase is an answer judged by the prototype of this world (testdata/judge_cases.json).
type goldenCase struct {
	Task          []any
	Key, Lang     string
	Split         Split
	Prompt, Shown string
	Answer        string
	Ended         bool
	IDs           []int32
	Judge         struct {
		Q, C, F, OK float64
		Lang        string
	}
}

// TestGolden holds the judge to 240 cases of its prototype. There the second name was Ben, one token with the Danish
// "ben" (legs); here it is Paul, and "ben" is Danish. Of the verdicts only those on answers with "ben" for legs that
// were asked in another language may differ, and those are listed.
func TestGolden(t *testing.T) {
	data, err := os.ReadFile("testdata/judge_cases.json")
	require.NoError(t, err)
	var cases []goldenCase
	require.NoError(t, json.Unmarshal(data, &cases))
	require.Len(t, cases, 240)
	var changed []int
	for i, c := range cases {
		task := c.task(t)
		require.Equal(t, c.Key, task.key())
		require.Equal(t, c.Split, task.Split())
		prompt := Prompt(task, c.Lang)
		require.Equal(t, c.rename(c.Prompt), strings.Join(spelling(prompt), " "))
		require.Equal(t, c.rename(c.Shown), Text(prompt, c.Lang))
		for k, id := range c.IDs {
			if id == 93 && task.Kind != Add {
				id = world.ids["ben"]
			}
			require.Equal(t, id, prompt[k])
		}
		answer, err := Encode(c.rename(c.Answer))
		require.NoError(t, err)
		j, w := Judge(task, c.Lang, answer, c.Ended), c.Judge
		same := math.Abs(j.Quality-w.Q) < 1e-9 && math.Abs(j.Correct-w.C) < 1e-9 && j.Full == (w.F == 1) && j.Language == w.Lang && j.Pass == (w.OK == 1)
		if !same {
			changed = append(changed, i)
			t.Logf("case %d: %v asked in %s: %q: %+v, there %+v", i, task, c.Lang, c.Answer, j, w)
			require.Contains(t, " "+c.Answer+" ", " ben ")
			require.NotEqual(t, "da", c.Lang)
		}
	}
	require.Equal(t, []int{47, 203}, changed)
}

// rename turns the prototype's Ben into Paul; only Add tasks have names.
func (c goldenCase) rename(text string) string {
	if c.Task[0] == "add" {
		return strings.NewReplacer("ben", "paul", "Ben", "Paul").Replace(text)
	}
	return strings.ReplaceAll(text, "Ben", "ben")
}

// task reads the prototype's tuple through the identifier, whose order it shares.
func (c goldenCase) task(t *testing.T) Task {
	var words []string
	for _, x := range c.Task {
		word, _ := json.Marshal(x)
		words = append(words, strings.Trim(string(word), `"`))
	}
	task, err := ParseTask(c.rename(strings.Join(words, "-")))
	require.NoError(t, err)
	return task
}

// TestJudgeKnowsTheStyles: what the corpus grammar means by a style is what the judge makes of it.
func TestJudgeKnowsTheStyles(t *testing.T) {
	for i, task := range Tasks(Tune, 400, 1) {
		l := Languages()[i%6]
		full := Judge(task, l, Answer(task, l, Good, uint64(i)), true)
		require.Equal(t, Judgement{1, 1, true, l, true, true, true}, full, task)
		terse := Judge(task, l, Answer(task, l, Terse, uint64(i)), true)
		require.InDelta(t, .7, terse.Quality, 1e-9)
		require.True(t, terse.Pass && terse.Tidy && !terse.Full)
		for _, style := range []Style{Wrong, TerseWrong} {
			wrong := Judge(task, l, Answer(task, l, style, uint64(i)), true)
			require.Less(t, wrong.Correct, 1., "%v %s %s", task, l, Text(Answer(task, l, style, uint64(i)), l))
			require.False(t, wrong.Pass)
		}
		ramble := Judge(task, l, Answer(task, l, Ramble, uint64(i)), true)
		require.False(t, ramble.Tidy || ramble.Pass)
		require.LessOrEqual(t, ramble.Quality, .42+1e-9)

		unfinished := Judge(task, l, Answer(task, l, Good, uint64(i)), false)
		require.Zero(t, unfinished.Quality)
		require.False(t, unfinished.Pass)
	}
	require.Zero(t, Judge(Tasks(Tune, 1, 1)[0], "en", nil, true).Quality)
}

// TestForeignAnswers: the right answer in another language has at most three tenths of its worth, and is named.
func TestForeignAnswers(t *testing.T) {
	foreign := 0
	for i, task := range Tasks(Tune, 200, 2) {
		asked, other := Languages()[i%6], Languages()[(i+1+i/6%5)%6]
		j := Judge(task, asked, Answer(task, other, Good, 0), true)
		if !j.RightLanguage { // "2 animales" is Spanish alone, "2 patos" Galician as well
			require.NotEqual(t, asked, j.Language)
			require.LessOrEqual(t, j.Quality, .3+1e-9)
			foreign++
		}
	}
	require.Greater(t, foreign, 140)
	mixed, err := Encode("Flies, owls, dogs. Ugler, dogs, flies.")
	require.NoError(t, err)
	require.Equal(t, Mixed, LanguageOf(mixed, "da"))
	number, _ := Encode("12 + 12 = 24.")
	require.Equal(t, "gl", LanguageOf(number, "gl"))
}
