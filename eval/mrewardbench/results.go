package mrewardbench

import (
	"fmt"
	"maps"
	"slices"
	"strconv"

	"croco/eval"
	"croco/pairing/python"
)

// Pair is a reward model's scores of one pair.
type Pair struct {
	Subset           string
	Chosen, Rejected float64
}

// Accuracy is the share of pairs whose chosen answer scores strictly higher: over all, and per subset.
func Accuracy(pairs []Pair) (all float64, subsets map[string]float64) {
	right, total := map[string]int{}, map[string]int{}
	n := 0
	for _, p := range pairs {
		total[p.Subset]++
		if p.Chosen > p.Rejected {
			right[p.Subset]++
			n++
		}
	}
	subsets = map[string]float64{}
	for name, of := range total {
		subsets[name] = float64(right[name]) / float64(of)
	}
	return float64(n) / float64(len(pairs)), subsets
}

// Run names what was run, for RunFile. Empty texts are null there.
type Run struct{ Model, RefModel, Tokenizer, ChatTemplate string }

// RunFile is MODEL-LANGUAGE.json, subsets in order of their names.
func RunFile(run Run, pairs []Pair) (*python.Object, error) {
	if len(pairs) == 0 {
		return nil, fmt.Errorf("%s: expected pairs, found none", run.Model)
	}
	all, subsets := Accuracy(pairs)
	list := python.Dict()
	for _, name := range slices.Sorted(maps.Keys(subsets)) {
		list.Set(name, subsets[name])
	}
	return python.Dict("accuracy", all, "num_prompts", python.Int(strconv.Itoa(len(pairs))), "model", run.Model,
		"ref_model", text(run.RefModel), "tokenizer", text(run.Tokenizer), "chat_template", text(run.ChatTemplate),
		"extra_results", list, "subset_results", python.Copy(list)), nil
}

// PairsFile is MODEL-LANGUAGE-all.jsonl: the scores, pair by pair.
func PairsFile(pairs []Pair) []*python.Object {
	rows := make([]*python.Object, len(pairs))
	for i, p := range pairs {
		rows[i] = python.Dict("chosen", p.Chosen, "rejected", p.Rejected)
	}
	return rows
}

func text(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// Score is what a results file comes to.
type Score struct {
	Model, Type  string // Type: Sequence Classifier, DPO, or what a generative run says of itself
	ChatTemplate any
	Mean         float64   // of the sections
	Sections     []float64 // in the order of Sections
	Subsets      *python.Object
}

// Aggregate reads a results file: a classifier's or DPO model's (extra_results), or a generative judge's (subset and
// leaderboard). weights is "multilingual" or "authors"; the latter takes a generative judge's sections from its file.
func Aggregate(result *python.Object, weights string) (Score, error) {
	if weights != "multilingual" && weights != "authors" {
		return Score{}, fmt.Errorf("weights: expected multilingual or authors, found %q", weights)
	}
	generative, isGenerative := result.Get("subset").(*python.Object)
	if !isGenerative {
		s := Score{Type: "Sequence Classifier", ChatTemplate: result.Get("chat_template")}
		if python.Truthy(result.Get("ref_model")) {
			s.Type = "DPO"
		}
		subsets, ok := result.Get("extra_results").(*python.Object)
		if !ok {
			return s, fmt.Errorf("extra_results: expected scores of subsets, found %.60s", python.Dumps(result.Get("extra_results")))
		}
		return s.fill(result, subsets)
	}
	s := Score{ChatTemplate: generative.Get("chat_template")}
	var err error
	if s.Type, err = generative.Text("model_type"); err != nil {
		return s, err
	}
	subsets := python.Dict()
	for _, key := range generative.Keys {
		if key != "model" && key != "model_type" && key != "chat_template" {
			subsets.Set(key, generative.Get(key))
		}
	}
	if weights == "multilingual" {
		return s.fill(generative, subsets)
	}
	board, ok := result.Get("leaderboard").(*python.Object)
	if !ok || len(board.Keys) == 0 {
		return s, fmt.Errorf("leaderboard: expected the sections' scores, found %.60s", python.Dumps(result.Get("leaderboard")))
	}
	s.Subsets = subsets
	if s.Model, err = generative.Text("model"); err != nil {
		return s, err
	}
	for _, section := range Sections {
		x, err := python.ToFloat(board.Get(section.Name))
		if err != nil {
			return s, fmt.Errorf("leaderboard: %s: %w", section.Name, err)
		}
		s.Sections = append(s.Sections, x)
	}
	s.Mean = eval.Mean(s.Sections)
	return s, nil
}

// fill computes sections from complete subsets.
func (s Score) fill(named, subsets *python.Object) (_ Score, err error) {
	if s.Model, err = named.Text("model"); err != nil {
		return s, err
	}
	values := map[string]float64{}
	for _, key := range subsets.Keys {
		if values[key], err = python.ToFloat(subsets.Get(key)); err != nil {
			return s, fmt.Errorf("%s: %w", key, err)
		}
	}
	if err := Complete(values); err != nil {
		return s, err
	}
	s.Subsets, s.Sections = subsets, SectionScores(values, Multilingual)
	s.Mean = eval.Mean(s.Sections)
	return s, nil
}

// JSON is the score as the authors' analysis holds it.
func (s Score) JSON() *python.Object {
	sections := python.Dict()
	for i, section := range Sections {
		sections.Set(section.Name, s.Sections[i])
	}
	return python.Dict("model", s.Model, "model_type", s.Type, "chat_template", s.ChatTemplate, "score", s.Mean,
		"category_scores", sections, "subset_scores", s.Subsets)
}
