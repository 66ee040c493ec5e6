package mrewardbench

import (
	"cmp"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"croco/internal/cases"
	"croco/pairing/python"
)

// TestFixturesMRewardBench runs the cases of aggregation, classifier runs and verdicts.
func TestFixturesMRewardBench(t *testing.T) {
	checks := map[string]func(*testing.T, cases.Case, cases.Run){
		"plot_utils.py": checkAggregate, "run_rewardbench.py": checkRun, "generative.py": checkVerdicts,
	}
	cases.Each(t, "mrewardbench", func(c cases.Case) bool { return checks[filepath.Base(c.Script)] != nil }, func(t *testing.T, c cases.Case, run cases.Run) {
		checks[filepath.Base(c.Script)](t, c, run)
	})
}

func object(t *testing.T, text string) *python.Object {
	v, err := python.Loads(text)
	require.NoError(t, err)
	return v.(*python.Object)
}

func checkAggregate(t *testing.T, c cases.Case, run cases.Run) {
	var scores []Score
	for _, name := range c.Inputs {
		if filepath.Base(filepath.Dir(name)) != "results" {
			continue
		}
		s, err := Aggregate(object(t, c.Text(t, name)), "authors")
		if err != nil && run.Exit != 0 {
			return
		}
		require.NoError(t, err, name)
		scores = append(scores, s)
	}
	require.Zero(t, run.Exit, "expected an error")
	slices.SortFunc(scores, func(a, b Score) int { return cmp.Compare(a.Model, b.Model) })
	var list []any
	for _, s := range scores {
		list = append(list, s.JSON())
	}
	cases.RequireNear(t, c.Text(t, "out/scores.json"), python.Dumps(list), 1e-12, "scores")

	var partial []map[string]float64
	c.JSON(t, "in/partial.json", &partial)
	var want []any
	for _, subsets := range partial {
		both := python.Dict()
		for _, table := range []struct {
			name    string
			weights Weights
		}{{"english", English}, {"multilingual", Multilingual}} {
			sections := python.Dict()
			for i, x := range SectionScores(subsets, table.weights) {
				sections.Set(Sections[i].Name, x)
			}
			both.Set(table.name, sections)
		}
		want = append(want, both)
	}
	cases.RequireNear(t, c.Text(t, "out/partial_sections.json"), python.Dumps(want), 1e-12, "partial")

	var tables struct {
		Multilingual, English Weights
		Sections              map[string][]string
	}
	c.JSON(t, "out/weights.json", &tables)
	require.Equal(t, tables.Multilingual, Multilingual)
	require.Equal(t, tables.English, English)
	require.Len(t, tables.Sections, len(Sections))
	for _, s := range Sections {
		require.Equal(t, tables.Sections[s.Name], s.Subsets)
	}
}

func checkRun(t *testing.T, c cases.Case, run cases.Run) {
	var scores map[string]float64
	c.JSON(t, "in/scores.json", &scores)
	pairs := map[string][]Pair{}
	for _, line := range c.Lines(t, "in/rows.jsonl") {
		var row struct{ Language, Chosen, Rejected, Subset string }
		cases.Decode(t, line, &row)
		pairs[row.Language] = append(pairs[row.Language], Pair{row.Subset, scores[row.Chosen], scores[row.Rejected]})
	}
	if run.Exit != 0 {
		// a run of other data than the benchmark's, which holds no pair of any language
		_, err := RunFile(Run{Model: run.Arg("--model")}, nil)
		require.Error(t, err)
		return
	}
	got := map[string]string{}
	for _, language := range run.Langs {
		model := run.Arg("--model")
		file, err := RunFile(Run{Model: model, Tokenizer: model, RefModel: run.Arg("--ref_model"), ChatTemplate: run.Arg("--chat_template")}, pairs[language])
		require.NoError(t, err)
		got[model+"-"+language+".json"] = python.Dumps(file)
		lines := strings.TrimSuffix(python.DumpRows(PairsFile(pairs[language])), "\n")
		got[model+"-"+language+"-all.jsonl"] = "[" + strings.ReplaceAll(lines, "\n", ",") + "]"
	}
	for _, name := range run.Out() {
		want := c.Text(t, name)
		if strings.HasSuffix(name, ".jsonl") {
			want = "[" + strings.Join(c.Lines(t, name), ",") + "]"
		}
		cases.RequireNear(t, want, got[strings.TrimPrefix(name, "out/")], 1e-12, name)
	}
}

func checkVerdicts(t *testing.T, c cases.Case, run cases.Run) {
	require.Contains(t, c.Entry, "process_judgement")
	var texts []string
	var want []struct{ Default, Prometheus Verdict }
	c.JSON(t, c.Inputs[0], &texts)
	c.JSON(t, run.Out()[0], &want)
	require.Len(t, want, len(texts))
	for i, text := range texts {
		require.Equal(t, want[i].Default, ParseVerdict(text, "authors"), "%q", text)
		require.Equal(t, want[i].Prometheus, ParseVerdict(text, "prometheus"), "%q", text)
	}
}
