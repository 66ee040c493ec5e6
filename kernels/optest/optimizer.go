package optest

import (
	"fmt"

	"croco/kernels"
)

// adamw is one update of n parameters.
func adamw(n int, a kernels.AdamW) Case {
	in := Arrays{}
	for _, name := range []string{"p", "g", "m"} {
		in.normal(name, 1, n)
	}
	in.normal("v", 1, n)
	for i, v := range in["v"].Data {
		in["v"].Data[i] = v * v
	}
	if a.Step == 1 {
		clear(in["m"].Data)
		clear(in["v"].Data)
	}
	return Case{
		Op: "adamw", Size: fmt.Sprintf("n=%d step=%d", n, a.Step), In: in, Rows: 1,
		Tol: Tolerance{Abs: 1e-7, Rel: 1e-6, Why: "a few float32 roundings"},
		Bind: func(s *Scope) Bound {
			p, g, m, v := s.upload("p"), s.upload("g"), s.upload("m"), s.upload("v")
			return Bound{
				Forward: Step{"adamw", float64(14 * n), float64(28 * n), func() { s.AdamW(p, g, m, v, a) }},
				Out:     Outputs{"p": s.device(p), "m": s.device(m), "v": s.device(v)},
			}
		},
	}
}

func optimizerCases() []Case {
	torch := kernels.AdamW{LR: 1e-3, Beta1: 0.9, Beta2: 0.999, Eps: 1e-8, Step: 1, GradScale: 1}
	var cases []Case
	for _, n := range []int{1, 15, 49, 1000} {
		late := torch
		late.Step, late.WeightDecay, late.GradScale, late.LR = 1000+n, 0.1, 0.37, 0.05
		cases = append(cases, adamw(n, torch), adamw(n, late))
	}
	return cases
}
