// Package results holds what an evaluation measured: a folder of files of the shape that the LM Evaluation Harness writes,
// and the comparison of two of them.
//
//	Task          one task's samples and settings; Summarise makes its means and errors
//	Write         results.json and samples_TASK.jsonl
//	Read          the same, or what lm_eval --log_samples left
//	Compare       two runs on the same samples: is the difference more than noise?
//	Sample        one document with its answer and what it scored
//
// In results.json the keys are "METRIC,FILTER" and "METRIC_stderr,FILTER", the error s/√n with n−1 in s, as the harness has
// them. What it has no place for, such as intervals, stands under "croco".
package results

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"path/filepath"
	"slices"
	"strings"

	"croco/eval"
	"croco/internal/jsonl"
	"croco/pairing/python"
)

// Sample is one document under one filter.
type Sample struct {
	DocID    int
	Doc      *python.Object
	Prompt   string
	Target   string
	Resps    []string // what the model wrote; log-probabilities of choices, as texts
	Filtered string   // what was taken out of it
	Filter   string
	Values   map[string]float64 // by metric
	Cluster  string             // equal for documents that are not independent; "" is a document of its own
	Language string
	Detected string // language of the answer, "" where nobody looked
	docHash  string // of a sample that was read
}

// Task is what was measured on one task.
type Task struct {
	Name      string
	Metrics   []string // in the order of tables
	Filters   []string
	Shots     int
	Config    map[string]any // all that the numbers depend on
	Left      int            // documents that could not be used
	Documents int            // those that were; 0: as many as samples have doc_ids
	Samples   []Sample
	Summary   map[string]float64 // further numbers over all samples, "METRIC,FILTER"
}

// Run is a folder of results.
type Run struct {
	Model     string
	ModelArgs string
	Date      float64 // seconds since 1970
	Seconds   float64
	Tasks     []Task
	Notes     map[string]any // under "croco"
}

// Mean is a mean with its standard error and a bootstrap interval. The error of one value is NaN.
type Mean struct {
	N               int
	Value, StdError float64
	eval.Interval
}

// draws of the bootstrap, and its seed.
const (
	draws = 2000
	seed  = 1
)

// Mean of a metric under a filter; N is 0 where no sample has it.
func (t Task) Mean(metric, filter string) Mean {
	values, clusters := t.values(metric, filter)
	if len(values) == 0 {
		return Mean{Value: math.NaN(), StdError: math.NaN()}
	}
	return Mean{len(values), eval.Mean(values), eval.SD(values) / math.Sqrt(float64(len(values))), eval.Bootstrap(values, clusters, .95, draws, seed)}
}

// values of a metric and the clusters that they come in.
func (t Task) values(metric, filter string) (values []float64, clusters []string) {
	for _, s := range t.Samples {
		if v, ok := s.Values[metric]; ok && s.Filter == filter {
			values, clusters = append(values, v), append(clusters, s.cluster())
		}
	}
	return values, clusters
}

func (s Sample) cluster() string {
	if s.Cluster != "" {
		return s.Cluster
	}
	return fmt.Sprint("document ", s.DocID)
}

// documents counts the different ones.
func (t Task) documents() int {
	if t.Documents > 0 {
		return t.Documents
	}
	ids := map[int]bool{}
	for _, s := range t.Samples {
		ids[s.DocID] = true
	}
	return len(ids)
}

// Write writes a run's files into a folder: samples first, so that results.json stands for all of them.
func (r Run) Write(dir string) error {
	for _, t := range r.Tasks {
		rows := make([]*python.Object, len(t.Samples))
		for i, s := range t.Samples {
			rows[i] = s.json(t.Metrics)
		}
		if err := jsonl.WriteFile(filepath.Join(dir, "samples_"+t.Name+".jsonl"), []byte(python.DumpRows(rows))); err != nil {
			return err
		}
	}
	raw, err := json.MarshalIndent(r.json(), "", "  ")
	if err != nil {
		return err
	}
	return jsonl.WriteFile(filepath.Join(dir, "results.json"), append(raw, '\n'))
}

// json is the content of results.json.
func (r Run) json() map[string]any {
	top := map[string]map[string]any{}
	for _, name := range []string{"results", "configs", "versions", "n-shot", "higher_is_better", "n-samples"} {
		top[name] = map[string]any{}
	}
	intervals := map[string]any{}
	for _, t := range r.Tasks {
		row, better, ends := map[string]any{"alias": t.Name}, map[string]bool{}, map[string]any{}
		for _, metric := range t.Metrics {
			better[metric] = true
			for _, filter := range t.Filters {
				m := t.Mean(metric, filter)
				if m.N == 0 {
					continue
				}
				row[metric+","+filter], row[metric+"_stderr,"+filter] = m.Value, orNA(m.StdError)
				if !math.IsNaN(m.Low) {
					ends[metric+","+filter] = map[string]any{"low": m.Low, "high": m.High, "n": m.N}
				}
			}
		}
		for key, v := range t.Summary {
			row[key] = orNA(v)
		}
		n := t.documents()
		top["results"][t.Name], top["configs"][t.Name], top["versions"][t.Name] = row, t.Config, 1
		top["n-shot"][t.Name], top["higher_is_better"][t.Name] = t.Shots, better
		top["n-samples"][t.Name] = map[string]int{"original": n + t.Left, "effective": n}
		intervals[t.Name] = ends
	}
	out := map[string]any{"group_subtasks": map[string]any{}, "config": map[string]any{"model": "croco", "model_args": r.ModelArgs},
		"date": r.Date, "model_name": r.Model, "total_evaluation_time_seconds": fmt.Sprint(r.Seconds)}
	for name, v := range top {
		out[name] = v
	}
	notes := map[string]any{"intervals": intervals, "interval": fmt.Sprintf("95 %% percentile interval of %d bootstrap draws over documents, seed %d", draws, seed)}
	maps.Copy(notes, r.Notes)
	out["croco"] = notes
	return out
}

// orNA is a number, or the text that the harness writes for none.
func orNA(v float64) any {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return "N/A"
	}
	return v
}

// json is a line of a samples file. Hashes are the harness's: of the document as Python's json.dumps(doc, indent=2,
// ensure_ascii=False) writes it, of the prompt and of the target.
func (s Sample) json(metrics []string) *python.Object {
	resps := make([]any, len(s.Resps))
	for i, r := range s.Resps {
		resps[i] = r
	}
	var names []any
	for _, m := range metrics {
		if _, ok := s.Values[m]; ok {
			names = append(names, m)
		}
	}
	o := python.Dict("doc_id", python.Int(fmt.Sprint(s.DocID)), "doc", s.Doc, "target", s.Target,
		"arguments", python.Dict("gen_args_0", python.Dict("arg_0", s.Prompt)), "resps", []any{resps}, "filtered_resps", []any{s.Filtered},
		"filter", s.Filter, "metrics", names, "doc_hash", hash(python.Indent(s.Doc, 2, false)), "prompt_hash", hash(s.Prompt), "target_hash", hash(s.Target))
	for _, m := range slices.Sorted(maps.Keys(s.Values)) {
		o.Set(m, s.Values[m])
	}
	for _, field := range [][2]string{{"cluster", s.Cluster}, {"language", s.Language}, {"detected_language", s.Detected}} {
		if field[1] != "" {
			o.Set(field[0], field[1])
		}
	}
	return o
}

func hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// FileName is a task's name as a part of a file name.
func FileName(name string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(`/\:*?"<>| `, r) {
			return '_'
		}
		return r
	}, name)
}
