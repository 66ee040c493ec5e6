package results

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"croco/pairing/python"
)

// run is a run of one task in which sample i scores values[i].
func run(name string, values []float64, clusters []string) Run {
	t := Task{Name: name, Metrics: []string{"acc"}, Filters: []string{"none"}}
	for i, v := range values {
		s := Sample{DocID: i, Doc: python.Dict("question", fmt.Sprint("q", i)), Prompt: "p", Target: " A", Resps: []string{"x"}, Filtered: "x", Filter: "none", Values: map[string]float64{"acc": v}}
		if clusters != nil {
			s.Cluster = clusters[i]
		}
		t.Samples = append(t.Samples, s)
	}
	return Run{Model: "m", Tasks: []Task{t}}
}

func compare(t *testing.T, a, b Run) Compared {
	t.Helper()
	c, err := Compare(a, b)
	require.NoError(t, err)
	return c
}

// The numbers come from ../testdata/golden.py.
func TestTestsAgreeWithIndependentNumbers(t *testing.T) {
	raw, err := os.ReadFile("../testdata/golden.json")
	require.NoError(t, err)
	var golden struct {
		PairedT []struct {
			A, B     []float64
			Clusters []string
			Mean, P  float64
		} `json:"paired_t"`
		McNemar []struct {
			A, B []float64
			P    float64
		}
		Holm struct{ P, Adjusted []float64 }
	}
	require.NoError(t, json.Unmarshal(raw, &golden))
	require.NotEmpty(t, golden.PairedT)
	for _, c := range golden.PairedT {
		r := compare(t, run("x", c.A, c.Clusters), run("x", c.B, c.Clusters)).Rows[0]
		require.Equal(t, PairedT, r.Test)
		require.InEpsilon(t, c.Mean, r.Difference, 1e-9)
		require.InDelta(t, c.P, r.P, 1e-10)
		require.True(t, r.Low < r.Difference && r.Difference < r.High)
	}
	require.NotEmpty(t, golden.McNemar)
	for _, c := range golden.McNemar {
		r := compare(t, run("x", c.A, nil), run("x", c.B, nil)).Rows[0]
		require.Equal(t, McNemar, r.Test)
		require.InDelta(t, c.P, r.P, 1e-9)
	}
	rows := make([]Row, len(golden.Holm.P))
	for i, p := range golden.Holm.P {
		rows[i].P = p
	}
	holm(rows)
	for i, p := range golden.Holm.Adjusted {
		require.InDelta(t, p, rows[i].Holm, 1e-15)
	}
}

func TestWriteReadCompare(t *testing.T) {
	dir := t.TempDir()
	a, b := run("x", []float64{1, 0, 1, 1, 0, 1, 0, 0}, nil), run("x", []float64{1, 1, 1, 1, 1, 1, 1, 0}, nil)
	b.Tasks = append(b.Tasks, run("y", []float64{1}, nil).Tasks...)
	require.NoError(t, a.Write(filepath.Join(dir, "a")))
	require.NoError(t, b.Write(filepath.Join(dir, "b")))
	raw, err := os.ReadFile(filepath.Join(dir, "a", "results.json"))
	require.NoError(t, err)
	var file struct {
		Results map[string]map[string]any
		Samples map[string]map[string]int `json:"n-samples"`
	}
	require.NoError(t, json.Unmarshal(raw, &file))
	require.Equal(t, map[string]any{"alias": "x", "acc,none": .5, "acc_stderr,none": math.Sqrt(2.0/7) / math.Sqrt(8)}, file.Results["x"])
	require.Equal(t, map[string]int{"original": 8, "effective": 8}, file.Samples["x"])

	left, err := Read(filepath.Join(dir, "a"))
	require.NoError(t, err)
	right, err := Read(filepath.Join(dir, "b", "results.json"))
	require.NoError(t, err)
	c := compare(t, left, right)
	require.Equal(t, []string{"y"}, c.OnlyB)
	require.Equal(t, 8, c.Rows[0].N)
	require.Equal(t, .375, c.Rows[0].Difference)
	require.InDelta(t, .25, c.Rows[0].P, 1e-12)
	require.False(t, c.Rows[0].MoreThanNoise())
	require.Equal(t, []string{"1 of 1 differences are within noise.", "tasks of one run alone: [y]."}, c.Words())
}

func TestNoiseIsNoise(t *testing.T) {
	n := 400
	a, b := make([]float64, n), make([]float64, n)
	for i := range n {
		a[i] = float64(i % 2)
		b[i] = a[i]
		if i%20 == 0 { // 20 of the wrong ones become right
			b[i] = 1
		}
	}
	r := compare(t, run("x", a, nil), run("x", b, nil)).Rows[0]
	require.True(t, r.MoreThanNoise())
	require.Contains(t, compare(t, run("x", a, nil), run("x", b, nil)).Words()[0], "x acc is higher in B: +0.0500")
	require.Equal(t, 1.0, compare(t, run("x", a, nil), run("x", a, nil)).Rows[0].P)
	few := compare(t, run("x", a[:5], nil), run("x", []float64{1, 1, 1, 1, 1}, nil))
	require.False(t, few.Rows[0].MoreThanNoise())
	require.Contains(t, few.Words()[0], "too few to say")
	same := run("x", []float64{1, 1, 1, 1, 1, 1, 1, 1}, []string{"a", "a", "b", "b", "c", "c", "d", "d"})
	require.Equal(t, 4, compare(t, same, same).Rows[0].Clusters)
}

// Translations of one question count once, whatever the number of languages.
func TestARowOverAllTasks(t *testing.T) {
	both := func(values []float64, clusters []string) Run {
		r := run("x", values, clusters)
		r.Tasks = append(r.Tasks, run("y", values, clusters).Tasks...)
		return r
	}
	a, b := []float64{0, 0, 0, 0, 0, 0, 1}, []float64{1, 1, 1, 1, 1, 1, 1}
	names := []string{"a", "b", "c", "d", "e", "f", "g"}
	rows := compare(t, both(a, names), both(b, names)).Rows
	require.Len(t, rows, 3)
	require.Equal(t, []any{All, 14, 7}, []any{rows[2].Task, rows[2].N, rows[2].Clusters})
	require.Equal(t, 14, compare(t, both(a, nil), both(b, nil)).Rows[2].Clusters)
}

func TestOtherDocumentsAreRefused(t *testing.T) {
	dir := t.TempDir()
	a, b := run("x", []float64{1, 0}, nil), run("x", []float64{1, 0}, nil)
	b.Tasks[0].Samples[1].Doc = python.Dict("question", "another")
	require.NoError(t, a.Write(filepath.Join(dir, "a")))
	require.NoError(t, b.Write(filepath.Join(dir, "b")))
	left, err := Read(filepath.Join(dir, "a"))
	require.NoError(t, err)
	right, err := Read(filepath.Join(dir, "b"))
	require.NoError(t, err)
	c := compare(t, left, right)
	require.Equal(t, 1, c.Rows[0].N)
	require.Equal(t, []string{"1 of 1 rest on fewer than 6 documents: too few to say.", "2 samples stand in one run alone and were left out."}, c.Words())

	right.Tasks[0].Samples[0].docHash = right.Tasks[0].Samples[1].docHash // drawn twice: no name any more
	_, err = Compare(left, right)
	require.ErrorContains(t, err, "task x: doc_id 0 is another document in the other run")
	_, err = Compare(left, run("z", []float64{1}, nil))
	require.ErrorContains(t, err, "no sample stands in both runs (tasks only in A: [x], only in B: [z])")
}

// A line as lm_eval 0.4 writes it, shortened.
func TestReadsTheHarnessesFiles(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"results_2026-08-21T10-00-00.json":    `{"results": {"g": {"alias": "g"}, "x": {"alias": "x", "acc,none": 1.0, "acc_stderr,none": "N/A"}}, "model_name": "m"}`,
		"results_2026-08-20T10-00-00.json":    `{}`,
		"samples_x_2026-08-21T10-00-00.jsonl": `{"doc_id": 0, "doc": {"q": 1}, "target": "0", "arguments": {}, "resps": [[["-1.5", "False"]]], "filtered_resps": [["-1.5", "False"]], "filter": "none", "metrics": ["acc", "f1"], "doc_hash": "ab", "prompt_hash": "c", "target_hash": "d", "acc": 1.0, "f1": [0, 1]}` + "\n",
	} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644))
	}
	got, err := Read(dir)
	require.NoError(t, err)
	require.Len(t, got.Tasks, 1)
	require.Equal(t, []string{"acc"}, got.Tasks[0].Metrics)
	require.Equal(t, map[string]float64{"acc": 1}, got.Tasks[0].Samples[0].Values)
	_, err = Read(filepath.Join(dir, "results_2026-08-20T10-00-00.json"))
	require.ErrorContains(t, err, "expected the results of an evaluation")
	require.NoError(t, os.WriteFile(filepath.Join(dir, "samples_x_2026-08-21T10-00-00.jsonl"), []byte("{\"doc_id\": 0}\n{\"id\": 1}\n"), 0o644))
	_, err = Read(dir)
	require.ErrorContains(t, err, `jsonl:2: expected "doc_id", found none`)
}

// Python: hashlib.sha256(json.dumps({"q": "é", "n": [1, None]}, indent=2, ensure_ascii=False).encode()).hexdigest()
func TestDocumentHashIsTheHarnesses(t *testing.T) {
	doc := python.Dict("q", "é", "n", []any{python.Int("1"), nil})
	require.Equal(t, "26a8d3c6c0b9235cedec5a600e1dd16ec536af29c9b6e41fd2b57a775fc67daa", hash(python.Indent(doc, 2, false)))
}
