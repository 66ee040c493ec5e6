package exact

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"

	"croco/engine/trainer"
	"croco/internal/jsonl"
	"croco/kernels"
	"croco/sampler"
)

// pair is a row of training data.
type pair struct {
	PromptIDs        []int32   `json:"prompt_ids"`
	ChosenIDs        []int32   `json:"chosen_ids"`
	RejectedIDs      []int32   `json:"rejected_ids"`
	ChosenLogprobs   []float32 `json:"chosen_logprobs,omitempty"`
	RejectedLogprobs []float32 `json:"rejected_logprobs,omitempty"`
	Model            string    `json:"model,omitempty"`
}

const pairCount = 8

// firstStep trains on one pair a step with a learning rate of zero, so that every step is a first one.
func (c *check) firstStep(ctx context.Context, p *Promise) error {
	if c.labels > 0 {
		p.Skipped = noAnswers
		return nil
	}
	file, n, err := c.recordedPairs()
	if err != nil || n == 0 {
		p.Skipped = "the model's answers to a prompt do not differ, so there are no pairs"
		return err
	}
	job := c.job(trainer.DPO, file, "first", c.two)
	job.Args.MaxSteps, job.Args.PerDeviceTrainBatchSize, job.Args.LearningRate = n, 1, 0
	step := 0
	job.Progress = func(s trainer.Status) {
		step++
		p.hold(s.Loss == math.Ln2, "pair %d: the loss is %.17g, expected ln 2 = %.17g", step, s.Loss, math.Ln2)
		for _, key := range []string{"rewards/chosen", "rewards/rejected", "rewards/margins"} {
			p.hold(s.Metrics[key] == 0, "pair %d: %s is %g, expected 0", step, key, s.Metrics[key])
		}
	}
	if _, err := trainer.Run(ctx, job); err != nil {
		return err
	}
	computed, err := filepath.Glob(filepath.Join(job.Args.OutputDir, "reference-*.json"))
	p.hold(len(computed) == 0, "reference log-probabilities were computed, though the sampler had recorded them")
	p.Ways = fmt.Sprintf("%d pairs of the completions, each in a step of its own", n)
	return err
}

// recordedPairs writes pairs of different answers to a prompt, with the sampler's record.
func (c *check) recordedPairs() (path string, n int, err error) {
	rows, err := jsonl.All[sampler.Completion](c.answers)
	if err != nil {
		return "", 0, err
	}
	var pairs []pair
	for first := 0; first+perPrompt <= len(rows) && len(pairs) < pairCount; first += 2 * perPrompt {
		answers := rows[first : first+perPrompt]
		for _, other := range answers[1:] {
			if a := answers[0]; !slices.Equal(a.CompletionIDs, other.CompletionIDs) {
				pairs = append(pairs, pair{a.PromptIDs, a.CompletionIDs, other.CompletionIDs, a.Logprobs, other.Logprobs, a.Model})
				break
			}
		}
	}
	path = c.file("pairs.jsonl")
	return path, len(pairs), writePairs(path, pairs)
}

func writePairs(path string, pairs []pair) error {
	var all bytes.Buffer
	for _, p := range pairs {
		b, err := jsonl.Marshal(p)
		if err != nil {
			return err
		}
		all.Write(append(b, '\n'))
	}
	return os.WriteFile(path, all.Bytes(), 0o644)
}

// job is a short training run that keeps all the state there is: shuffled, accumulated, with a log window of two steps.
func (c *check) job(kind trainer.Kind, file, name string, d kernels.Device) trainer.Job {
	a := trainer.Defaults(kind)
	a.ModelNameOrPath, a.Adapter, a.TrainFile, a.OutputDir = c.Model, c.Adapter, file, c.file(name)
	a.MaxSteps, a.PerDeviceTrainBatchSize, a.GradientAccumulationSteps, a.LearningRate, a.MaxLength = 4, 2, 2, 1e-3, 0
	a.LoraR, a.LoggingSteps, a.SaveStrategy, a.ReportTo = 8, 2, "no", "none"
	if kind == trainer.DPO {
		a.GradientAccumulationSteps = 1
	}
	return trainer.Job{Kind: kind, Args: a, Device: d}
}

// resumed trains at one go by two threads, and in two pieces by one thread and by two.
func (c *check) resumed(ctx context.Context, p *Promise) error {
	kind, file := trainer.DPO, c.file("random-pairs.jsonl")
	if c.labels == 1 {
		kind = trainer.Reward
	} else if c.labels > 1 {
		p.Skipped = "a classifier with several labels is not trained"
		return nil
	}
	if err := writePairs(file, c.randomPairs()); err != nil {
		return err
	}
	whole := c.job(kind, file, "unbroken", c.two)
	if _, err := trainer.Run(ctx, whole); err != nil {
		return err
	}
	piece := c.job(kind, file, "broken", c.one)
	piece.Args.ResumeFromCheckpoint = "newest"
	stopped, stop := context.WithCancel(ctx)
	defer stop()
	piece.Progress = func(s trainer.Status) {
		if s.Step == 1 {
			stop()
		}
	}
	if _, err := trainer.Run(stopped, piece); !errors.Is(err, trainer.ErrInterrupted) || ctx.Err() != nil {
		return errors.Join(fmt.Errorf("the run was to be interrupted: %w", err), ctx.Err())
	}
	piece.Device, piece.Progress = c.two, nil
	if _, err := trainer.Run(ctx, piece); err != nil {
		return err
	}
	for _, name := range []string{"adapter_model.safetensors", "adapter_config.json", "trainer_state.json"} {
		a, errA := os.ReadFile(filepath.Join(whole.Args.OutputDir, name))
		b, errB := os.ReadFile(filepath.Join(piece.Args.OutputDir, name))
		if err := errors.Join(errA, errB); err != nil {
			return err
		}
		p.hold(bytes.Equal(a, b), "%s differs", name)
	}
	p.Ways = fmt.Sprintf("%s, %d steps by 2 threads; the same stopped after 1 step by 1 thread and resumed by 2: adapter and log_history", kind, whole.Args.MaxSteps)
	return nil
}

// randomPairs are pairs of pseudo-random ids.
func (c *check) randomPairs() []pair {
	pairs := make([]pair, pairCount)
	for i := range pairs {
		n := max(1, min(2+5*i, c.context/2-4))
		pairs[i] = pair{PromptIDs: c.randomIDs(uint64(i%3), n), ChosenIDs: c.randomIDs(uint64(100+i), min(3+i, 1+c.context/4)),
			RejectedIDs: c.randomIDs(uint64(200+i), min(9-i/2, 1+c.context/4))}
	}
	return pairs
}
