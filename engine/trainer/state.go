package trainer

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// number is a float64 as Python writes it: the shortest text that reads back, with a point or an exponent.
type number float64

func (n number) MarshalJSON() ([]byte, error) {
	v := float64(n)
	if !finite(v) {
		return nil, fmt.Errorf("%v has no place in JSON", v)
	}
	if a := math.Abs(v); v != 0 && (a < 1e-4 || a >= 1e16) {
		return []byte(strconv.FormatFloat(v, 'e', -1, 64)), nil
	}
	s := strconv.FormatFloat(v, 'f', -1, 64)
	if !strings.Contains(s, ".") {
		s += ".0"
	}
	return []byte(s), nil
}

// entry is one row of log_history: TRL's keys, and the step.
type entry map[string]any

// state is trainer_state.json as transformers writes it (TrainerState, keys sorted, indent 2). It holds no times, so that
// a run that was stopped and resumed writes the same bytes as one that was not.
type state struct {
	BestGlobalStep      *int           `json:"best_global_step"`
	BestMetric          *number        `json:"best_metric"`
	BestModelCheckpoint *string        `json:"best_model_checkpoint"`
	Epoch               number         `json:"epoch"`
	EvalSteps           int            `json:"eval_steps"`
	GlobalStep          int            `json:"global_step"`
	IsHyperParamSearch  bool           `json:"is_hyper_param_search"`
	IsLocalProcessZero  bool           `json:"is_local_process_zero"`
	IsWorldProcessZero  bool           `json:"is_world_process_zero"`
	LogHistory          []entry        `json:"log_history"`
	LoggingSteps        int            `json:"logging_steps"`
	MaxSteps            int            `json:"max_steps"`
	NumInputTokensSeen  int            `json:"num_input_tokens_seen"`
	NumTrainEpochs      int            `json:"num_train_epochs"`
	SaveSteps           int            `json:"save_steps"`
	StatefulCallbacks   map[string]any `json:"stateful_callbacks"`
	TotalFlos           int            `json:"total_flos"`
	TrainBatchSize      int            `json:"train_batch_size"`
	TrialName           *string        `json:"trial_name"`
	TrialParams         *string        `json:"trial_params"`
}

func newState(a *Args, p plan) state {
	s := state{IsLocalProcessZero: true, IsWorldProcessZero: true, LogHistory: []entry{}, StatefulCallbacks: map[string]any{},
		EvalSteps: a.EvalSteps, LoggingSteps: a.LoggingSteps, SaveSteps: a.SaveSteps, MaxSteps: p.steps, NumTrainEpochs: p.epochs,
		TrainBatchSize: a.PerDeviceTrainBatchSize}
	if s.EvalSteps == 0 {
		s.EvalSteps = a.LoggingSteps
	}
	return s
}

// log appends an entry and returns it.
func (s *state) log(values map[string]float64) entry {
	e := entry{"epoch": s.Epoch, "step": s.GlobalStep}
	for k, v := range values {
		e[k] = number(v)
	}
	s.LogHistory = append(s.LogHistory, e)
	return e
}

// bytes is the file's text.
func (s *state) bytes() ([]byte, error) {
	b, err := json.MarshalIndent(s, "", "  ")
	return append(b, '\n'), err
}

// readState reads the state of a checkpoint. Numbers keep their text, and so their bytes.
func readState(dir string) (state, error) {
	path := filepath.Join(dir, "trainer_state.json")
	raw, err := os.ReadFile(path)
	if err != nil {
		return state{}, err
	}
	var s state
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if err := d.Decode(&s); err != nil {
		return s, fmt.Errorf("%s: %w", path, err)
	}
	return s, nil
}

// window gathers what is logged together: the steps since the last entry.
type window struct {
	Steps     int                `json:"steps"`
	Loss      float64            `json:"loss"` // sum over steps
	Micros    int                `json:"micros"`
	Metrics   map[string]float64 `json:"metrics"`    // sums over micro-batches
	NumTokens int                `json:"num_tokens"` // of all steps so far
	TotalLoss float64            `json:"total_loss"` // sum over all steps so far
}

func (w *window) add(o outcome) {
	if w.Metrics == nil {
		w.Metrics = map[string]float64{}
	}
	w.Steps++
	w.Loss += o.loss
	w.TotalLoss += o.loss
	w.NumTokens += o.tokens
	for _, m := range o.micros {
		w.Micros++
		for k, v := range m {
			w.Metrics[k] += v
		}
	}
}

// flush returns the means, with the gradient norm and learning rate of the last step, and begins anew.
func (w *window) flush(o outcome) map[string]float64 {
	values := map[string]float64{"loss": w.Loss / float64(w.Steps), "grad_norm": o.gradNorm, "learning_rate": o.rate,
		"num_tokens": float64(w.NumTokens)}
	for k, v := range w.Metrics {
		values[k] = v / float64(w.Micros)
	}
	*w = window{NumTokens: w.NumTokens, TotalLoss: w.TotalLoss}
	return values
}
