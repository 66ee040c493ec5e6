package optest

import (
	"fmt"

	"croco/kernels"
)

// everyOp is a tape of two constants a pair that has every operation and stays away from the edges of its logarithms and roots.
// Value 0 is the chosen answer's sum, 1 the rejected one's, 2 and 3 are the weighed ones, 4 and 5 constants.
var everyOp = kernels.Tape{Inputs: 6, Steps: []kernels.Step{
	{Op: kernels.OpSub, A: 2, B: 4}, {Op: kernels.OpSub, A: 3, B: 5}, // 6, 7: a log-ratio for each answer
	{Op: kernels.OpTimes, A: 6, K: 0.3}, {Op: kernels.OpTanh, A: 8}, {Op: kernels.OpSigmoid, A: 7}, // 8, 9, 10
	{Op: kernels.OpMul, A: 9, B: 10}, {Op: kernels.OpAdd, A: 9, B: 11}, {Op: kernels.OpSoftplus, A: 12}, // 11, 12, 13
	{Op: kernels.OpPlus, A: 13, K: 1}, {Op: kernels.OpLog, A: 14}, {Op: kernels.OpSqrt, A: 14}, {Op: kernels.OpDiv, A: 15, B: 16}, // 14 … 17
	{Op: kernels.OpTimes, A: 16, K: -0.25}, {Op: kernels.OpExp, A: 18}, {Op: kernels.OpExpm1, A: 18}, {Op: kernels.OpMul, A: 19, B: 20}, // 18 … 21
	{Op: kernels.OpReLU, A: 0}, {Op: kernels.OpReLU, A: 1}, // 22, 23
	{Op: kernels.OpAdd, A: 21, B: 17}, {Op: kernels.OpAdd, A: 24, B: 22}, {Op: kernels.OpSub, A: 25, B: 23},
}}

// dpo is −log σ(β·((chosen − reference) − (rejected − reference))).
var dpo = kernels.Tape{Inputs: 6, Steps: []kernels.Step{
	{Op: kernels.OpSub, A: 0, B: 4}, {Op: kernels.OpSub, A: 1, B: 5}, {Op: kernels.OpSub, A: 6, B: 7},
	{Op: kernels.OpTimes, A: 8, K: 0.1}, {Op: kernels.OpTimes, A: 9, K: -1}, {Op: kernels.OpSoftplus, A: 10},
}}

// pairLoss is the loss of B pairs whose answers have up to most tokens; their picks are mixed as in a forest.
func pairLoss(name string, tape kernels.Tape, B, most int, tail float64) Case {
	in, p := Arrays{}, kernels.Pairs{Tail: tail}
	lengths := uniform(uint64(B), 2*B, most)
	for t := range most {
		for a, n := range lengths {
			if t <= int(n) {
				p.Owner = append(p.Owner, int32(a))
			}
		}
	}
	for i := range 2 * B {
		p.Constants = append(p.Constants, 2*kernels.Uniform(9, uint64(i))-1)
	}
	P, scale := len(p.Owner), 0.7
	in.normal("logp", 0.3, P)
	dloss := Array{Shape: []int{B}, Data: make([]float32, B)}
	for i := range dloss.Data {
		dloss.Data[i] = float32(scale / float64(B))
	}
	in["dloss"] = dloss
	return Case{
		Op: "pairloss", Size: fmt.Sprintf("%s B=%d picks=%d tail=%g", name, B, P, tail), Rows: P, In: in,
		Tol: Tolerance{Abs: 1e-12, Rel: 2.5e-7, Why: "float64 rounded to float32 at the end"},
		Bind: func(s *Scope) Bound {
			logp, dlogp, losses := s.upload("logp"), s.blank(P), make([]float64, B)
			return Bound{
				Forward: Step{"pairloss", float64(2 * P), float64(8 * P), func() { s.PairLoss(losses, dlogp, logp, p, tape, scale) }},
				Out: Outputs{"loss": func() []float32 {
					out := nans(B)
					if s.Sync() == nil {
						for i, l := range losses {
							out[i] = float32(l)
						}
					}
					return out
				}},
				Grad: Outputs{"dlogp": s.device(dlogp)},
			}
		},
	}
}

func pairCases() []Case {
	return []Case{
		pairLoss("DPO", dpo, 1, 1, 1), pairLoss("DPO", dpo, 3, 40, 1), pairLoss("DPO", dpo, 70, 9, 1),
		pairLoss("every operation", everyOp, 5, 70, 1), pairLoss("every operation", everyOp, 4, 33, 0.3),
	}
}
