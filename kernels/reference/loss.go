package reference

import "croco/kernels"

// PairLoss: with s(a) = Σ logp of the picks of answer a, and s'(a) the same with tails weighed,
//
//	loss[i]  = tape(s(2i), s(2i+1), s'(2i), s'(2i+1), constants of i)
//	dlogp[p] = scale / B · (d loss[i] / d s(a) + weight of p · d loss[i] / d s'(a))     for p of answer a of pair i
//
// kernels.Tape.Run holds the formulas.
func (*Device) PairLoss(losses []float64, dlogp, logp *kernels.Tensor, p kernels.Pairs, tape kernels.Tape, scale float64) {
	kernels.PairLoss(losses, dlogp.Host, logp.Host, p, tape, scale)
}
