package pairing

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// On clean input and without chance the repaired defaults write what the authors write.
func TestDefaultsEqualAuthorsOnCleanInput(t *testing.T) {
	root := crocoFixtures(t)
	compared := 0
	for _, name := range []string{"pair-basic", "pair-ties", "pair-n64-skew", "pair-floats"} {
		dir := filepath.Join(root, name)
		var c methodCase
		if _, err := os.Stat(dir); err != nil {
			continue // another folder of cases
		}
		readJSON(t, filepath.Join(dir, "case.json"), &c)
		for _, run := range c.Runs {
			if slices.Contains(run.Argv, "random") || slices.Contains(run.Argv, "--shuffle") || run.Exit != 0 {
				continue
			}
			out, args := t.TempDir(), localArgs(run.Argv, dir)
			args[slices.Index(args, "--output_dir")+1] = out
			require.NoError(t, Command(args, io.Discard, io.Discard))
			for file := range run.Files {
				want, err := os.ReadFile(filepath.Join(dir, file))
				require.NoError(t, err)
				got, err := os.ReadFile(filepath.Join(out, filepath.Base(file)))
				require.NoError(t, err)
				require.Equal(t, string(want), string(got), "%s/%s", name, file)
				compared++
			}
		}
	}
	require.NotZero(t, compared)
}

// folder writes files and returns their folder.
func folder(t *testing.T, files map[string]string) string {
	dir := t.TempDir()
	for name, text := range files {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644))
	}
	return dir
}

func prompt(text string) string {
	return `{"messages": [{"role": "user", "content": "` + text + `"}], "id": "` + text + `"}` + "\n"
}

func scored(text, answer, score string) string {
	return `{"messages": [{"role": "user", "content": "` + text + `"}, {"role": "assistant", "content": "` + answer + `"}], "reward_score": ` + score + "}\n"
}

// command runs in a folder with in_en.jsonl, in_da.jsonl against orig_en.jsonl, orig_da.jsonl, and gives a file back.
func command(t *testing.T, dir, file string, more ...string) (string, error) {
	var in, orig []string
	for _, language := range []string{"en", "da"} {
		in, orig = append(in, filepath.Join(dir, "in_"+language+".jsonl")), append(orig, filepath.Join(dir, "orig_"+language+".jsonl"))
	}
	args := slices.Concat([]string{"--input_files"}, in, []string{"--original_files"}, orig, []string{"--output-dir=" + filepath.Join(dir, "out")}, more)
	err := Command(args, io.Discard, io.Discard)
	text, _ := os.ReadFile(filepath.Join(dir, "out", file))
	return string(text), err
}

// Each repair by itself: the default, and the value that gives the authors' behaviour back.
func TestRepairs(t *testing.T) {
	files := map[string]string{
		"orig_en.jsonl": prompt("one") + prompt("two"), "orig_da.jsonl": prompt("en") + prompt("to"),
		"in_en.jsonl": scored("one", "a", "1") + scored("one", "b", "2") + scored("two", "", "9") + scored("two", "d", "3") + scored("two", "e", "-999.0") + scored("two", "f", "2"),
		"in_da.jsonl": scored("en", "g", "1") + scored("en", "h", "2"),
	}
	with := func(name, text string) string {
		changed := map[string]string{name: text}
		for k, v := range files {
			if k != name {
				changed[k] = v
			}
		}
		return folder(t, changed)
	}

	got, err := command(t, folder(t, files), "dpo_in_lang_en.jsonl", "--reject_target", "min")
	require.NoError(t, err)
	require.Contains(t, got, `"chosen": "d", "rejected": "f"`)
	got, err = command(t, folder(t, files), "dpo_in_lang_en.jsonl", "--reject_target", "min", "--drop-failed", "false", "--reject_empty=false")
	require.NoError(t, err)
	require.Contains(t, got, `"chosen": "", "rejected": "e"`)

	bom := "\ufeff" + files["orig_da.jsonl"]
	got, err = command(t, with("orig_da.jsonl", bom), "dpo_in_lang_da.jsonl")
	require.NoError(t, err)
	require.Contains(t, got, `"prompt": "en"`)
	_, err = command(t, with("orig_da.jsonl", bom), "", "--bom", "authors")
	require.ErrorContains(t, err, "orig_da.jsonl:1: expected one JSON object")
	got, err = command(t, with("orig_da.jsonl", bom), "dpo_in_lang_da.jsonl", "--bom", "authors", "--bad_input", "authors")
	require.NoError(t, err)
	require.Empty(t, got)

	nan := scored("en", "g", "NaN") + scored("en", "h", "2")
	_, err = command(t, with("in_da.jsonl", nan), "")
	require.ErrorContains(t, err, "in_da.jsonl:1: expected a finite score")
	_, err = command(t, with("in_da.jsonl", nan), "", "--nonfinite", "authors")
	require.NoError(t, err)

	// The Danish file answers an English prompt: not its own language's.
	foreign := scored("one", "g", "5") + scored("en", "h", "2")
	got, err = command(t, with("in_da.jsonl", foreign), "dpo_all_lang.jsonl")
	require.NoError(t, err)
	require.Contains(t, got, `"chosen": "b"`)
	got, err = command(t, with("in_da.jsonl", foreign), "dpo_all_lang.jsonl", "--key", "authors")
	require.NoError(t, err)
	require.Contains(t, got, `"chosen": "g"`)

	twice := prompt("one") + prompt("two") + prompt("one")
	_, err = command(t, with("orig_en.jsonl", twice), "")
	require.ErrorContains(t, err, "stands on two lines")
	_, err = command(t, with("orig_en.jsonl", twice), "", "--key", "authors")
	require.NoError(t, err)

	_, err = command(t, with("in_en.jsonl", files["in_en.jsonl"]+scored("one", "x", `"high"`)), "")
	require.ErrorContains(t, err, `in_en.jsonl:7: reward_score: could not read "high"`)
	_, err = command(t, with("in_en.jsonl", files["in_en.jsonl"]+"{half a li"), "")
	require.ErrorContains(t, err, "in_en.jsonl:7")
}

func TestCommandOnOwnRecords(t *testing.T) {
	var lines []string
	for i, c := range someRows(3, 2, 5, 3) {
		c.Completion += " <&>\u2028"
		text, err := json.Marshal(c)
		require.NoError(t, err)
		if i == 1 {
			text = bytes.Replace(text, []byte(`"score":`), []byte(`"score":null,"scored":`), 1)
		}
		lines = append(lines, string(text))
	}
	dir := folder(t, map[string]string{"scores.jsonl": strings.Join(lines, "\n")})
	var stdout bytes.Buffer
	args := []string{"--input_files", filepath.Join(dir, "scores.jsonl"), "--output_dir", filepath.Join(dir, "out")}
	require.NoError(t, Command(args, &stdout, io.Discard))
	require.Contains(t, stdout.String(), "30 read, 1 left out: scoring failed 1")
	require.Contains(t, stdout.String(), "30 rows read; 3 of 3 prompts found; 6 prompt texts mapped\n")
	text, err := os.ReadFile(filepath.Join(dir, "out", "dpo_in_lang_da.jsonl"))
	require.NoError(t, err)
	require.Contains(t, string(text), " <&>\u2028\", \"rejected\": \"answer")
	pairs, err := ReadPairs(bytes.NewReader(text), "pairs")
	require.NoError(t, err)
	require.Len(t, pairs, 3)
	var again bytes.Buffer
	require.NoError(t, WritePairs(&again, pairs))
	require.Equal(t, string(text), again.String())
	require.Len(t, pairs[0].ChosenLogprobs, 2)

	require.ErrorContains(t, Command(append(args, "--original_files", "x"), io.Discard, io.Discard), "leave it out")
	require.ErrorContains(t, Command(append(args, "--compat", "authors"), io.Discard, io.Discard), "--original_files")
	require.ErrorContains(t, Command(append(args, "--reject_targets", "min"), io.Discard, io.Discard), "nearest is --reject_target")
	require.ErrorContains(t, Command(append(args, "--min_gap", "big"), io.Discard, io.Discard), "expected a number")
	require.ErrorContains(t, Command(append(args, "--compat=trl"), io.Discard, io.Discard), "expected authors")
}

func TestReadCandidatesRefuses(t *testing.T) {
	good, err := json.Marshal(someRows(1, 1, 1, 1)[0])
	require.NoError(t, err)
	for bad, want := range map[string]string{
		"\"\xff\"":    "f:2: expected UTF-8",
		`{"a": 1`:     "f:2: expected one JSON object",
		`{"id": "x"}`: "f:2: expected the key line_id",
		strings.Replace(string(good), `"score"`, `"reward"`, 1):                        "f:2: expected the key score",
		strings.Replace(string(good), `"score":`, `"score":"1","x":`, 1):               "f:2: score: expected a number",
		strings.Replace(string(good), `"completion":`, `"completion":null,"x":`, 1):    "f:2: expected the key completion",
		strings.Replace(string(good), `"line_id":0`, `"line_id":"zero"`, 1):            "f:2: expected one JSON object",
		strings.Replace(string(good), `"language":"en"`, `"language":"","other":0`, 1): "f:2: expected the key language",
	} {
		_, err := ReadCandidates(strings.NewReader(string(good)+"\n"+bad), "f")
		require.ErrorContains(t, err, want)
	}
}

func FuzzReadCandidates(f *testing.F) {
	good, _ := json.Marshal(someRows(1, 1, 1, 1)[0])
	f.Add(string(good))
	f.Add(`{"line_id": 1, "language": "en", "prompt": [], "completion": "", "score": null}`)
	f.Fuzz(func(t *testing.T, text string) {
		rows, err := ReadCandidates(strings.NewReader(text), "f")
		if err != nil {
			return
		}
		pairs, _, err := Croco(rows, Defaults())
		if err != nil {
			return
		}
		var out bytes.Buffer
		if WritePairs(&out, pairs) == nil {
			back, err := ReadPairs(&out, "pairs")
			require.NoError(t, err)
			require.Len(t, back, len(pairs))
		}
	})
}

// FuzzAuthorsFiles feeds the same bytes as prompts and as scored rows: no input may do worse than an error.
func FuzzAuthorsFiles(f *testing.F) {
	f.Add(scored("p", "a", "1")+scored("p", "b", "NaN")+"{\n\ufeff[]", true)
	f.Add(scored("p", "a", `"1_0"`)+`{"messages": [{"content": null}, {"role": "assistant", "content": {"k": ["\ud800"]}}], "reward_score": true}`, false)
	f.Fuzz(func(t *testing.T, text string, compat bool) {
		dir := t.TempDir()
		path := filepath.Join(dir, "x_en.jsonl")
		require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
		args := []string{"--input_files", path, "--original_files", path, "--output_dir", filepath.Join(dir, "out")}
		if compat {
			_ = Authors(args, io.Discard, io.Discard)
		} else {
			_ = Command(args, io.Discard, io.Discard)
		}
	})
}
