package trainer

import (
	"fmt"
	"math"

	"croco/kernels"
	"croco/model"
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
	for i, micro := range micros {
		t.model.SetDropoutSeed(kernels.Mix(kernels.Mix(t.args.Seed, uint64(n)), uint64(i)))
		loss, metrics, tokens, err := t.accumulate(micro, weights[i]/total)
		if err != nil {
			return out, fmt.Errorf("step %d: %w", n+1, err)
		}
		out.loss += weights[i] * loss
		out.micros = append(out.micros, metrics)
		out.tokens += tokens
	}
	out.loss /= total

	out.gradNorm = t.optimizer.norm()
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

// accumulate adds scale · d loss / d weights of a micro-batch to the gradients.
func (t *trainer) accumulate(micro []int, scale float64) (loss float64, metrics map[string]float64, tokens int, err error) {
	batch := t.objective.Batch(micro)
	h := t.model.Forward(batch.Forest(), true)
	defer h.Free()
	loss, dout, metrics, err := t.read(h, batch, micro, scale)
	if err != nil {
		return 0, nil, 0, err
	}
	if picks, rows := batch.Reads(); rows != nil {
		t.model.BackwardScores(h, rows, dout)
	} else {
		t.model.BackwardLogProbs(h, picks, dout)
	}
	return loss, metrics, batch.Tokens(), nil
}

// read takes what the objective wants from hidden states, and the loss of it. A value that is not finite is an error
// that names its row of the data.
func (t *trainer) read(h *model.Activations, batch Batch, micro []int, scale float64) (float64, []float32, map[string]float64, error) {
	picks, rows := batch.Reads()
	var out []float32
	var stats *kernels.HeadStats
	what := "the score"
	if rows != nil {
		out = t.model.Scores(h, rows)
	} else {
		what = "the log-probability of a token"
		n := len(picks.Rows)
		stats = &kernels.HeadStats{Entropy: make([]float32, n), MeanLogit: make([]float32, n), Argmax: make([]int32, n)}
		if t.args.UseWeighting {
			stats.Collision = make([]float32, n)
		}
		out = t.model.LogProbs(h, picks, stats)
	}
	if err := t.model.Device().Sync(); err != nil {
		return 0, nil, nil, err
	}
	for i, v := range out {
		if !finite(float64(v)) {
			return 0, nil, nil, fmt.Errorf("%s: %s is %v: %w", t.examples[micro[batch.Owner(i)]].Where(), what, v, ErrNotFinite)
		}
	}
	loss, dout, metrics, err := batch.Loss(out, stats, scale)
	if err == nil && !finite(loss) {
		err = fmt.Errorf("%s: the loss of this row and the %d after it is %v: %w", t.examples[micro[0]].Where(), len(micro)-1, loss, ErrNotFinite)
	}
	return loss, dout, metrics, err
}

// blame finds the row whose gradient is not finite by running the rows of a failed step one by one.
func (t *trainer) blame(micros [][]int) error {
	for _, micro := range micros {
		for _, example := range micro {
			t.model.ZeroGrads()
			if _, _, _, err := t.accumulate([]int{example}, 1); err != nil {
				return err
			}
			if norm := t.optimizer.norm(); !finite(norm) {
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
		l, _, metrics, err := t.read(h, batch, examples, 0)
		h.Free()
		if err != nil {
			return nil, fmt.Errorf("evaluation: %w", err)
		}
		loss += l * float64(len(examples))
		for k, v := range metrics {
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
