package cpu

import "croco/kernels"

// PairLoss is computed by one thread: a few thousand additions, and one tape for each pair.
func (d *Device) PairLoss(losses []float64, dlogp, logp *kernels.Tensor, p kernels.Pairs, tape kernels.Tape, scale float64) {
	kernels.PairLoss(losses, dlogp.Host, logp.Host, p, tape, scale)
}
