package results

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"croco/internal/jsonl"
)

// Read reads a run: its folder, or a results file beside which its samples stand under the same ending
// (results_2026-08-21.json, samples_TASK_2026-08-21.jsonl). Of a folder with several results files the newest counts, by
// name.
func Read(path string) (Run, error) {
	info, err := os.Stat(path)
	if err != nil {
		return Run{}, err
	}
	if info.IsDir() {
		files, _ := filepath.Glob(filepath.Join(path, "results*.json")) // the pattern is well formed
		if len(files) == 0 {
			return Run{}, fmt.Errorf("%s: expected results.json, or results_DATE.json of lm_eval, found none", path)
		}
		path = slices.Max(files)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return Run{}, err
	}
	var file struct {
		Results map[string]json.RawMessage `json:"results"`
		Model   string                     `json:"model_name"`
	}
	if err := json.Unmarshal(raw, &file); err != nil || len(file.Results) == 0 {
		return Run{}, fmt.Errorf("%s: expected the results of an evaluation, with tasks under \"results\"", path)
	}
	run := Run{Model: file.Model}
	dir, base := filepath.Split(path)
	ending := strings.TrimSuffix(strings.TrimPrefix(base, "results"), ".json")
	for _, name := range sortedKeys(file.Results) {
		t, err := readSamples(filepath.Join(dir, "samples_"+name+ending+".jsonl"), name)
		if errors.Is(err, os.ErrNotExist) {
			continue // a group of tasks has no samples of its own
		}
		if err != nil {
			return run, err
		}
		run.Tasks = append(run.Tasks, t)
	}
	if len(run.Tasks) == 0 {
		return run, fmt.Errorf("%s: expected samples_TASK%s.jsonl beside it, found none: a paired comparison needs every sample (lm_eval writes them with --log_samples)", path, ending)
	}
	return run, nil
}

func sortedKeys[V any](m map[string]V) (keys []string) {
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// line holds of a sample what a comparison needs.
type line struct {
	DocID   *int     `json:"doc_id"`
	DocHash string   `json:"doc_hash"`
	Filter  string   `json:"filter"`
	Metrics []string `json:"metrics"`
	Cluster string   `json:"cluster"`
}

// readSamples reads of a task's samples what a comparison needs.
func readSamples(path, name string) (Task, error) {
	t := Task{Name: name}
	err := jsonl.Read(path, func(_ int, row map[string]json.RawMessage) error {
		var l line
		whole, err := json.Marshal(row)
		if err == nil {
			err = json.Unmarshal(whole, &l)
		}
		if err != nil {
			return err
		}
		if l.DocID == nil {
			return errors.New(`expected "doc_id", found none: is this a file of samples?`)
		}
		s := Sample{DocID: *l.DocID, Filter: l.Filter, Cluster: l.Cluster, docHash: l.DocHash, Values: map[string]float64{}}
		for _, metric := range l.Metrics {
			var v *float64
			if json.Unmarshal(row[metric], &v) != nil || v == nil {
				continue // a list, for metrics that are no mean
			}
			s.Values[metric] = *v
			if !slices.Contains(t.Metrics, metric) {
				t.Metrics = append(t.Metrics, metric)
			}
		}
		if !slices.Contains(t.Filters, l.Filter) {
			t.Filters = append(t.Filters, l.Filter)
		}
		t.Samples = append(t.Samples, s)
		return nil
	})
	return t, err
}
