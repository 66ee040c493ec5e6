package icr

import (
	"math/rand/v2"
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

const asked = `{"instruction": "x", "instruction_id": "a"}` + "\n" + `{"instruction": "y", "instruction_id": "b"}`
const policy = `{"instruction_id": "a", "response": ["1", "22"], "response_log_probs": [-1.0, -2]}
{"response": ["é", "ab", "c"], "response_log_probs": [-3, -1, -2.5]}`
const reference = `{"response_log_probs": [-2, -2]}
{"response_log_probs": [-1, -2, -2.5]}`

func TestPairsAreBestAndWorst(t *testing.T) {
	r, err := Pairs(rows(t, asked), rows(t, policy), rows(t, reference), Options{})
	require.NoError(t, err)
	require.Equal(t, `{"prompt": "x", "chosen": "1", "reject": "22", "chosen_score": 1.0, "reject_score": 0.0, "id": "a"}
{"prompt": "y", "chosen": "ab", "reject": "é", "chosen_score": 1.0, "reject_score": -2.0, "id": 1}
`, python.DumpRows(r.Records))
	require.Equal(t, "da_dpo.jsonl", r.FileName("da"))
	require.Equal(t, "no length control", r.Note())
}

func TestRowsThatDoNotFitAreRefused(t *testing.T) {
	for _, c := range []struct{ policy, reference, want string }{
		{`{"response": ["a"]}`, `{"response_log_probs": [1]}`, "policy, row 1: expected the key response_log_probs"},
		{`{"response": ["a"], "response_log_probs": [1, 2]}`, `{"response_log_probs": [1]}`, "row 1: expected a score of both models for each of 1 answers, found 2 and 1"},
		{`{"response": ["a"], "response_log_probs": [NaN]}`, `{"response_log_probs": [1]}`, "item 1: expected a finite number, found NaN"},
		{`{"response": [], "response_log_probs": []}`, `{"response_log_probs": []}`, "row 1: expected answers with scores, found none"},
		{`{"response": [3], "response_log_probs": [1]}`, `{"response_log_probs": [1]}`, "response, item 1: expected text, found a number"},
		{policy, `{"response_log_probs": [1]}`, "found 2 and 1 rows"},
	} {
		_, err := Pairs(rows(t, `{"instruction": "x"}`), rows(t, c.policy), rows(t, c.reference), Options{})
		require.ErrorContains(t, err, c.want)
	}
	_, err := Pairs(rows(t, asked)[:1], rows(t, policy), rows(t, reference), Options{})
	require.EqualError(t, err, "expected one row of scores per prompt, found 1 prompts and 2 rows")
	_, err = Pairs(nil, nil, nil, Options{LengthControl: true})
	require.ErrorContains(t, err, "found none")
}

// A reward of half a point a character, under noise: α finds the half, and both sides become equally long.
func TestAlphaFindsThePriceOfLength(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	var table Table
	for range 300 {
		var rewards []float64
		var lengths []int
		for range 10 {
			n := 20 + random.IntN(400)
			rewards, lengths = append(rewards, 0.5*float64(n)+10*random.NormFloat64()), append(lengths, n)
		}
		table.Rewards, table.Lengths = append(table.Rewards, rewards), append(table.Lengths, lengths)
	}
	least := table.Alpha()
	require.InDelta(t, 0.5, least.Alpha, 0.02)
	require.Greater(t, table.Bias(0), 250.0)
	require.InDelta(t, 0, least.Bias, 5)
	for _, p := range table.Grid() {
		require.GreaterOrEqual(t, p.Bias*p.Bias, least.Bias*least.Bias)
	}
}

func TestPriceBeyondTheGridIsSaid(t *testing.T) {
	table := Table{[][]float64{{5, 50}}, [][]int{{1, 10}}} // 5 points a character
	require.Equal(t, Point{0, 9}, table.Alpha())
	r, err := Pairs(rows(t, asked)[:1], rows(t, `{"response": ["a", "abcdefghij"], "response_log_probs": [5, 50]}`), rows(t, `{"response_log_probs": [0, 0]}`), Options{LengthControl: true})
	require.NoError(t, err)
	require.Contains(t, r.Note(), "length is not controlled")
	require.Equal(t, "th_lc_alpha_0.0_dpo.jsonl", r.FileName("th"))
}

func TestUpperBound(t *testing.T) {
	require.Equal(t, 2, bestBelow([]float64{9, 1, 3, 3}, 9))
	require.Equal(t, 0, bestBelow([]float64{9, 1}, -5))
}

func TestSampledByRowOrByText(t *testing.T) {
	s := Scorer{DefaultPrefix, func(c string) string { return "<" + c + ">" }}
	in := rows(t, `{"q": "same", "id": 1}`+"\n"+`{"q": "same", "id": 2, "input": "more"}`+"\n"+`{"q": "same", "id": 1}`)
	english := rows(t, `{"q": "e1", "id": 1}`+"\n"+`{"q": "e2", "id": 2}`)
	answers := [][]string{{" a"}, {"b "}, {"c"}}
	got, err := Sampled(in, english, "es", "q", s, answers, false)
	require.NoError(t, err)
	require.Equal(t, `{"q": "same", "id": 1, "prompt": "<same>", "cross_implicit_reward_prompt": "<Answer in Spanish, unless the instruction itself asks for another language.\n\ne1>", "response": ["a"]}`, python.Dumps(got[0]))
	require.Equal(t, "<same\nmore>", got[1].Get("prompt"))
	got, err = Sampled(in, english, "en", "q", s, answers, true)
	require.NoError(t, err)
	require.Equal(t, []any{"c"}, got[0].Get("response"))
	require.Equal(t, "<e2>", got[1].Get("cross_implicit_reward_prompt"))
	_, err = Sampled(in, english[:1], "en", "q", s, answers, true)
	require.EqualError(t, err, "row 2: no English row has its id 2")
	_, err = Sampled(in, english, "xx", "q", s, answers, true)
	require.ErrorContains(t, err, `language "xx"`)
}
