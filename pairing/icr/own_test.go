package icr

import (
	"encoding/json"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"croco/pairing"
)

// pool is the answers to a line: text and score in turn.
func pool(line int, language string, textsAndScores ...any) (rows []pairing.Candidate) {
	for i := 0; i < len(textsAndScores); i += 2 {
		rows = append(rows, pairing.Candidate{ID: json.RawMessage(`"x"`), LineID: line, Language: language, Sample: i / 2, Prompt: json.RawMessage(`"p"`),
			Completion: textsAndScores[i].(string), Score: textsAndScores[i+1].(float64), Model: "m", PromptIDs: []int32{1},
			CompletionIDs: []int32{int32(i)}, Logprobs: []float32{-1}})
	}
	return rows
}

func TestFromScores(t *testing.T) {
	rows := append(pool(0, "de", "aa", 1.0, "bbbb", 3.0, "c", -2.0), pool(1, "de", "x", 5.0, "x", 4.0)...)
	rows = append(rows, pool(0, "en", "one", -1.0, " ", 9.0, "gone", pairing.FailedScore, "two", -3.0)...)
	rows = append(rows, pool(1, "en", "alone", 1.0)...)
	pairs, report, err := FromScores(rows, Options{})
	require.NoError(t, err)
	require.Len(t, pairs, 2)
	require.Equal(t, [2]string{"bbbb", "c"}, [2]string{pairs[0].Chosen, pairs[0].Rejected})
	require.Equal(t, [2]string{"one", "two"}, [2]string{pairs[1].Chosen, pairs[1].Rejected})
	require.Equal(t, []int32{2}, pairs[0].ChosenIDs)
	require.Equal(t, 3, pairs[0].PoolSize)
	require.Equal(t, 2, pairs[1].PoolSize, "failed and empty answers have left")
	require.NotNil(t, pairs[0].RejectedLogprobs)
	require.Equal(t, Report{Rows: 10, Failed: 1, Empty: 1, Languages: []LanguageReport{
		{Language: "de", Pools: 2, Pairs: 1, Equal: 1, Alpha: Point{0, 1.5}, Before: 1.5},
		{Language: "en", Pools: 2, Pairs: 1, Single: 1}}}, report)
	require.Contains(t, report.String(), "answers  10 read, 1 not scored, 1 empty")

	// A price of a character brings the lengths together: with 1.1 of them the answer of two characters wins.
	pairs, report, err = FromScores(rows[:3], Options{LengthControl: true, AlphaStep: 1.1})
	require.NoError(t, err)
	require.Equal(t, Point{1.1, 1}, report.Languages[0].Alpha)
	require.Equal(t, [2]string{"aa", "c"}, [2]string{pairs[0].Chosen, pairs[0].Rejected})
	require.InDelta(t, 1-2*1.1, pairs[0].ChosenScore, 1e-12)

	bound := 2.0
	pairs, _, err = FromScores(rows[:3], Options{UpperBound: &bound})
	require.NoError(t, err)
	require.Equal(t, "aa", pairs[0].Chosen)

	_, _, err = FromScores(pool(3, "en", "a", math.NaN(), "b", 1.0), Options{})
	require.ErrorContains(t, err, "line_id 3 in en, sample 0: expected a finite score")
	require.ErrorContains(t, Options{AlphaStep: math.Inf(1)}.Validate(), "alpha_step")
}

// The picks of croco's own records are those of the authors' files.
func TestFromScoresAgreesWithPairs(t *testing.T) {
	table := Table{Rewards: [][]float64{{3, 1, 2.5}, {-1, -4, -2}}, Lengths: [][]int{{30, 3, 12}, {5, 50, 7}}}
	var rows []pairing.Candidate
	for i := range table.Rewards {
		for k, r := range table.Rewards[i] {
			rows = append(rows, pool(i, "de", strings.Repeat("a", table.Lengths[i][k]), r)...)
		}
	}
	pairs, report, err := FromScores(rows, Defaults())
	require.NoError(t, err)
	require.Equal(t, table.Alpha(), report.Languages[0].Alpha)
	best, worst := table.Pick(table.Alpha().Alpha)
	for i, p := range pairs {
		require.Len(t, p.Chosen, table.Lengths[i][best[i]])
		require.Len(t, p.Rejected, table.Lengths[i][worst[i]])
	}
}
