package icr

import (
	"errors"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/require"

	"croco/internal/cases"
	"croco/pairing/python"
)

// TestFixturesICR runs the cases of the pair, sampling and translation scripts; reward/implicit has those of the reward.
func TestFixturesICR(t *testing.T) {
	cases.Each(t, "icr", cases.Script("generate_preference_pair.py", "batch_inference.py", "batch_translate.py"), func(t *testing.T, c cases.Case, run cases.Run) {
		switch script := filepath.Base(c.Script); {
		case script == "batch_inference.py":
			checkSampled(t, c, run)
		case script == "batch_translate.py":
			checkTranslated(t, c, run)
		case c.Entry == "command line":
			checkPairs(t, c, run)
		case strings.Contains(c.Entry, "optimize_alpha"):
			checkAlpha(t, c, run)
		default:
			require.Fail(t, "no check for "+c.Entry)
		}
	})
}

func checkAlpha(t *testing.T, c cases.Case, run cases.Run) {
	out := c.Lines(t, run.Out()[0])
	for i, line := range c.Lines(t, c.Inputs[0]) {
		var in struct {
			Scores  [][]float64
			Lengths [][]int
		}
		var want struct {
			Alpha          float64 `json:"best_alpha"`
			Index          int     `json:"best_index"`
			Bias           float64 `json:"mean_length_difference"`
			Zero           float64 `json:"at_zero"`
			End            float64 `json:"at_0.999"`
			Points         int     `json:"grid_points"`
			Chosen, Reject []int
		}
		cases.Decode(t, line, &in)
		cases.Decode(t, out[i], &want)
		table := Table{in.Scores, in.Lengths}
		grid, least := table.Grid(), table.Alpha()
		require.Equal(t, Point{want.Alpha, want.Bias}, least, "table %d", i+1)
		require.Equal(t, least, grid[want.Index])
		require.Len(t, grid, want.Points)
		require.Equal(t, [2]float64{want.Zero, want.End}, [2]float64{grid[0].Bias, grid[999].Bias})
		chosen, reject := table.Pick(least.Alpha)
		require.Equal(t, [2][]int{want.Chosen, want.Reject}, [2][]int{chosen, reject}, "table %d", i+1)
	}
}

func load(t *testing.T, c cases.Case, name string) []*python.Object {
	rows, err := python.Rows(c.Text(t, name), name)
	require.NoError(t, err)
	return rows
}

func checkPairs(t *testing.T, c cases.Case, run cases.Run) {
	o := Options{LengthControl: run.Has("--length_control"), Misaligned: true}
	if text := run.Arg("--upper_bound"); text != "" {
		bound, err := strconv.ParseFloat(text, 64)
		require.NoError(t, err)
		o.UpperBound = &bound
	}
	all, checked, failed := "", 0, error(nil)
	got := map[string]string{}
	for _, language := range run.Args("--langs") {
		r, err := Pairs(load(t, c, "in/"+language+".prompts.jsonl"), load(t, c, "in/"+language+".policy.jsonl"), load(t, c, "in/"+language+".ref.jsonl"), o)
		if err != nil {
			failed = errors.Join(failed, err)
			continue
		}
		text := python.DumpRows(r.Records)
		all += text
		got[language+".pairs.jsonl"], got[language+".alpha_grid.jsonl"] = text, GridRows(r.Grid)
	}
	if run.Exit != 0 {
		require.Error(t, failed)
		return
	}
	require.NoError(t, failed)
	got["all.pairs.jsonl"] = all
	for _, name := range run.Out() {
		require.Equal(t, c.Text(t, name), got[filepath.Base(name)], name)
		checked++
	}
	require.NotZero(t, checked)
}

// checkSampled takes the chat template and the prefix from the expected rows: they are the authors' text, not ours.
func checkSampled(t *testing.T, c cases.Case, run cases.Run) {
	dir, key := run.Arg("--question_path"), run.Arg("--question_key")
	english := load(t, c, dir+"/en.jsonl")
	var generations [][]string
	c.JSON(t, "in/generations.json", &generations)
	for _, language := range run.Args("--langs") {
		rows := load(t, c, dir+"/"+language+".jsonl")
		name := ""
		for _, out := range run.Out() {
			if strings.HasPrefix(filepath.Base(out), language+".jsonl.") {
				name = out
			}
		}
		require.NotEmpty(t, name)
		want := c.Text(t, name)
		got, err := Sampled(rows, english, language, key, scorerOf(t, want, english, language, key), generations[:len(rows)], true)
		require.NoError(t, err)
		require.Equal(t, want, python.DumpRows(got), name)
		generations = generations[len(rows):]
	}
}

func scorerOf(t *testing.T, want string, english []*python.Object, language, key string) Scorer {
	rows, err := python.Rows(want, "want")
	require.NoError(t, err)
	first := rows[0]
	questions, err := Questions(rows[:1], key)
	require.NoError(t, err)
	before, after, found := strings.Cut(first.Get("prompt").(string), questions[0])
	require.True(t, found)
	s := Scorer{Chat: func(content string) string { return before + content + after }}
	for _, row := range english {
		if language != "en" && rowID(row) == rowID(first) {
			inside := strings.TrimSuffix(strings.TrimPrefix(first.Get("cross_implicit_reward_prompt").(string), before), after)
			prefix, found := strings.CutSuffix(inside, row.Get(key).(string))
			require.True(t, found)
			// the language's name is a capitalised word after the first
			words := strings.Fields(prefix)
			for _, word := range words[1:] {
				if unicode.IsUpper([]rune(word)[0]) {
					s.Prefix = strings.Replace(prefix, strings.TrimFunc(word, unicode.IsPunct), "{language}", 1)
				}
			}
		}
	}
	return s
}

func checkTranslated(t *testing.T, c cases.Case, run cases.Run) {
	var replies []string
	c.JSON(t, "in/generations.json", &replies)
	detect := func(text string) (string, error) { // what stood in for the detector
		if strings.ContainsFunc(text, unicode.IsLetter) {
			return "xx", nil
		}
		return "", errors.New("no features")
	}
	for _, language := range run.Args("--src_langs") {
		rows := load(t, c, run.Arg("--question_path")+"/"+language+".jsonl")
		n := 0
		for _, row := range rows {
			n += len(row.Get("response").([]any))
		}
		got, err := Translated(rows, replies[:n], detect)
		require.NoError(t, err)
		replies = replies[n:]
		require.Equal(t, c.Text(t, run.Arg("--save_dir")+"/"+language+".jsonl.to_"+run.Arg("--tgt_langs")+".jsonl"), python.DumpRows(got))
	}
}
