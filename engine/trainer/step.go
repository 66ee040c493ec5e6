package trainer

import (
	"fmt"
	"math"

	"croco/kernels"
)

// outcome is what one optimizer step leaves to be logged.
type outcome struct {
	epoch    float64 // reached after the step
	loss     float64
	gradNorm float64 // before clipping
	rate     float64 // the learning rate that the step used
	micros   []map[string]float64
	tokens   int
}

// step runs optimizer step n = 0, 1, …
func (t *trainer) step(n int) (outcome, error) {
	micros, epoch := t.plan.step(n)
	weights, total := t.objective.Shares(micros)
	out := outcome{epoch: epoch, rate: t.schedule.rate(n)}

	t.model.ZeroGrads()
	readings := make([]*reading, len(micros))
	for i, micro := range micros {
		t.model.SetDropoutSeed(kernels.Mix(kernels.Mix(t.args.Seed, uint64(n)), uint64(i)))
		var err error
		if readings[i], err = t.accumulate(micro, weights[i]/total); err != nil {
			return out, fmt.Errorf("step %d: %w", n+1, err)
		}
	}
	out.gradNorm = t.optimizer.norm() // the first that the host waits for
	if err := t.model.Device().Sync(); err != nil {
		return out, err
	}
	for i, r := range readings {
		if _, err := t.settle(r, 0); err != nil {
			return out, fmt.Errorf("step %d: %w", n+1, err)
		}
		out.loss += weights[i] * r.loss
		out.micros = append(out.micros, r.metrics)
		out.tokens += r.batch.Tokens()
	}
	out.loss /= total
	if !finite(out.gradNorm) {
		return out, fmt.Errorf("step %d: %w", n+1, t.blame(micros))
	}
	clip := 1.0
	if t.args.MaxGradNorm > 0 {
		clip = min(1, t.args.MaxGradNorm/(out.gradNorm+1e-6))
	}
	t.optimizer.update(n+1, out.rate, clip)
	t.follower.follow(t.model, n+1)
	return out, t.model.Device().Sync()
}

// accumulate adds scale · d loss / d weights of a micro-batch to the gradients. It waits for the device only where the loss
// is computed on the host.
func (t *trainer) accumulate(micro []int, scale float64) (*reading, error) {
	batch := t.objective.Batch(micro)
	h := t.model.Forward(batch.Forest(), true)
	defer h.Free()
	r := t.read(h, batch, micro)
	defer t.model.Device().Free(r.values)
	picks, rows := batch.Reads()
	if r.queue(t.model.Device(), scale) {
		t.model.BackwardLogProbsOnDevice(h, picks, r.row(0))
		return r, nil
	}
	dout, err := t.settle(r, scale)
	if err != nil {
		return nil, err
	}
	if rows != nil {
		t.model.BackwardScores(h, rows, dout)
	} else {
		t.model.BackwardLogProbs(h, picks, dout)
	}
	return r, nil
}

// blame finds the row whose gradient is not finite by running the rows of a failed step one by one.
func (t *trainer) blame(micros [][]int) error {
	for _, micro := range micros {
		for _, example := range micro {
			t.model.ZeroGrads()
			r, err := t.accumulate([]int{example}, 1)
			if err != nil {
				return err
			}
			norm := t.optimizer.norm()
			if _, err := t.settle(r, 0); err != nil {
				return err
			}
			if !finite(norm) {
				return fmt.Errorf("%s: the gradient's norm is %v: %w", t.examples[example].Where(), norm, ErrNotFinite)
			}
		}
	}
	return fmt.Errorf("%s: the gradient of this step's rows together is not finite, though each alone is: %w", t.examples[micros[0][0]].Where(), ErrNotFinite)
}

// evaluate returns the metrics of the held-out examples, with TRL's prefix. As in transformers, the loss weighs batches
// by their examples; other metrics are means over batches.
func (t *trainer) evaluate() (map[string]float64, error) {
	sums, loss, batches := map[string]float64{}, 0.0, 0
	last := len(t.examples)
	for first := t.trained; first < last; first += t.args.PerDeviceEvalBatchSize {
		var examples []int
		for i := first; i < min(first+t.args.PerDeviceEvalBatchSize, last); i++ {
			examples = append(examples, i)
		}
		batch := t.objective.Batch(examples)
		h := t.model.Forward(batch.Forest(), false)
		r := t.read(h, batch, examples)
		h.Free()
		t.model.Device().Free(r.values)
		if _, err := t.settle(r, 0); err != nil {
			return nil, fmt.Errorf("evaluation: %w", err)
		}
		loss += r.loss * float64(len(examples))
		for k, v := range r.metrics {
			sums[k] += v
		}
		batches++
	}
	out := map[string]float64{"eval_loss": loss / float64(last-t.trained)}
	for k, v := range sums {
		out["eval_"+k] = v / float64(batches)
	}
	return out, nil
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }
