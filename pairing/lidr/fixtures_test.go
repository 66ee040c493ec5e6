package lidr

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"croco/internal/cases"
	"croco/pairing/python"
	"croco/pairing/translation"
)

// TestFixturesLIDR runs the cases of the pair, answer and translation scripts.
func TestFixturesLIDR(t *testing.T) {
	checks := map[string]func(*testing.T, cases.Case, cases.Run){
		"preprocess_dpo_format_dataset.py": checkPairs, "batch_inference.py": checkAnswered, "batch_translate.py": checkTranslated,
	}
	cases.Each(t, "lidr", func(c cases.Case) bool { return checks[filepath.Base(c.Script)] != nil }, func(t *testing.T, c cases.Case, run cases.Run) {
		checks[filepath.Base(c.Script)](t, c, run)
	})
}

func checkPairs(t *testing.T, c cases.Case, run cases.Run) {
	o, dir, languages := AuthorsOptions(), c.Path("in/data"), []string{"es", "ru", "de", "fr"}
	if !strings.Contains(c.Entry, "__main__") {
		o.FileName, dir, languages = "{src_lang}2{tgt_lang}.jsonl", c.Path("in"), run.Langs
	}
	if run.Exit != 0 {
		for _, folder := range []string{"in", "in/mis"} {
			if Run(c.Path(folder), c.Path("in/instructions.jsonl"), t.TempDir(), languages, o, io.Discard) != nil {
				return
			}
		}
		require.Fail(t, "expected an error")
	}
	out := t.TempDir()
	require.NoError(t, Run(dir, c.Path("in/instructions.jsonl"), out, languages, o, io.Discard))
	for _, name := range run.Out() {
		got, err := os.ReadFile(filepath.Join(out, filepath.Base(name)))
		require.NoError(t, err)
		require.Equal(t, c.Text(t, name), string(got), name)
	}
	written, err := os.ReadDir(out)
	require.NoError(t, err)
	require.Len(t, written, len(run.Files))
}

func load(t *testing.T, c cases.Case, name string) []*python.Object {
	rows, err := python.Rows(c.Text(t, name), name)
	require.NoError(t, err)
	return rows
}

// checkAnswered takes the wording from the first expected row, and the chat template from the first prompt: they are
// the authors' text, not ours.
func checkAnswered(t *testing.T, c cases.Case, run cases.Run) {
	rows := load(t, c, run.Arg("--question_file"))
	want := c.Text(t, run.Arg("--save_file"))
	expected := load(t, c, run.Arg("--save_file"))
	wording, language := "", run.Arg("--lang")
	if strings.EqualFold(run.Arg("--with_prefix"), "true") {
		name, err := translation.Name(language)
		require.NoError(t, err)
		wording = strings.NewReplacer(expected[0].Get("instruction").(string), "{question}", name, "{language}").Replace(expected[0].Get("prompt").(string))
	}
	prompts, instructions, err := Prompts(rows, run.Arg("--question_key"), wording, language)
	require.NoError(t, err)
	var sent struct{ Prompts []string }
	c.JSON(t, strings.TrimSuffix(run.Arg("--save_file"), ".jsonl")+".prompts.json", &sent)
	before, after, found := strings.Cut(sent.Prompts[0], prompts[0])
	require.True(t, found)
	for i, p := range prompts {
		require.Equal(t, sent.Prompts[i], before+p+after)
	}
	var answers []string
	c.JSON(t, "in/generations.json", &answers)
	got, err := Answered(rows, prompts, instructions, answers[:len(rows)], true)
	require.NoError(t, err)
	require.Equal(t, want, python.DumpRows(got))
}

func checkTranslated(t *testing.T, c cases.Case, run cases.Run) {
	rows := load(t, c, run.Arg("--question_file"))
	from, to := run.Arg("--src_lang"), run.Arg("--tgt_lang")
	var sent struct {
		First  string `json:"first_prompt"`
		SHA256 []string
	}
	c.JSON(t, strings.TrimSuffix(run.Arg("--save_file"), ".jsonl")+".prompts.json", &sent)
	name, err := translation.Name(to)
	require.NoError(t, err)
	wording := strings.NewReplacer(rows[0].Get("response").(string), "{text}", name, "{language}").Replace(sent.First)
	require.True(t, strings.HasSuffix(wording, translation.Primer))
	requests, err := Requests(rows, translation.Wording(wording), to)
	require.NoError(t, err)
	for i, request := range requests {
		sum := sha256.Sum256([]byte(request))
		require.Equal(t, sent.SHA256[i], hex.EncodeToString(sum[:]), "row %d", i+1)
	}
	var replies []string
	c.JSON(t, "in/generations.json", &replies)
	got, err := Translated(rows, replies[:len(rows)], from, to, true)
	require.NoError(t, err)
	require.Equal(t, c.Text(t, run.Arg("--save_file")), python.DumpRows(got))
}
