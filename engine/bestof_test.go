package engine_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"croco/engine"
	"croco/internal/jsonl"
	"croco/reward"
)

func TestBestOf(t *testing.T) {
	dir := t.TempDir()
	scores := func(name string, of func(line, sample int) float64) string {
		text := ""
		for line := range 2 {
			for sample := range 4 {
				text += fmt.Sprintf(`{"id":"p%d","line_id":%d,"language":"da","sample":%d,"completion":"c%d","score":%g,"detected_language":%q}`+"\n",
					line, line, sample, sample, of(line, sample), []string{"da", "en", "", "no"}[sample])
			}
		}
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
		return path
	}
	o := engine.BestOf{Scores: scores("scores.jsonl", func(line, sample int) float64 { return float64(sample * (1 - 2*line)) }), Out: filepath.Join(dir, "best.jsonl")}
	points, err := o.Run()
	require.NoError(t, err)
	require.Len(t, points, 6, "n of 1, 2 and 4, for Danish and for all")
	require.Equal(t, 0.5, points[0].Quality, "answers 0 and 2 are not in another language")
	require.Equal(t, 0.5, points[2].Quality, "the picks are 3 of the first prompt and 0 of the second")
	best, err := jsonl.All[reward.Scored](o.Out)
	require.NoError(t, err)
	require.Equal(t, []string{"c3", "c0"}, []string{best[0].Completion.Completion, best[1].Completion.Completion})

	o.Quality, o.N = scores("quality.jsonl", func(line, sample int) float64 { return float64(10*line + sample) }), []int{4}
	points, err = o.Run()
	require.NoError(t, err)
	require.Equal(t, (3.0+10)/2, points[0].Quality)
	require.Equal(t, (3.0-1.5+10-11.5)/2, points[0].Gain)

	o.N = []int{8}
	_, err = o.Run()
	require.EqualError(t, err, "n: expected sizes from 1 to 4, the most answers that a prompt has, found 8")
	o.Quality, o.N = filepath.Join(dir, "part.jsonl"), nil
	require.NoError(t, os.WriteFile(o.Quality, []byte(`{"id":"p0","language":"da","sample":0,"score":1}`+"\n"), 0o644))
	_, err = o.Run()
	require.ErrorContains(t, err, "expected a score of every answer of")
}
