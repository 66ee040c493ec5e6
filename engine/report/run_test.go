package report

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"croco/internal/jsonl"
)

func TestFromRun(t *testing.T) {
	dir := sampleRun(t)
	r, err := FromRun(dir)
	require.NoError(t, err)
	var titles []string
	for _, s := range r.Sections {
		titles = append(titles, s.Title)
	}
	require.Equal(t, []string{"Gains per language", "Answers before and after", "Scores and lengths", "Training", "Pairs to read", "What was made", "Recipe"}, titles)
	require.Equal(t, "tiny tuned on its own answers", r.Subtitle)
	require.Contains(t, r.Headline[0], "The score rose in en and da, fell in gl and stayed within noise in de")

	text, page := write(t, r)
	require.Len(t, named(page, "svg"), 2+6+6)
	for _, want := range []string{"Largest losses", "smallest gap", "widest gap", "across languages", "asked for in", "en, asked for gl", "cut off",
		"8640 new tokens, 691 a second, 88 % of prompt tokens shared", "18240 tokens, 46 % shared", "not finished", "seed: 42", "&lt;b&gt;dogs&lt;/b&gt;"} {
		require.Contains(t, text, want)
	}
	require.NotContains(t, text, "<b>dogs")

	require.NoError(t, os.Remove(filepath.Join(dir, "eval", "summary.json")))
	again, err := FromRun(dir)
	require.NoError(t, err)
	require.Equal(t, r.Headline, again.Headline, "the comparison can be made from the answers")
}

// TestUnfinishedRun: a page of what is there, which claims nothing.
func TestUnfinishedRun(t *testing.T) {
	dir := sampleRun(t)
	for _, gone := range []string{"eval", "adapter", "recipe.yaml"} {
		require.NoError(t, os.RemoveAll(filepath.Join(dir, gone)))
	}
	r, err := FromRun(dir)
	require.NoError(t, err)
	require.Len(t, r.Sections, 3)
	require.Contains(t, r.Headline[0], "Not evaluated")
	write(t, r)

	_, err = FromRun(t.TempDir())
	require.ErrorContains(t, err, "nothing to report: expected a run folder")
}

func TestBrokenFilesAreNamed(t *testing.T) {
	for file, want := range map[string]string{
		"recipe.yaml":                "recipe.yaml: yaml:",
		"completions/manifest.json":  "manifest.json: ",
		"scores/scores.jsonl":        "scores.jsonl:1: ",
		"pairs/pairs.jsonl":          "pairs.jsonl:1: ",
		"adapter/trainer_state.json": "trainer_state.json: ",
		"eval/after.jsonl":           "after.jsonl:1: ",
		"eval/summary.json":          "summary.json: expected a summary of an evaluation",
	} {
		dir := sampleRun(t)
		require.NoError(t, os.WriteFile(filepath.Join(dir, file), []byte("{\"a: ["), 0o644))
		_, err := FromRun(dir)
		require.ErrorContains(t, err, want, file)
	}
}

// TestExamplesDoNotFlatter: the losses shown are the largest there are.
func TestExamplesDoNotFlatter(t *testing.T) {
	r, err := read(sampleRun(t))
	require.NoError(t, err)
	gains, middles, losses := examples(r.before, r.after)
	require.Len(t, gains, 4)
	require.Len(t, middles, 4)
	require.Len(t, losses, 3)
	worst := 0.0
	byLanguage, _ := twins(r.before, r.after)
	var worstText string
	for _, list := range byLanguage {
		for _, x := range list {
			if x.gain() < worst {
				worst, worstText = x.gain(), decimal(x.after.Score, 2)
			}
		}
	}
	require.Equal(t, worstText, losses[0].(Answers).Items[1].Score)
}

func TestPromptText(t *testing.T) {
	for raw, want := range map[string]string{`"Hej"`: "Hej", `[{"role":"user","content":"Hej"}]`: "Hej", `null`: "(given as token ids)",
		`[{"role":"system","content":"S"},{"role":"user","content":"U"}]`: "system: S\nuser: U"} {
		require.Equal(t, want, promptText([]byte(raw)))
	}
}

// FuzzFromRun puts any bytes in the place of any file of a run folder.
func FuzzFromRun(f *testing.F) {
	files := []string{"recipe.yaml", "scores/manifest.json", "scores/scores.jsonl", "pairs/pairs.jsonl", "adapter/trainer_state.json", "eval/before.jsonl", "eval/summary.json"}
	for i := range files {
		f.Add(uint8(i), []byte(`{"log_history":[{"step":1,"loss":null},{"step":"x"}],"id":"1","language":"en","score":1,"confidence":0.5,"rows":[{"name":"x"}]}`))
		f.Add(uint8(i), []byte("{"))
	}
	f.Fuzz(func(t *testing.T, which uint8, raw []byte) {
		dir := t.TempDir()
		require.NoError(t, jsonl.WriteFile(filepath.Join(dir, files[int(which)%len(files)]), raw))
		require.NoError(t, jsonl.WriteFile(filepath.Join(dir, "eval", "after.jsonl"), []byte(`{"id":"1","language":"en","score":2}`)))
		if r, err := FromRun(dir); err == nil {
			require.NoError(t, Write(&strings.Builder{}, r))
		}
	})
}
