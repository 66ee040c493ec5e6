package report

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"croco/eval"
	"croco/internal/jsonl"
	"croco/pairing"
	"croco/reward"
)

// run is what a run folder holds. What is not there yet stays empty.
type run struct {
	dir    string
	recipe string // its text
	model  string // that was tuned
	stages []stage
	scores scores
	pairs  pairs
	log    []map[string]any // log_history of the trainer's state
	before []reward.Scored
	after  []reward.Scored
	table  *eval.Table
}

// stage is what a manifest says for people.
type stage struct {
	Stage   string         `json:"stage"`
	Done    bool           `json:"done"`
	Rows    int            `json:"rows"`
	Counts  map[string]int `json:"counts"`
	Seconds float64        `json:"seconds"`
	file    string         // that was made
}

// scores are the numbers of the scored answers, without their texts.
type scores struct {
	languages []string // in order of appearance
	score     map[string][]float64
	length    []float64
	wrong     map[string]int // answers known to be in another language
	failed    int
}

// read reads a run folder. A file that is there but broken is an error.
func read(dir string) (*run, error) {
	r := &run{dir: dir}
	for _, part := range []func() error{r.readRecipe, r.readManifests, r.readScores, r.readPairs, r.readLog, r.readEval} {
		if err := part(); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	if r.recipe == "" && r.scores.score == nil && r.pairs.count == 0 && r.log == nil && r.table == nil {
		return nil, fmt.Errorf("%s: nothing to report: expected a run folder with recipe.yaml, scores/, pairs/, adapter/ or eval/", dir)
	}
	return r, nil
}

func (r *run) path(parts ...string) string {
	return filepath.Join(append([]string{r.dir}, parts...)...)
}

func (r *run) readRecipe() error {
	raw, err := os.ReadFile(r.path("recipe.yaml"))
	if err != nil {
		return err
	}
	var recipe struct {
		Model string `yaml:"model_name_or_path"`
	}
	if err := yaml.Unmarshal(raw, &recipe); err != nil {
		return fmt.Errorf("%s: %w", r.path("recipe.yaml"), err)
	}
	r.recipe, r.model = string(raw), recipe.Model
	return nil
}

// readManifests reads those of a stage's folder and those beside single files, in the order of the stages.
func (r *run) readManifests() error {
	for _, folder := range []string{"prompts", "completions", "scores", "pairs", "adapter", "eval"} {
		own, _ := filepath.Glob(r.path(folder, "manifest.json"))
		beside, _ := filepath.Glob(r.path(folder, "*.manifest.json"))
		for _, path := range slices.Concat(own, beside) {
			s := stage{file: folder}
			if err := readJSON(path, &s); err != nil {
				return err
			}
			if name := filepath.Base(path); name != "manifest.json" && folder == "eval" {
				s.file = folder + "/" + strings.TrimSuffix(strings.TrimSuffix(name, ".manifest.json"), ".jsonl")
			}
			r.stages = append(r.stages, s)
		}
	}
	return nil
}

func readJSON(path string, v any) error {
	raw, err := os.ReadFile(path)
	if err == nil {
		if err = json.Unmarshal(raw, v); err != nil {
			err = fmt.Errorf("%s: %w", path, err)
		}
	}
	return err
}

// readScores keeps the numbers of every answer and lets the texts go.
func (r *run) readScores() error {
	return jsonl.Read(r.path("scores", "scores.jsonl"), func(_ int, row struct {
		Language string  `json:"language"`
		Score    float64 `json:"score"`
		Detected string  `json:"detected_language"`
		Length   int     `json:"length"`
	}) error {
		s := &r.scores
		if s.score == nil {
			s.score, s.wrong = map[string][]float64{}, map[string]int{}
		}
		if row.Score == reward.FailedScore {
			s.failed++
			return nil
		}
		if s.score[row.Language] == nil {
			s.languages = append(s.languages, row.Language)
		}
		s.score[row.Language] = append(s.score[row.Language], row.Score)
		s.length = append(s.length, float64(row.Length))
		if row.Detected != "" && pairing.LanguageCode(row.Detected) != pairing.LanguageCode(row.Language) {
			s.wrong[row.Language]++
		}
		return nil
	})
}

func (r *run) readPairs() error {
	return jsonl.Read(r.path("pairs", "pairs.jsonl"), func(_ int, p pairing.Pair) error {
		p.PromptIDs, p.ChosenIDs, p.RejectedIDs, p.ChosenLogprobs, p.RejectedLogprobs = nil, nil, nil, nil, nil
		r.pairs.add(p)
		return nil
	})
}

func (r *run) readLog() error {
	var state struct {
		LogHistory []map[string]any `json:"log_history"`
	}
	err := readJSON(r.path("adapter", "trainer_state.json"), &state)
	r.log = state.LogHistory
	return err
}

// series collects one quantity of the log over its steps.
func (r *run) series(name, key string) Series {
	s := Series{Name: name}
	for _, entry := range r.log {
		step, ok := entry["step"].(float64)
		value, found := entry[key].(float64)
		if ok && found {
			s.X, s.Y = append(s.X, step), append(s.Y, value)
		}
	}
	return s
}

// readEval reads the answers to the held-out prompts, and the comparison: as the run made it, else made here.
func (r *run) readEval() (err error) {
	if r.before, err = jsonl.All[reward.Scored](r.path("eval", "before.jsonl")); err != nil {
		return err
	}
	if r.after, err = jsonl.All[reward.Scored](r.path("eval", "after.jsonl")); err != nil {
		return err
	}
	raw, err := os.ReadFile(r.path("eval", "summary.json"))
	var t eval.Table
	switch {
	case err == nil:
		if t, err = eval.ParseTable(raw); err != nil {
			return fmt.Errorf("%s: %w", r.path("eval", "summary.json"), err)
		}
	case len(r.before) > 0 && len(r.after) > 0:
		if t, err = eval.Compare(eval.FromScored(r.before), eval.FromScored(r.after), eval.Options{}); err != nil {
			return fmt.Errorf("%s: %w", r.path("eval"), err)
		}
	default:
		return err
	}
	r.table = &t
	return nil
}
