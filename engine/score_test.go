package engine_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"croco/engine"
	"croco/internal/jsonl"
	"croco/reward"
)

// score runs the stage on rows of text.
func score(t *testing.T, o engine.Score, rows string) ([]reward.Scored, error) {
	t.Helper()
	dir := t.TempDir()
	o.Completions, o.Out = filepath.Join(dir, "completions.jsonl"), filepath.Join(dir, "scores.jsonl")
	require.NoError(t, os.WriteFile(o.Completions, []byte(rows), 0o644))
	if err := o.Run(context.Background(), device(t), nil); err != nil {
		return nil, err
	}
	return jsonl.All[reward.Scored](o.Out)
}

func TestRulesScoreWithoutAModel(t *testing.T) {
	o := engine.ScoreDefaults()
	o.Rules = []map[string]any{{"name": "finished", "weight": 2}, {"name": "right_language"}}
	rows, err := score(t, o, `{"id":"a","language":"german","sample":0,"prompt":"Wie viele?","completion":"Das sind zwei kleine Katzen und ein Hund.","finish_reason":"stop"}
{"id":"a","language":"german","sample":1,"prompt":"Wie viele?","completion":"There are two little cats and a dog.","finish_reason":"length"}
{"id":"a","language":"german","sample":2,"prompt":"Wie viele?","completion":"42.","finish_reason":"stop"}
`)
	require.NoError(t, err)
	require.InDelta(t, 3, rows[0].Score, 0.1)
	require.InDelta(t, 0, rows[1].Score, 0.1)
	require.Equal(t, "de", rows[0].DetectedLanguage)
	require.Equal(t, "en", rows[1].DetectedLanguage)
	require.Empty(t, rows[2].DetectedLanguage, "a number is of every language")
	require.EqualValues(t, 3, rows[2].Score)
	require.Equal(t, "rules", rows[0].Scorer)
}

func TestWhatCannotBeScoredIsSaid(t *testing.T) {
	_, err := score(t, engine.ScoreDefaults(), "")
	require.ErrorContains(t, err, "nothing to score with")

	o := engine.ScoreDefaults()
	o.ModelNameOrPath = filepath.Join("demo", "models", "reward") // reads ids, and has no tokenizer
	_, err = score(t, o, `{"id":"a","prompt":"x","completion":"y"}`+"\n")
	require.ErrorContains(t, err, "answer 0 to prompt a has no token ids")

	o.ModelNameOrPath = filepath.Join("demo", "models", "policy")
	_, err = score(t, o, "")
	require.ErrorContains(t, err, "expected a sequence-classification model")

	rows, err := score(t, func() engine.Score { o.ModelNameOrPath = filepath.Join("demo", "models", "reward"); return o }(),
		`{"id":"a","prompt_ids":[1,5,2],"completion_ids":[6,3]}`+"\n"+`{"id":"a","sample":1,"prompt_ids":[1,5,2],"completion_ids":[`+strings.Repeat("6,", 120)+`3]}`+"\n")
	require.NoError(t, err)
	require.NotEqual(t, reward.FailedScore, rows[0].Score)
	require.Equal(t, reward.FailedScore, rows[1].Score, "longer than the model's context")
}
