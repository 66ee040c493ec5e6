package study

import (
	"context"
	"fmt"
	"math"
	"os"
	"slices"
	"time"

	"croco/internal/jsonl"
	"croco/kernels"
	"croco/toyworld"
)

// Study is what is to be run and where.
type Study struct {
	Dir     string // models, pairs and adapters; may be deleted, and is made again
	Results string // one line for each seed and arm that is done
	Device  kernels.Device
	Seeds   []int
	Bases   []int // seeds whose policies there are: the answers of another base are the next one's
	Arms    []Arm

	Tasks, Tests int // to tune on (0: toyworld.Tuning's) and to measure with (0: testTasks)
	Say          func(string)
}

// Result is a line of the results file: one arm of one seed.
type Result struct {
	Seed        int                `json:"seed"`
	Arm         string             `json:"arm"`
	Pairs       *PairCount         `json:"pairs,omitempty"`
	Languages   map[string]Values  `json:"languages,omitempty"` // by the language asked in
	Translation float64            `json:"translation"`         // share of translations that are wholly right
	Numbers     map[string]float64 `json:"numbers,omitempty"`   // what else the arm looked at
	Seconds     float64            `json:"seconds"`
}

// Metric is a number that is measured per language, over the answers to the test tasks.
type Metric int

// The metrics, in the order of Values.
const (
	Quality       Metric = iota // true quality of sampled answers
	Pass                        // share of sampled answers that are wholly right, in the right language, tidy and ended
	RightLanguage               // share of sampled answers in the language asked in
	Full                        // share of sampled answers in full form
	RewardEnglish               // mean score of sampled answers by the English reward model
	RewardMixed                 // and by the mixed one
	GreedyQuality               // the same of the likeliest answers
	GreedyPass
	GreedyRight
	metrics
)

// Values are the metrics of one language.
type Values [metrics]float64

// PairCount is what the truth says of an arm's pairs.
type PairCount struct {
	N        int     `json:"n"`
	Chosen   float64 `json:"chosen"`   // mean true quality
	Rejected float64 `json:"rejected"` //
	Inverted float64 `json:"inverted"` // share of pairs whose rejected answer is truly better
	English  float64 `json:"english"`  // share of pairs whose prompt is English
}

// Read reads a results file; a line that stands twice is an error, since one of the two would count for nothing.
func Read(path string) ([]Result, error) {
	type name struct {
		seed int
		arm  string
	}
	seen := map[name]int{}
	var results []Result
	err := jsonl.Read(path, func(line int, r Result) error {
		n := name{r.Seed, r.Arm}
		if before := seen[n]; before > 0 {
			return fmt.Errorf("seed %d, arm %q stands in line %d already: delete one of them", r.Seed, r.Arm, before)
		}
		seen[n] = line
		results = append(results, r)
		return nil
	})
	return results, err
}

// testTasks is how many tasks the arms of a seed are measured with: half of the demo's, for there are many arms, and what
// makes the intervals wide is the spread between seeds.
const testTasks = 120

// Run does what is missing: for every seed, every arm that has no line yet. It may be stopped anywhere; an arm that was
// under way is begun again. ctx ends it after the stage under way.
func (s *Study) Run(ctx context.Context) error {
	if s.Tasks == 0 {
		s.Tasks = toyworld.Tuning.Tasks
	}
	if s.Tests == 0 {
		s.Tests = testTasks
	}
	done := map[string]bool{}
	if _, err := os.Stat(s.Results); err == nil {
		results, err := Read(s.Results)
		if err != nil {
			return err
		}
		for _, r := range results {
			done[fmt.Sprint(r.Seed, r.Arm)] = true
		}
	}
	out, err := jsonl.Open(s.Results)
	if err != nil {
		return err
	}
	defer out.Close()
	for _, seed := range s.Seeds {
		missing := slices.DeleteFunc(slices.Clone(s.Arms), func(a Arm) bool { return done[fmt.Sprint(seed, a.Name)] })
		if len(missing) == 0 {
			continue
		}
		if err := s.seed(ctx, seed, missing, func(r Result) error { return out.Append(r) }); err != nil {
			return fmt.Errorf("seed %d: %w", seed, err)
		}
	}
	return nil
}

// seed runs some arms of one seed.
func (s *Study) seed(ctx context.Context, seed int, arms []Arm, emit func(Result) error) error {
	w, err := s.open(seed)
	if err != nil {
		return err
	}
	defer w.close()
	for i, a := range arms {
		begin := time.Now()
		r, err := w.run(ctx, a)
		if err != nil {
			return fmt.Errorf("arm %s: %w", a.Name, err)
		}
		r.Seconds = math.Round(10*time.Since(begin).Seconds()) / 10
		if err := emit(r); err != nil {
			return err
		}
		s.say("seed %d, %d of %d: %s", seed, i+1, len(arms), r)
	}
	return nil
}

func (s *Study) say(format string, args ...any) {
	if s.Say != nil {
		s.Say(fmt.Sprintf(format, args...))
	}
}

// String is a result for a terminal.
func (r Result) String() string {
	text := fmt.Sprintf("%s, %.0f s", r.Arm, r.Seconds)
	if r.Languages != nil {
		tuned, untuned := toyworld.Tuning.Languages, toyworld.Tuning.Untuned
		text += fmt.Sprintf(": quality %.1f / %.1f, greedy pass %.1f / %.1f, right language %.1f / %.1f %%", 100*r.Mean(Quality, tuned), 100*r.Mean(Quality, untuned),
			100*r.Mean(GreedyPass, tuned), 100*r.Mean(GreedyPass, untuned), 100*r.Mean(RightLanguage, tuned), 100*r.Mean(RightLanguage, untuned))
	}
	if r.Pairs != nil {
		text += fmt.Sprintf("; %d pairs, quality %.1f against %.1f, %.1f %% inverted", r.Pairs.N, 100*r.Pairs.Chosen, 100*r.Pairs.Rejected, 100*r.Pairs.Inverted)
	}
	return text
}

// Mean of a metric over some languages.
func (r Result) Mean(m Metric, languages []string) float64 {
	sum := 0.0
	for _, l := range languages {
		sum += r.Languages[l][m]
	}
	return sum / float64(len(languages))
}
