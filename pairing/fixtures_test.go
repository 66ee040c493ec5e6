package pairing

import (
	"bytes"
	"encoding/json"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// methodCase is a case.json: synthetic inputs and what the authors' script made of them.
type methodCase struct {
	Script, Entry string
	Runs          []methodRun
}

type methodRun struct {
	Name    string
	Argv    []string
	Exit    int
	Summary *struct {
		Tasks         map[Task]TaskCount
		TotalRows     *int `json:"total_rows"`
		PromptsFound  int  `json:"prompts_found"`
		PromptsTotal  int  `json:"prompts_total"`
		MappedPrompts int  `json:"mapped_prompts"`
	}
	Files map[string]any
}

// crocoFixtures is the folder of the CroCo cases: CROCO_FIXTURES, else the copy in this repository.
func crocoFixtures(t *testing.T) string {
	dir := "testdata/methods/croco"
	if root := os.Getenv("CROCO_FIXTURES"); root != "" {
		dir = filepath.Join(root, "methods", "croco")
	}
	dir, err := filepath.Abs(dir)
	require.NoError(t, err)
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("no CroCo cases in %s", dir)
	}
	return dir
}

// TestFixturesCroco runs every case of the pairing script: its command line, its functions.
func TestFixturesCroco(t *testing.T) {
	root := crocoFixtures(t)
	entries, err := os.ReadDir(root)
	require.NoError(t, err)
	for _, entry := range entries {
		var c methodCase
		text, err := os.ReadFile(filepath.Join(root, entry.Name(), "case.json"))
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(text, &c))
		if filepath.Base(c.Script) != "prepare_fine_tuning_data.py" {
			continue // generation, scoring and judging have tests of their own
		}
		for _, run := range c.Runs {
			t.Run("croco/"+entry.Name()+"/"+run.Name, func(t *testing.T) {
				dir := filepath.Join(root, entry.Name())
				switch {
				case c.Entry == "command line":
					checkCommand(t, dir, run)
				case strings.Contains(c.Entry, "extract_language_from_filename"):
					checkLanguages(t, dir)
				case strings.Contains(c.Entry, "select_rejected"):
					checkSelect(t, dir)
				default:
					require.Fail(t, "no check for entry "+c.Entry)
				}
			})
		}
	}
}

// checkCommand runs the command line in the case's folder, with the output folder elsewhere.
func checkCommand(t *testing.T, dir string, want methodRun) {
	out, args := t.TempDir(), localArgs(want.Argv, dir)
	outputs := ""
	for i, a := range want.Argv {
		if a == "--output_dir" {
			outputs, args[i+1] = want.Argv[i+1], out
		}
	}
	var stdout bytes.Buffer
	summary, err := run(args, true, &stdout, io.Discard)
	if want.Exit != 0 {
		require.Error(t, err)
		require.Error(t, Authors(args, io.Discard, io.Discard))
		return
	}
	require.NoError(t, err)
	for name := range want.Files {
		expected, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		relative, err := filepath.Rel(outputs, name)
		require.NoError(t, err)
		got, err := os.ReadFile(filepath.Join(out, relative))
		require.NoError(t, err)
		require.Equal(t, string(expected), string(got), name)
	}
	written, err := os.ReadDir(out)
	require.NoError(t, err)
	require.Len(t, written, len(want.Files), "files beyond the authors'")
	if s := want.Summary; s != nil && s.TotalRows != nil {
		require.Equal(t, Summary{s.Tasks, *s.TotalRows, s.PromptsFound, s.PromptsTotal, s.MappedPrompts}, summary)
	}
}

// localArgs makes the case's input paths good from here.
func localArgs(argv []string, dir string) []string {
	args := make([]string, len(argv))
	for i, a := range argv {
		if args[i] = a; strings.HasPrefix(a, "in/") {
			args[i] = filepath.Join(dir, a)
		}
	}
	return args
}

func checkLanguages(t *testing.T, dir string) {
	var names, want []string
	readJSON(t, filepath.Join(dir, "in", "names.json"), &names)
	readJSON(t, filepath.Join(dir, "out", "languages.json"), &want)
	require.Len(t, names, len(want))
	for i, name := range names {
		require.Equal(t, want[i], FileLanguage(name), name)
	}
}

func checkSelect(t *testing.T, dir string) {
	pools, err := os.ReadFile(filepath.Join(dir, "in", "pools.jsonl"))
	require.NoError(t, err)
	selected, err := os.ReadFile(filepath.Join(dir, "out", "selected.jsonl"))
	require.NoError(t, err)
	outs := strings.Split(strings.TrimSpace(string(selected)), "\n")
	for i, line := range strings.Split(strings.TrimSpace(string(pools)), "\n") {
		var scores []float64
		var want struct {
			Chosen          int
			MeanMinus2Sigma *int `json:"mean_minus_2sigma"`
			Q1, Min         *int
			Target          map[Target]float64
		}
		require.NoError(t, json.Unmarshal([]byte(line), &scores))
		require.NoError(t, json.Unmarshal([]byte(outs[i]), &want))
		chosen := Chosen(scores)
		require.Equal(t, want.Chosen, chosen, "pool %d", i+1)
		for target, index := range map[Target]*int{MeanMinus2Sigma: want.MeanMinus2Sigma, Q1: want.Q1, Min: want.Min} {
			rejected := -1
			if index != nil {
				rejected = *index
			}
			require.Equal(t, rejected, Rejected(scores, chosen, target, nil), "pool %d, %s", i+1, target)
			goal := want.Target[target]
			require.LessOrEqual(t, math.Abs(target.Of(scores)-goal), 1e-12*max(1, math.Abs(goal)), "pool %d, %s", i+1, target)
		}
	}
}

func readJSON(t *testing.T, path string, into any) {
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, into))
}
