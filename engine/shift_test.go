package engine_test

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"croco/engine"
	"croco/eval/representation"
)

func TestShift(t *testing.T) {
	r := toyRecipe(t, t.TempDir())
	o := engine.ShiftDefaults()
	o.ModelNameOrPath, o.Other, o.Texts = r.ModelNameOrPath, r.Score.ModelNameOrPath, strings.Join(r.Prompts.Test, ",")
	o.Out = filepath.Join(r.OutputDir, "shift.json")
	s, err := o.Run(context.Background(), device(t))
	require.NoError(t, err)
	require.Equal(t, []string{"en", "da"}, s.Languages)
	require.Equal(t, 6, s.Texts)
	for _, row := range s.Rows {
		require.GreaterOrEqual(t, row.A, 0.5)
		require.LessOrEqual(t, row.A, 1.0)
	}
	require.NotZero(t, s.Rows[len(s.Rows)-1].Difference, "the reward model was trained on")
	var back representation.Shift
	raw, err := os.ReadFile(o.Out)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(raw, &back))
	require.Equal(t, s, back)

	o.Other, o.Limit = "", 2
	s, err = o.Run(context.Background(), device(t))
	require.NoError(t, err)
	require.Equal(t, 2, s.Texts)
	for _, row := range s.Rows {
		require.Zero(t, row.Difference, "a model beside itself")
	}

	for want, change := range map[string]func(o *engine.Shift){
		"expected texts in two languages": func(o *engine.Shift) { o.Texts = r.Prompts.Test[0] },
		`format: expected text or chat`:   func(o *engine.Shift) { o.Format = "prompt" },
		`pooling: expected mean or last`:  func(o *engine.Shift) { o.Pooling = "max" },
		"no line_id is there in all":      func(o *engine.Shift) { o.Texts = disjoint(t) },
	} {
		bad := o
		change(&bad)
		_, err := bad.Run(context.Background(), device(t))
		require.ErrorContains(t, err, want)
	}
}

func disjoint(t *testing.T) string {
	path := filepath.Join(t.TempDir(), "texts.jsonl")
	require.NoError(t, os.WriteFile(path, []byte(`{"prompt":"a","language":"en","line_id":0}
{"prompt":"b","language":"da","line_id":1}
`), 0o644))
	return path
}
