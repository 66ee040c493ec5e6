package judge

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"croco/internal/cases"
	"croco/pairing/python"
)

// TestFixturesCrocoJudge runs the verdict parser and whole judge runs.
func TestFixturesCrocoJudge(t *testing.T) {
	mine := func(c cases.Case) bool {
		return filepath.Base(c.Script) == "eval_marenahard.py" && !strings.Contains(c.Entry, "compute_lc_winrate") // eval/lcwinrate has that
	}
	cases.Each(t, "croco", mine, func(t *testing.T, c cases.Case, run cases.Run) {
		switch {
		case strings.Contains(c.Entry, "parse_verdict"):
			checkVerdicts(t, c, run)
		case c.Entry == "command line":
			checkRun(t, c, run)
		default:
			require.Fail(t, "no check for "+c.Entry)
		}
	})
}

func checkVerdicts(t *testing.T, c cases.Case, run cases.Run) {
	var texts []string
	var want []any
	c.JSON(t, c.Inputs[0], &texts)
	c.JSON(t, run.Out()[0], &want)
	require.Len(t, texts, len(want))
	for i, reply := range texts {
		require.Equal(t, want[i], text(string(ParseVerdict(reply))), "%q", reply)
	}
}

// template is the chat template that stood in for the judge's.
func template(content string) string { return "<|user|>\n" + content + "<|end|>\n<|assistant|>\n" }

func optionsOf(t *testing.T, c cases.Case, run cases.Run) Options {
	o := Options{Judge: run.Arg("--judge_model_path"), ModelDir: c.Path(run.Arg("--model_outputs_dir")),
		ReferenceDir: c.Path(run.Arg("--reference_outputs_dir")), ResultsDir: t.TempDir(), Languages: run.Args("--languages"),
		Seed: 1337, AllowTies: run.Has("--allow_ties"), Ties: Ties(run.Arg("--tie_handling")), Thinking: run.Arg("--thinking"),
		Swap: "authors", Wording: "{instruction} {output_1} {output_2}"}
	if seed := run.Arg("--seed"); seed != "" {
		cases.Decode(t, seed, &o.Seed)
	}
	return o
}

func checkRun(t *testing.T, c cases.Case, run cases.Run) {
	o := optionsOf(t, c, run)
	if run.Exit != 0 {
		_, err := Run(o, func(string, []string, map[string]bool) ([]Reply, error) { return nil, nil }, io.Discard)
		require.Error(t, err)
		return
	}
	asked := readAsked(t, c, run)
	wording, recorded := wordingFor(t, c, run)
	if recorded {
		o.Wording = wording
	}
	var canned []struct {
		Text   string
		Reason string `json:"finish_reason"`
	}
	c.JSON(t, "in/verdicts.json", &canned)

	var sums []string
	_, err := Run(o, func(_ string, prompts []string, _ map[string]bool) (replies []Reply, _ error) {
		for _, p := range prompts {
			sum := sha256.Sum256([]byte(template(p)))
			sums = append(sums, hex.EncodeToString(sum[:]))
			replies = append(replies, Reply{canned[0].Text, canned[0].Reason})
			canned = canned[1:]
		}
		return replies, nil
	}, io.Discard)
	require.NoError(t, err)
	if recorded {
		require.Equal(t, asked.SHA256, sums)
	}
	require.Len(t, sums, len(asked.SHA256))

	out := run.Out()
	for _, name := range out {
		base := filepath.Base(name)
		if base == "prompts.json" {
			continue
		}
		got, err := os.ReadFile(filepath.Join(o.ResultsDir, base))
		require.NoError(t, err)
		text := strings.NewReplacer(jsonText(o.ModelDir), jsonText(run.Arg("--model_outputs_dir")), jsonText(o.ReferenceDir), jsonText(run.Arg("--reference_outputs_dir"))).Replace(string(got))
		same(t, c.Text(t, name), text, base)
	}
	written, err := os.ReadDir(o.ResultsDir)
	require.NoError(t, err)
	require.Len(t, written, len(out)-1)
}

func jsonText(s string) string { b, _ := json.Marshal(s); return string(b) }

// asked is prompts.json: the first prompt in some runs, the hashes of all.
type asked struct {
	First  string `json:"first_prompt"`
	SHA256 []string
}

func readAsked(t *testing.T, c cases.Case, run cases.Run) (a asked) {
	out := run.Out()
	c.JSON(t, out[slices.IndexFunc(out, func(name string) bool { return filepath.Base(name) == "prompts.json" })], &a)
	return a
}

// wordingFor finds the places in the first prompt that a run with the same offer of ties recorded: the words between
// them are the authors', not ours. Where none did, the prompts' hashes cannot be checked.
func wordingFor(t *testing.T, c cases.Case, run cases.Run) (Wording, bool) {
	for _, other := range c.Runs {
		if other.Exit != 0 || other.Has("--allow_ties") != run.Has("--allow_ties") {
			continue
		}
		if first := readAsked(t, c, other).First; first != "" {
			return wordingOf(t, optionsOf(t, c, other), first), true
		}
	}
	return "", false
}

func wordingOf(t *testing.T, o Options, first string) Wording {
	for _, language := range o.Languages {
		model, err := o.read(o.ModelDir, language)
		reference, err2 := o.read(o.ReferenceDir, language)
		if err != nil || err2 != nil {
			continue
		}
		reference, err = Align(model, reference)
		require.NoError(t, err)
		content := strings.TrimSuffix(strings.TrimPrefix(first, "<|user|>\n"), "<|end|>\n<|assistant|>\n")
		require.Equal(t, first, template(content))
		outputs := []string{model[0].Output, reference[0].Output}
		if Stream(o.Seed)(language, nil) {
			slices.Reverse(outputs)
		}
		for i, name := range []string{"instruction", "output_1", "output_2"} {
			text := []string{model[0].Prompt, outputs[0], outputs[1]}[i]
			found := "<" + name + ">" + text + "</" + name + ">"
			require.Equal(t, 1, strings.Count(content, found))
			content = strings.Replace(content, found, "<"+name+">{"+name+"}</"+name+">", 1)
		}
		return Wording(content)
	}
	t.Fatal("no language with files")
	return ""
}

// same compares two results; the fit has tolerances, and none where a set is unanimous.
func same(t *testing.T, want, got, where string) {
	a, err := python.Loads(want)
	require.NoError(t, err)
	b, err := python.Loads(got)
	require.NoError(t, err)
	sameValue(t, a, b, where)
}

func sameValue(t *testing.T, want, got any, where string) {
	switch want := want.(type) {
	case *python.Object:
		object, ok := got.(*python.Object)
		require.True(t, ok, where)
		require.Equal(t, want.Keys, object.Keys, where)
		rate, _ := want.Get("win_rate").(float64)
		for _, k := range want.Keys {
			switch k {
			case "lc_win_rate":
				require.InDelta(t, want.Get(k), object.Get(k), 0.011, where)
			case "length_bias_phi", "length_bias_coeff_phi", "quality_coeff_theta":
				if rate != 0 && rate != 100 {
					require.InDelta(t, want.Get(k), object.Get(k), 2e-4, where)
				}
			default:
				sameValue(t, want.Get(k), object.Get(k), where+"/"+k)
			}
		}
	case []any:
		list, ok := got.([]any)
		require.True(t, ok && len(list) == len(want), where)
		for i, v := range want {
			sameValue(t, v, list[i], where)
		}
	default:
		require.Equal(t, want, got, where)
	}
}
