package trainer

import (
	"fmt"

	"croco/dpo"
	"croco/kernels"
	"croco/model"
)

// reading is what an objective reads of a micro-batch, and what it makes of it.
type reading struct {
	batch   Batch
	micro   []int
	values  *kernels.Tensor // (n,P) on the device: dlogp, log-probabilities of picks, statistics; nil: scores are read
	out     []float32       // log-probabilities or scores. They and stats are there when the device has been waited for
	stats   *dpo.Stats
	queued  bool // the device has loss and gradient
	loss    float64
	metrics map[string]float64 // nil until it is settled
}

// queuing is a batch whose loss the device computes, so that nobody waits for log-probabilities in the middle of a step.
type queuing interface {
	// Queue has the device write dlogp (P) = scale · d loss / d logp. false: this loss is for the host.
	Queue(d kernels.Device, dlogp, logp *kernels.Tensor, scale float64) bool
	// Settle is Loss of a batch that was queued, without the gradient, when everything has arrived.
	Settle(logp []float32, stats *dpo.Stats) (loss float64, metrics map[string]float64)
}

// read begins to read what the objective wants from hidden states.
func (t *trainer) read(h *model.Activations, batch Batch, micro []int) *reading {
	r := &reading{batch: batch, micro: micro}
	picks, rows := batch.Reads()
	if rows != nil {
		r.out = t.model.Scores(h, rows)
		return r
	}
	n, P := 5, len(picks.Rows)
	if t.args.UseWeighting {
		n = 6
	}
	d := t.model.Device()
	r.values = d.New(n, P)
	stats := &kernels.HeadStats{Entropy: r.row(2), MeanLogit: r.row(3), Argmax: r.row(4)}
	if t.args.UseWeighting {
		stats.Collision = r.row(5)
	}
	t.model.LogProbsOnDevice(r.row(1), stats, h, picks)
	host := make([]float32, (n-1)*P)
	d.ReadLater(host, r.values.Rows(1, n))
	r.out, r.stats = host[:P], &dpo.Stats{Entropy: host[P : 2*P], MeanLogit: host[2*P : 3*P], Argmax: host[3*P : 4*P], Collision: host[4*P:]}
	return r
}

// queue has the device compute loss and gradient, where it can.
func (r *reading) queue(d kernels.Device, scale float64) bool {
	q, ok := r.batch.(queuing)
	r.queued = ok && q.Queue(d, r.row(0), r.row(1), scale)
	return r.queued
}

// row is a row of values, (P).
func (r *reading) row(i int) *kernels.Tensor { return r.values.Rows(i, i+1).Reshape(r.values.Width()) }

// settle completes a reading: loss, metrics, and of one that was not queued the gradient scale · d loss / d out. A value that
// is not finite is an error that names its row of the data.
func (t *trainer) settle(r *reading, scale float64) (dout []float32, err error) {
	if r.metrics != nil {
		return nil, nil
	}
	if err := t.model.Device().Sync(); err != nil {
		return nil, err
	}
	what := "the log-probability of a token"
	if r.values == nil {
		what = "the score"
	}
	for i, v := range r.out {
		if !finite(float64(v)) {
			return nil, fmt.Errorf("%s: %s is %v: %w", t.examples[r.micro[r.batch.Owner(i)]].Where(), what, v, ErrNotFinite)
		}
	}
	if r.queued {
		r.loss, r.metrics = r.batch.(queuing).Settle(r.out, r.stats)
	} else {
		r.loss, dout, r.metrics, err = r.batch.Loss(r.out, r.stats, scale)
	}
	if err == nil && !finite(r.loss) {
		err = fmt.Errorf("%s: the loss of this row and the %d after it is %v: %w", t.examples[r.micro[0]].Where(), len(r.micro)-1, r.loss, ErrNotFinite)
	}
	return dout, err
}
