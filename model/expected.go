package model

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"croco/model/safetensors"
)

// expected is what an independent implementation computed: expected.json and expected.safetensors of a folder. Arrays
// are seqI.logits (T,V), seqI.hidden (T,C), seqI.logprobs (T−1), seqI.token_scores (T), seqI.score (labels),
// batch.scores (sequences) and grad.NAME.
type expected struct {
	path   string
	arrays *safetensors.File

	InputIDs [][]int32 `json:"input_ids"`
	Loss     *struct {
		What  string
		Value float64
	}
	GradNorms map[string]float64 `json:"grad_norms"`
	Greedy    [][]int32
	Arrays    map[string][]int
}

func readExpected(dir string) (*expected, error) {
	e := &expected{path: filepath.Join(dir, "expected.json")}
	raw, err := os.ReadFile(e.path)
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(raw, e); err != nil {
		return nil, fmt.Errorf("%s: %w", e.path, err)
	}
	if len(e.InputIDs) == 0 {
		return nil, fmt.Errorf("%s: \"input_ids\" is missing or empty", e.path)
	}
	for i, ids := range e.InputIDs {
		if len(ids) == 0 {
			return nil, fmt.Errorf("%s: \"input_ids\": sequence %d is empty", e.path, i)
		}
	}
	if len(e.Greedy) > 0 && len(e.Greedy) != len(e.InputIDs) {
		return nil, fmt.Errorf("%s: \"greedy\": %d continuations of %d sequences", e.path, len(e.Greedy), len(e.InputIDs))
	}
	if e.arrays, err = safetensors.Open(filepath.Join(dir, "expected.safetensors")); err != nil {
		return nil, err
	}
	for _, name := range sorted(e.Arrays) {
		t, ok := e.arrays.Tensor(name)
		if !ok || !slices.Equal(t.Shape, e.Arrays[name]) {
			return nil, fmt.Errorf("%s: array %q: shape %v, but %s has %v", e.path, name, e.Arrays[name], e.arrays.Path, t.Shape)
		}
	}
	return e, nil
}

// array reads one array of n numbers; ok is false where the folder has none of that name.
func (e *expected) array(name string, n int) (values []float32, ok bool, err error) {
	t, ok := e.arrays.Tensor(name)
	if !ok {
		return nil, false, nil
	}
	if t.Len() != n {
		return nil, false, t.Errorf("shape %v, expected %d numbers of this model", t.Shape, n)
	}
	values, err = t.Floats()
	return values, true, err
}

// gradients are the names of the stored gradient tensors.
func (e *expected) gradients() []string {
	var names []string
	for _, name := range e.arrays.Names() {
		if rest, ok := strings.CutPrefix(name, "grad."); ok {
			names = append(names, rest)
		}
	}
	return names
}
