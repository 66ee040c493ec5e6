package optest

import (
	"fmt"
	"math"
	"slices"

	"croco/kernels"
)

// picks asks for n tokens of V after rows of T, several per row now and then; the same row and token may come twice.
func picks(T, V, n int) kernels.Picks {
	rows := uniform(uint64(T), n, T)
	slices.Sort(rows)
	return kernels.Picks{Rows: rows, Tokens: uniform(uint64(V), n, V)}
}

// logprobs is log softmax(cap(scale · h (T,C) · w (V,C)ᵀ)) at P picks.
func logprobs(T, C, V, P int, l kernels.Logits, dtype kernels.DType) Case {
	in := Arrays{}
	in.normal("h", 1, T, C)
	in.normal("w", 0.5, V, C)
	in.normal("dlogp", 1, P)
	trainable := dtype == kernels.F32
	if trainable {
		in.normal("dw", 1, V, C)
	}
	p := picks(T, V, P)
	size := fmt.Sprintf("T=%d C=%d V=%d picks=%d", T, C, V, P)
	if l != (kernels.Logits{}) {
		size += fmt.Sprintf(" scale=%g cap=%g", l.Scale, l.Softcap)
	}
	tol := chain(C, 4)
	tol.Abs += 2e-6
	half := Tolerance{Abs: 0.03, Rel: 1e-2, Why: "gradients of logits rounded to 8 bits before their products"}
	tol.Why += ", then a float32 log-sum-exp; gradients sum over V or the picks"
	return Case{
		Op: "logprobs", Size: size, DType: dtype, Rows: T, In: in, Tol: tol, Half: half,
		Bind: func(s *Scope) Bound {
			h, w, dh := s.upload("h"), s.pack("w", dtype, false), s.blank(T, C)
			dlogp, logp := s.upload("dlogp"), s.blank(P)
			stats := &kernels.HeadStats{Entropy: s.blank(P), MeanLogit: s.blank(P), Argmax: s.blank(P), Collision: s.blank(P)}
			flops, bytes := 2*float64(T)*float64(C)*float64(V), float64(4*T*C+dtype.Size()*V*C)
			bound := Bound{
				Forward: Step{"logprobs", flops, bytes, func() { s.LogProbs(logp, stats, h, w, p, l) }},
				Out: Outputs{"logp": s.device(logp), "entropy": s.device(stats.Entropy), "mean": s.device(stats.MeanLogit),
					"argmax": s.device(stats.Argmax), "collision": s.device(stats.Collision)},
				Grad: Outputs{"dh": s.device(dh)},
			}
			var dw *kernels.Tensor
			if trainable {
				dw = s.gradient("dw", V, C)
				bound.Grad["dw"] = s.device(dw)
				flops += flops / 2
			}
			bound.Backward = []Step{{"logprobs backward", 2 * flops, 2 * bytes, func() { s.LogProbsBackward(dh, dw, dlogp, h, w, p, l) }}}
			return bound
		},
	}
}

// nans are n values that must be written.
func nans(n int) []float32 {
	values := make([]float32, n)
	for i := range values {
		values[i] = float32(math.NaN())
	}
	return values
}

func headCases() []Case {
	cases := []Case{
		logprobs(1, 1, 2, 1, kernels.Logits{}, kernels.F32),
		logprobs(7, 12, 49, 5, kernels.Logits{}, kernels.F32),
		logprobs(7, 12, 49, 20, kernels.Logits{Scale: 0.25}, kernels.F32),
		logprobs(33, 16, 100, 33, kernels.Logits{Softcap: 5}, kernels.F32),
		logprobs(65, 24, 333, 90, kernels.Logits{Scale: 0.5, Softcap: 2}, kernels.F32),
		logprobs(3, 8, 48, 0, kernels.Logits{}, kernels.F32),
		logprobs(5, 96, 2000, 6, kernels.Logits{}, kernels.F32),
	}
	for _, dtype := range []kernels.DType{kernels.BF16, kernels.F16} {
		cases = append(cases, logprobs(9, 40, 130, 11, kernels.Logits{Scale: 0.7}, dtype))
	}
	sharp := Tolerance{Abs: 1e-3, Rel: 1e-5, Why: "logits of some hundred"}
	return append(cases, forward("large logits", logprobs(7, 12, 49, 9, kernels.Logits{Scale: 60}, kernels.F32), sharp))
}
