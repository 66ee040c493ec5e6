package model

import (
	"math"
	"slices"
)

// RopeScaling changes the frequencies of a rotation, so that a model reads texts longer than those of its training.
//
//	linear     all frequencies divided by Factor (Chen et al. 2023, arXiv 2306.15595)
//	dynamic    a larger theta, for texts longer than Orig (NTK-aware scaling)
//	llama3     low frequencies divided by Factor, high ones kept, a blend between
//	yarn       the same with a ramp over the pairs, and cos and sin times Attention (Peng et al. 2023, arXiv 2309.00071)
//	longrope   each frequency divided by a factor of its own, and cos and sin times Attention (Ding et al. 2024, arXiv 2402.13753)
//
// For dynamic and longrope, transformers chooses frequencies anew at each forward pass, by the longest text in it, so that
// a long neighbour, or a text's own later tokens, change what a token computes. Here they are chosen once, by
// Options.Context when the model is opened, for all tokens of all texts. Without it texts end at Orig: dynamic then scales
// nothing and longrope uses its short factors. With a longer Context, dynamic scales for exactly that length and longrope
// uses its long factors. A text within Orig, or one of exactly Context tokens, gets what transformers gives it alone;
// longrope's every text longer than Orig does.
type RopeScaling struct {
	Kind                          string // "": none
	Factor                        float64
	Orig                          float64   // positions of the original context
	LowFreqFactor, HighFreqFactor float64   // llama3
	BetaFast, BetaSlow            float64   // yarn: turns in the original context where the ramp begins and ends
	Untruncated                   bool      // yarn: the ramp may begin and end between pairs
	Length                        float64   // dynamic: the context in use
	Factors                       []float64 // longrope: those in use, one a pair
	Attention                     float64   // factor of cos and sin; 0: 1
}

// readScaling reads rope_type (older: type) and its numbers, for a rotation of dim dimensions.
func (s *Spec) readScaling(r *reader, dim int) RopeScaling {
	kind := r.str("rope_type", r.str("type", "default"))
	if kind == "su" || kind == "yarn" && r.has("short_factor") {
		kind = "longrope" // as early Phi-3 configs call it
	}
	switch kind {
	case "default":
		return RopeScaling{}
	case "linear":
		return RopeScaling{Kind: kind, Factor: r.positive("factor", 0)}
	case "dynamic":
		c := RopeScaling{Kind: kind, Factor: r.positive("factor", 0), Orig: float64(s.Positions), Length: float64(max(s.Positions, r.context))}
		if dim < 4 {
			r.fail("rope_type", "dynamic scaling needs 4 rotated dimensions, found %d", dim)
		}
		s.Positions, s.LongContext = int(c.Length), math.MaxInt32
		return c
	case "llama3":
		c := RopeScaling{Kind: kind, Factor: r.positive("factor", 0), Orig: s.original(r),
			LowFreqFactor: r.positive("low_freq_factor", 0), HighFreqFactor: r.positive("high_freq_factor", 0)}
		if c.HighFreqFactor <= c.LowFreqFactor {
			r.fail("high_freq_factor", "%v is not above low_freq_factor %v", c.HighFreqFactor, c.LowFreqFactor)
		}
		return c
	case "yarn":
		return s.yarn(r)
	case "longrope":
		return s.longrope(r, dim)
	}
	r.fail("rope_type", "%q is not supported; known: default, linear, dynamic, llama3, yarn, longrope", kind)
	return RopeScaling{}
}

const originalKey = "original_max_position_embeddings"

// original reads the length of the original context: where it is absent, that which stands outside, or the model's own.
func (s *Spec) original(r *reader) float64 {
	if r.original == 0 {
		return r.positive(originalKey, float64(s.Positions))
	}
	if inside := r.positive(originalKey, r.original); inside != r.original {
		r.fail(originalKey, "%v contradicts %v, which stands outside and which transformers takes", inside, r.original)
	}
	return r.original
}

// yarn reads the numbers of yarn. The attention factor is 0.1·ln(Factor) + 1, or a ratio of two such with mscale.
func (s *Spec) yarn(r *reader) RopeScaling {
	c := RopeScaling{Kind: "yarn", Factor: r.positive("factor", 0), Orig: s.original(r),
		BetaFast: r.positive("beta_fast", 32), BetaSlow: r.positive("beta_slow", 1), Untruncated: !r.boolean("truncate", true)}
	scale := func(m float64) float64 {
		if c.Factor <= 1 {
			return 1
		}
		return 0.1*m*math.Log(c.Factor) + 1
	}
	c.Attention = scale(1)
	if m, all := r.real("mscale", 0), r.real("mscale_all_dim", 0); m != 0 && all != 0 {
		c.Attention = scale(m) / scale(all)
	}
	c.Attention = r.positive("attention_factor", c.Attention)
	return c
}

// longrope reads two lists of factors and keeps the one for the context in use.
func (s *Spec) longrope(r *reader, dim int) RopeScaling {
	c := RopeScaling{Kind: "longrope", Orig: s.original(r)}
	c.Factor = r.positive("factor", float64(s.Positions)/c.Orig)
	c.Attention = 1
	if c.Factor > 1 {
		c.Attention = math.Sqrt(1 + math.Log(c.Factor)/math.Log(c.Orig))
	}
	c.Attention = r.positive("attention_factor", c.Attention)
	short, long := s.factors(r, "short_factor", dim), s.factors(r, "long_factor", dim)
	if c.Factors = short; float64(s.Positions) > c.Orig {
		s.LongContext = s.Positions
		if float64(r.context) > c.Orig {
			c.Factors = long
		} else {
			s.Positions = max(1, int(c.Orig))
		}
	}
	return c
}

// factors reads a list of one positive number a pair.
func (s *Spec) factors(r *reader, key string, dim int) []float64 {
	var list []float64
	if !r.decode(key, &list) {
		r.fail(key, "is missing")
	}
	if len(list) != dim/2 {
		r.fail(key, "lists %d numbers, expected one for each of the %d pairs that turn", len(list), dim/2)
	}
	if slices.ContainsFunc(list, func(f float64) bool { return !(f > 0) }) {
		r.fail(key, "expected numbers above 0, found %v", list)
	}
	return list
}

// stretch is the factor of theta: of dynamic scaling, (Factor·Length/Orig − (Factor − 1))^(dim/(dim−2)).
func (c RopeScaling) stretch(dim int) float64 {
	if c.Kind != "dynamic" {
		return 1
	}
	return math.Pow(c.Factor*c.Length/c.Orig-(c.Factor-1), float64(dim)/float64(dim-2))
}

// apply scales the frequency of pair i.
func (c RopeScaling) apply(f float64, i int, p RopeSpec) float64 {
	switch c.Kind {
	case "linear":
		return f / c.Factor
	case "llama3":
		return blend(f, c.Factor, c.keep(f))
	case "yarn":
		return blend(f, c.Factor, 1-c.ramp(i, p))
	case "longrope":
		return f / c.Factors[i]
	}
	return f
}

// blend is the frequency f kept by a share, and divided by the factor for the rest.
func blend(f, factor, keep float64) float64 { return keep*f + (1-keep)*f/factor }

// keep is llama3's share: all of a wavelength that turns more than HighFreqFactor times in the original context, nothing
// of one that turns less than LowFreqFactor times, and linear in the turns between.
func (c RopeScaling) keep(f float64) float64 {
	turns := c.Orig * f / (2 * math.Pi)
	return min(1, max(0, (turns-c.LowFreqFactor)/(c.HighFreqFactor-c.LowFreqFactor)))
}

// ramp rises from 0 at the pair that turns BetaFast times in the original context to 1 at the one that turns BetaSlow
// times, linearly in the number of the pair.
func (c RopeScaling) ramp(i int, p RopeSpec) float64 {
	pair := func(turns float64) float64 {
		return float64(p.Dim) * math.Log(c.Orig/(turns*2*math.Pi)) / (2 * math.Log(p.Theta))
	}
	low, high := pair(c.BetaFast), pair(c.BetaSlow)
	if !c.Untruncated {
		low, high = math.Floor(low), math.Ceil(high)
	}
	low, high = max(low, 0), min(high, float64(p.Dim-1))
	if low == high {
		high += 0.001 // as the paper's code has it
	}
	return min(1, max(0, (float64(i)-low)/(high-low)))
}
