package optest

import (
	"fmt"
	"math"

	"croco/kernels"
	"croco/kernels/reference"
)

// sample chooses a token for each of B rows of V logits. Every row uses the same kind of draw with its own random number.
func sample(name string, B, V int, like kernels.Draw) Case {
	in := Arrays{}
	in.normal("logits", 3, B, V)
	draws := make([]kernels.Draw, B)
	for b := range draws {
		draws[b] = like
		draws[b].Uniform = firm(in["logits"].Data[b*V:(b+1)*V], like, uint64(b))
	}
	return Case{
		Op: "sample", Size: fmt.Sprintf("%s B=%d V=%d", name, B, V), Rows: B, In: in,
		Tol: Tolerance{Abs: 4e-6, Rel: 1e-6, Why: "a float32 log-sum-exp; the tokens are far from every border"},
		Bind: func(s *Scope) Bound {
			logits, tokens, logp, chosen := s.upload("logits"), make([]int32, B), nans(B), nans(B)
			return Bound{
				Forward: Step{"sample", float64(4 * B * V), float64(4 * B * V), func() {
					s.Sample(tokens, logp, logits, draws)
					for b, t := range tokens {
						chosen[b] = float32(t)
					}
				}},
				Out: Outputs{"tokens": s.host(chosen), "logp": s.host(logp)},
			}
		},
	}
}

// firm finds a random number whose token does not hang on a rounding: the reference takes the same token for slightly
// other numbers, limits and logits.
func firm(logits []float32, draw kernels.Draw, seed uint64) float64 {
	ref, V := reference.New(), len(logits)
	choose := func(du, dp, slope float64) int32 {
		d, t := draw, &kernels.Tensor{Shape: []int{1, V}, Host: make([]float32, V)}
		d.Uniform = math.Min(math.Max(0, d.Uniform+du), 1-0x1p-53)
		if d.TopP > 0 && d.TopP < 1 {
			d.TopP += float32(dp)
		}
		d.MinP *= float32(1 + dp)
		for i, v := range logits {
			t.Host[i] = v * float32(1+slope)
		}
		token, logp := make([]int32, 1), make([]float32, 1)
		ref.Sample(token, logp, t, []kernels.Draw{d})
		return token[0]
	}
	for i := uint64(0); ; i++ {
		draw.Uniform = kernels.Uniform(seed, i)
		token, same := choose(0, 0, 0), true
		for _, e := range []float64{-1e-4, 1e-4} {
			same = same && choose(e, 0, 0) == token && choose(0, e, 0) == token && choose(0, 0, e/10) == token
		}
		if same {
			return draw.Uniform
		}
	}
}

func sampleCases() []Case {
	history := []int32{3, 3, 0, 7, 11, 3, 40}
	plain := kernels.Draw{Temperature: 1, Forced: -1}
	with := func(change func(d *kernels.Draw)) kernels.Draw {
		d := plain
		change(&d)
		return d
	}
	cases := []Case{
		sample("one token", 1, 1, plain),
		sample("plain", 33, 49, plain),
		sample("plain", 4, 3001, plain),
		sample("greedy", 7, 49, kernels.Draw{Forced: -1}),
		sample("greedy penalty", 7, 49, kernels.Draw{Forced: -1, RepetitionPenalty: 1.8, History: history}),
		sample("hot", 33, 49, with(func(d *kernels.Draw) { d.Temperature = 2.5 })),
		sample("cold", 33, 49, with(func(d *kernels.Draw) { d.Temperature = 0.05 })),
		sample("top-k", 33, 49, with(func(d *kernels.Draw) { d.TopK = 3 })),
		sample("top-k 1", 7, 49, with(func(d *kernels.Draw) { d.TopK = 1 })),
		sample("top-k all", 7, 49, with(func(d *kernels.Draw) { d.TopK = 100 })),
		sample("top-p", 33, 49, with(func(d *kernels.Draw) { d.TopP = 0.7 })),
		sample("top-p tiny", 7, 49, with(func(d *kernels.Draw) { d.TopP = 1e-6 })),
		sample("min-p", 33, 49, with(func(d *kernels.Draw) { d.MinP = 0.2 })),
		sample("min-p 1", 7, 49, with(func(d *kernels.Draw) { d.MinP = 1 })),
		sample("penalty", 33, 49, with(func(d *kernels.Draw) { d.RepetitionPenalty, d.History = 1.5, history })),
		sample("forbidden", 33, 49, with(func(d *kernels.Draw) { d.Forbidden = []int32{1, 2, 3, 5, 8, 13, 21, 34} })),
		sample("forced", 3, 49, with(func(d *kernels.Draw) { d.Forced, d.Forbidden = 5, []int32{5} })),
		sample("everything", 33, 300, kernels.Draw{Temperature: 1.7, TopK: 40, TopP: 0.9, MinP: 0.02, RepetitionPenalty: 1.2,
			History: history, Forbidden: []int32{9, 4}, Forced: -1}),
	}
	return append(cases, tied())
}

// tied has equal logits: the lowest ids come first, whether one or three may stay.
func tied() Case {
	c := sample("ties", 4, 20, kernels.Draw{Forced: -1})
	for i := range c.In["logits"].Data {
		c.In["logits"].Data[i] = [...]float32{0.5, 2, 1, 2}[i%4]
	}
	draws := []kernels.Draw{
		{Forced: -1},
		{Forced: -1, Temperature: 1, TopK: 3, Uniform: 0.9},
		{Forced: -1, Temperature: 1, TopP: 0.2, Uniform: 0.99},
		{Forced: -1, Temperature: 0.7, MinP: 1, Uniform: 0.55},
	}
	c.Bind = func(s *Scope) Bound {
		logits, tokens, logp, chosen := s.upload("logits"), make([]int32, 4), nans(4), nans(4)
		return Bound{
			Forward: Step{Name: "sample", Run: func() {
				s.Sample(tokens, logp, logits, draws)
				for b, t := range tokens {
					chosen[b] = float32(t)
				}
			}},
			Out: Outputs{"tokens": s.host(chosen), "logp": s.host(logp)},
		}
	}
	return c
}
