package dpo

import (
	"slices"

	G "gorgonia.org/gorgonia"

	"croco/kernels"
)

// record writes the weighted sum of the losses down as a tape. Sorted batches and WPO's weights, which are constants made of
// log-probabilities, are for the host.
func (o *Objective) record() *kernels.Tape {
	if o.UseWeighting || slices.ContainsFunc(o.losses, func(l loss) bool { return l.sort != nil }) {
		return nil
	}
	return write(func(v vars) expr {
		sum := o.losses[0].formula(v).times(o.Terms[0].Weight)
		for i, l := range o.losses[1:] {
			sum = sum.add(l.formula(v).times(o.Terms[1+i].Weight))
		}
		return sum
	}, o.Options, inputs(G.NewGraph(), 1)).tape
}

// Queue has a device compute the loss and dlogp (P) = scale · d loss / d logp, so that nobody waits for logp (P). false: this
// objective is for the host.
func (b *Batch) Queue(d kernels.Device, dlogp, logp *kernels.Tensor, scale float64) bool {
	o := b.objective
	if o.tape == nil {
		return false
	}
	in := b.inputs(make([]float32, len(b.Owner)))
	p, nbar := kernels.Pairs{Owner: b.Owner, Tail: 1}, mean(in.ChosenN)
	if o.ld() {
		p.Tail = *o.LDAlpha
	}
	for i := range b.pairs {
		p.Constants = append(p.Constants, in.RefChosen[i], in.RefRejected[i], in.ChosenN[i], in.RejectedN[i], nbar)
	}
	b.losses = make([]float64, len(b.pairs))
	d.PairLoss(b.losses, dlogp, logp, p, *o.tape, scale)
	return true
}

// Settle is the loss of a batch that was queued, and TRL's metrics, when the device has been waited for; logp and stats are what
// it read.
func (b *Batch) Settle(logp []float32, stats *Stats) (float64, map[string]float64) {
	return mean(b.losses), b.metrics(b.inputs(logp), stats)
}
