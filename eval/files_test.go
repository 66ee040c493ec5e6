package eval

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"croco/reward"
	"croco/sampler"
)

const scores = `{"id":"7","line_id":3,"language":"danish","sample":1,"prompt":"Hej","completion":"Hej!","prompt_ids":[1],"completion_ids":[2],"logprobs":[-0.5],"finish_reason":"stop","model":"m","score":1.5,"scorer":"s","detected_language":"da","language_probability":0.9,"length":4}
{"id":8,"language":"gl","sample":0,"completion":"Ola","finish_reason":"length","score":-999,"detected_language":"es","language_probability":0.6,"length":3}
{"id":9,"language":"ja","sample":0,"completion":"42","finish_reason":"stop","score":0,"length":2}
`

func write(t *testing.T, text string) string {
	path := filepath.Join(t.TempDir(), "scores.jsonl")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
	return path
}

func TestRead(t *testing.T) {
	answers, err := Read(write(t, scores))
	require.NoError(t, err)
	require.Len(t, answers, 3)
	da, gl, ja := answers[0], answers[1], answers[2]
	require.Equal(t, "7", da.Prompt)
	require.Equal(t, []any{3, 1, 1.5, 1.0, 4, true}, []any{da.LineID, da.Sample, da.Score, da.RightLanguage, da.Length, da.Finished},
		"danish and da are one language")
	require.True(t, math.IsNaN(gl.Score), "a failed score is none")
	require.Equal(t, 0.0, gl.RightLanguage)
	require.False(t, gl.Finished)
	require.True(t, math.IsNaN(ja.RightLanguage), "nobody looked at its language")
	require.True(t, math.IsNaN(ja.Quality) && math.IsNaN(ja.Pass))

	_, err = Read(write(t, scores+`{"id":"1","completion":"x"}`))
	require.ErrorContains(t, err, `scores.jsonl:4: expected a "score", found none`)
	_, err = Read(write(t, `{"score":1}`))
	require.ErrorContains(t, err, `scores.jsonl:1: expected the prompt's "id"`)
	_, err = Read(write(t, `{"id":"1","score":"high"}`))
	require.ErrorContains(t, err, `expected float64, found a string`)
}

func TestMixedIsWrong(t *testing.T) {
	a := FromScored([]reward.Scored{{Completion: sampler.Completion{Language: "en"}, DetectedLanguage: "mix"}})
	require.Equal(t, 0.0, a[0].RightLanguage)
}

func TestSummaryReadsBack(t *testing.T) {
	before, after := world()
	raw, err := compare(t, before, after, Options{}).JSON()
	require.NoError(t, err)
	table, err := ParseTable(raw)
	require.NoError(t, err)
	require.Equal(t, compare(t, before, after, Options{}).String(), table.String())

	_, err = ParseTable([]byte(strings.Replace(string(raw), `"win_rate"`, `"winrate"`, 1)))
	require.ErrorContains(t, err, `unknown field "winrate"`)
	_, err = ParseTable([]byte(`{"confidence":0.95,"rows":[]}`))
	require.ErrorContains(t, err, `"rows": expected one row or more`)
	_, err = ParseTable(append(raw, '{'))
	require.Error(t, err)
}

func FuzzParseTable(f *testing.F) {
	raw, err := os.ReadFile(filepath.Join("testdata", "summary.json"))
	require.NoError(f, err)
	f.Add(raw)
	f.Add([]byte(`{"confidence":0.5,"rows":[{"name":"x","prompts":-1,"score":{"prompts":1}}]}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		table, err := ParseTable(raw)
		if err != nil {
			return
		}
		_ = table.String()
		_ = table.Headline()
		again, err := table.JSON()
		require.NoError(t, err)
		back, err := ParseTable(again)
		require.NoError(t, err)
		require.Equal(t, table.String(), back.String())
	})
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(scores))
	f.Fuzz(func(t *testing.T, raw []byte) {
		_, _ = Read(write(t, string(raw)))
	})
}
