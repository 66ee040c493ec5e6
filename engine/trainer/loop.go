package trainer

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"croco/internal/jsonl"
)

// loop runs the steps that are left: step, log, evaluate, save, in transformers' order.
func (t *trainer) loop(ctx context.Context, progress func(Status)) error {
	from, tokens := t.state.GlobalStep, 0
	t.began, t.resumedAt = time.Now(), from
	if t.args.EvalOnStart && from == 0 && t.trained < len(t.examples) {
		if err := t.logEvaluation(); err != nil {
			return err
		}
	}
	for n := from; n < t.plan.steps; n++ {
		out, err := t.step(n)
		if err != nil {
			return err
		}
		t.state.GlobalStep, t.state.Epoch = n+1, number(out.epoch)
		t.window.add(out)
		tokens += out.tokens
		seconds := time.Since(t.began).Seconds()
		if progress != nil {
			progress(t.status(out, float64(tokens)/seconds, time.Duration(seconds/float64(n+1-from)*float64(t.plan.steps-n-1)*1e9)))
		}

		done := t.due(n + 1)
		if done.log {
			if err := t.record(t.window.flush(out), map[string]float64{"tokens_per_second": float64(tokens) / seconds}); err != nil {
				return err
			}
		}
		if done.evaluate {
			if err := t.logEvaluation(); err != nil {
				return err
			}
		}
		stopped := ctx.Err() != nil && n+1 < t.plan.steps
		if done.save || stopped {
			if err := t.save(!done.save); err != nil {
				return err
			}
		}
		if stopped {
			return fmt.Errorf("step %d: %w", n+1, ErrInterrupted)
		}
	}
	return nil
}

// due says what follows step n = 1, 2, …
func (t *trainer) due(n int) (d struct{ log, evaluate, save bool }) {
	a, last := t.args, n == t.plan.steps
	epochEnds := n%t.plan.perEpoch() == 0
	d.log = n%a.LoggingSteps == 0 || n == 1 && a.LoggingFirstStep
	if t.trained < len(t.examples) {
		d.evaluate = a.EvalStrategy == "steps" && n%t.state.EvalSteps == 0 || a.EvalStrategy == "epoch" && (epochEnds || last)
	}
	d.save = a.SaveStrategy == "steps" && (n%a.SaveSteps == 0 || last) || a.SaveStrategy == "epoch" && (epochEnds || last)
	return d
}

// logEvaluation evaluates and logs.
func (t *trainer) logEvaluation() error {
	begin := time.Now()
	values, err := t.evaluate()
	if err != nil {
		return err
	}
	seconds, examples := time.Since(begin).Seconds(), float64(len(t.examples)-t.trained)
	batches := float64((len(t.examples) - t.trained + t.args.PerDeviceEvalBatchSize - 1) / t.args.PerDeviceEvalBatchSize)
	return t.record(values, map[string]float64{"eval_runtime": seconds, "eval_samples_per_second": examples / seconds,
		"eval_steps_per_second": batches / seconds})
}

// record puts values into log_history; together with times, which trainer_state.json does not hold, into logging.jsonl
// and the events.
func (t *trainer) record(values, times map[string]float64) error {
	line := entry{}
	for k, v := range t.state.log(values) {
		line[k] = v
	}
	for k, v := range times {
		line[k] = number(v)
		values[k] = v
	}
	if err := t.journal.Append(line); err != nil {
		return err
	}
	return t.events.add(t.state.GlobalStep, values)
}

// status is what progress shows.
func (t *trainer) status(out outcome, rate float64, left time.Duration) Status {
	s := Status{Step: t.state.GlobalStep, Steps: t.plan.steps, Epoch: out.epoch, Loss: out.loss, GradNorm: out.gradNorm,
		LearningRate: out.rate, Metrics: map[string]float64{}, TokensPerSecond: rate, Left: left}
	for _, m := range out.micros {
		for k, v := range m {
			s.Metrics[k] += v / float64(len(out.micros))
		}
	}
	return s
}

// describe completes the summary.
func (t *trainer) describe(s Summary) Summary {
	s.Example, s.Steps, s.Epochs, s.ResumedAt = t.examples[0], t.plan.steps, t.plan.epochs, t.state.GlobalStep
	for _, p := range t.model.Params() {
		s.Trainable += int64(p.Value.Len())
	}
	return s
}

// open clears what a killed process left, and begins the logs.
func (t *trainer) open() (err error) {
	if err := sweep(t.args.OutputDir); err != nil {
		return err
	}
	if t.journal, err = jsonl.Open(filepath.Join(t.args.OutputDir, "logging.jsonl")); err != nil {
		return err
	}
	if t.args.ReportTo == "tensorboard" {
		t.events, err = newEvents(t.args.OutputDir)
	}
	return err
}

func (t *trainer) close() error {
	return errors.Join(t.journal.Close(), t.events.close())
}

// explain adds the last checkpoint to what stopped a run.
func (t *trainer) explain(err error) error {
	if t.lastCheckpoint == "" {
		return err
	}
	return fmt.Errorf("%w (the last checkpoint is %s)", err, t.lastCheckpoint)
}

// finish writes the result into output_dir.
func (t *trainer) finish() (Result, error) {
	r := Result{t.args.OutputDir, t.state.GlobalStep, t.window.TotalLoss / float64(max(1, t.state.GlobalStep))}
	seconds := time.Since(t.began).Seconds()
	steps := float64(r.Steps - t.resumedAt)
	if err := t.record(map[string]float64{"train_loss": r.TrainLoss}, map[string]float64{"train_runtime": seconds,
		"train_steps_per_second":   steps / seconds,
		"train_samples_per_second": steps * float64(t.trained) / float64(t.plan.perEpoch()) / seconds}); err != nil {
		return r, err
	}
	if err := t.saveModel(t.args.OutputDir); err != nil {
		return r, err
	}
	if err := t.saveState(t.args.OutputDir); err != nil {
		return r, err
	}
	return r, forgetInterruptions(t.args.OutputDir)
}
