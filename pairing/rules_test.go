package pairing

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"croco/pairing/sweetspot"
)

// crowd makes n answers with distinct random scores to each of some lines.
func crowd(lines, n int) (rows []Candidate) {
	random := rand.New(rand.NewPCG(3, 4))
	for line := range lines {
		for i := range n {
			rows = append(rows, Candidate{LineID: line, Language: "en", Sample: i, Prompt: Text(fmt.Sprint(line)), Completion: fmt.Sprint("answer ", i), Score: random.NormFloat64()})
		}
	}
	return rows
}

// All 21 pairs of points are those of package sweetspot on the pool's bare scores.
func TestSweetSpotRule(t *testing.T) {
	rows := crowd(5, 64)
	o := Defaults()
	o.Rule = SweetSpotRule
	for l, low := range sweetspot.Points {
		for _, high := range sweetspot.Points[l+1:] {
			o.ChosenPoint, o.RejectedPoint = high.String(), low.String()
			pairs, report, err := Croco(rows, o)
			require.NoError(t, err)
			var want, got []string
			for line := range 5 {
				pool, scores := rows[64*line:64*line+64], []float64{}
				for _, c := range pool {
					scores = append(scores, c.Score)
				}
				if pair, ok := sweetspot.PairAt(scores, high, low); ok {
					want = append(want, pool[pair.Chosen].Completion+" over "+pool[pair.Rejected].Completion)
				}
			}
			for _, p := range pairs {
				got = append(got, p.Chosen+" over "+p.Rejected)
			}
			require.Equal(t, want, got)
			require.Equal(t, 5, report.Pools)
		}
	}
}

// The worst of five drawn lies on average 1.16 σ below the mean, however many there are to draw from.
func TestWorstOfFive(t *testing.T) {
	o := Defaults()
	o.Rule, o.RejectedPoint = SweetSpotRule, "min_of_5"
	for _, n := range []int{16, 64} {
		rows := crowd(1500, n)
		pairs, _, err := Croco(rows, o)
		require.NoError(t, err)
		require.Len(t, pairs, 1500)
		mean := 0.0
		for _, p := range pairs {
			mean += p.RejectedScore / 1500
		}
		require.InDelta(t, -1.163, mean, 0.06)
	}
	again, _, err := Croco(crowd(20, 16), o)
	require.NoError(t, err)
	same, _, err := Croco(crowd(20, 16), o)
	require.NoError(t, err)
	require.Equal(t, again, same)
	o.Seed++
	other, _, err := Croco(crowd(20, 16), o)
	require.NoError(t, err)
	require.NotEqual(t, again, other)
}

func TestPointsRefused(t *testing.T) {
	for points, want := range map[string]string{
		"max max":         "rejected_point max is not below chosen_point max",
		"mu mu+1s":        "rejected_point mu+1s is not below chosen_point mu",
		"best min":        `chosen_point: expected one of min, mu-2s, mu-1s, mu, mu+1s, mu+2s, max, found "best"`,
		"max worst":       `rejected_point: expected one of min, mu-2s, mu-1s, mu, mu+1s, mu+2s, max, found "worst", or min_of_5`,
		"max min_of_some": "expected min_of_5 or another number of draws",
		"mu+2s min_of_5":  "rejected_point min_of_5 goes with chosen_point max",
	} {
		o := Defaults()
		o.Rule = SweetSpotRule
		o.ChosenPoint, o.RejectedPoint, _ = strings.Cut(points, " ")
		require.ErrorContains(t, o.Validate(), want)
	}
	o := Defaults()
	o.LabelNoise = 1.5
	require.ErrorContains(t, o.Validate(), "label_noise: expected a share from 0 to 1")
	o.LabelNoise, o.Rule = 0, "croc"
	require.ErrorContains(t, o.Validate(), "rule: expected one of croco, sweetspot")
}

// Random pairs hold no order; random labels turn half of the pairs round, and each is the same pair.
func TestRandomControls(t *testing.T) {
	rows, o := crowd(2000, 8), Defaults()
	plain, _, err := Croco(rows, o)
	require.NoError(t, err)
	o.LabelNoise = 0.5
	noisy, report, err := Croco(rows, o)
	require.NoError(t, err)
	turned := 0
	for i := range plain {
		if plain[i].Chosen != noisy[i].Chosen {
			turned++
			noisy[i].flip()
		}
	}
	require.Equal(t, plain, noisy)
	require.InDelta(t, 1000, turned, 100)
	require.InDelta(t, report.ChosenScore, report.RejectedScore, 0.15)

	o.LabelNoise = 0.1
	noisy, _, err = Croco(rows, o)
	require.NoError(t, err)
	turned = 0
	for i := range plain {
		if plain[i].Chosen != noisy[i].Chosen {
			turned++
		}
	}
	require.InDelta(t, 200, turned, 60)

	o.LabelNoise, o.Rule = 0, RandomRule
	random, report, err := Croco(rows, o)
	require.NoError(t, err)
	require.Len(t, random, 2000)
	require.InDelta(t, 0, report.ChosenScore, 0.08)
	require.InDelta(t, 0, report.RejectedScore, 0.08)
	for _, p := range random {
		require.NotEqual(t, p.Chosen, p.Rejected)
	}
	one := []Candidate{rows[0], rows[0]}
	none, report, err := Croco(one, o)
	require.NoError(t, err)
	require.Empty(t, none)
	require.Equal(t, map[string]int{"all answers are the same": 1}, report.Skipped)
}

func file(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "rows.jsonl")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
	return path
}

const answered = `{"id":"a","line_id":0,"language":"en","sample":0,"prompt":"p","completion":"x","score":1,"model":"m","prompt_ids":[1],"completion_ids":[2,9],"logprobs":[-1,-2]}
{"id":"a","line_id":0,"language":"en","sample":1,"prompt":"p","completion":"y","score":5,"model":"m","prompt_ids":[1],"completion_ids":[3,9],"logprobs":[-3,-4]}
{"id":"b","line_id":1,"language":"en","sample":0,"prompt":"q","completion":"z","score":0,"model":"m","prompt_ids":[4],"completion_ids":[5,9],"logprobs":[-5,-6]}
`

// Off-policy: the chosen answer comes from a file, the best one there; the rejected one keeps its record.
func TestChosenFile(t *testing.T) {
	o := Defaults()
	o.ChosenFile = file(t, `{"line_id":0,"language":"en","completion":"gold","completion_ids":[7,9]}
{"line_id":1,"language":"en","completion":"silver","score":1}
{"line_id":1,"language":"en","completion":"gold","score":2}
{"line_id":1,"language":"da","completion":"guld","score":9}
`)
	rows, err := o.Read(file(t, answered))
	require.NoError(t, err)
	pairs, report, err := Croco(rows, o)
	require.NoError(t, err)
	require.Len(t, pairs, 2)
	require.Equal(t, 3, report.Rows, "given answers are not the model's")
	require.Equal(t, []string{"gold", "x", "gold", "z"}, []string{pairs[0].Chosen, pairs[0].Rejected, pairs[1].Chosen, pairs[1].Rejected})
	require.Equal(t, []int32{7, 9}, pairs[0].ChosenIDs)
	require.Nil(t, pairs[0].ChosenLogprobs)
	require.Equal(t, []float32{-1, -2}, pairs[0].RejectedLogprobs)
	require.Equal(t, "m", pairs[0].Model)

	best, _, err := MaxReward(rows, o)
	require.NoError(t, err)
	require.Equal(t, []string{"gold", "gold"}, []string{best[0].Completion, best[1].Completion})
	require.Equal(t, []int32{7, 9}, best[0].CompletionIDs)

	for text, want := range map[string]string{"{}": "rows.jsonl:1: expected line_id, language and completion", "": "expected chosen answers, found none", "[": "expected one answer a line"} {
		o.ChosenFile = file(t, text)
		_, err = o.Read(file(t, answered))
		require.ErrorContains(t, err, want)
	}
}

// Another file's scores decide: the truth as an upper bound.
func TestScoresFile(t *testing.T) {
	o := Defaults()
	truth := strings.NewReplacer(`"score":1`, `"score":8`, `"score":5`, `"score":-1`).Replace(answered)
	o.ScoresFile = file(t, truth)
	rows, err := o.Read(file(t, answered))
	require.NoError(t, err)
	pairs, _, err := Croco(rows, o)
	require.NoError(t, err)
	require.Equal(t, []any{"x", "y", 8.0}, []any{pairs[0].Chosen, pairs[0].Rejected, pairs[0].ChosenScore})
	o.ScoresFile = file(t, strings.Replace(truth, `"completion":"z"`, `"completion":"other"`, 1))
	_, err = o.Read(file(t, answered))
	require.ErrorContains(t, err, `found none of answer 0 to prompt "b" in en; score the same completions`)
}
