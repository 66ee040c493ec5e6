package dpo

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// divergences are TRL's values of f_divergence_type, then those without their second word.
var divergences = []string{"reverse_kl", "forward_kl", "js_divergence", "alpha_divergence", "js", "alpha"}

// score is f′(π/π_ref) of a log-ratio x, up to a constant that δ does not see (Wang et al., arXiv:2309.16240, table 1): how
// much a probability that moved away from the reference's counts.
func (v vars) score(x expr) expr {
	switch v.FDivergence {
	case "forward_kl":
		return x.neg().exp().neg()
	case "js_divergence", "js":
		return x.logSigmoid()
	case "alpha_divergence", "alpha":
		if math.Abs(v.FAlpha-1) < 1e-6 {
			return x // the limit α → 1 is the reverse KL
		}
		return x.times(v.FAlpha - 1).atMost(80).exp().times(1 / (v.FAlpha - 1)) // e⁸⁰ fits a float32, as TRL has it
	}
	return x
}

func validateDivergence(o Options, read reads) error {
	switch {
	case !slices.Contains(divergences, o.FDivergence):
		return fmt.Errorf("f_divergence_type: expected one of %s, found %q", strings.Join(divergences[:4], ", "), o.FDivergence)
	case o.FDivergence != divergences[0] && read&divergence == 0:
		return fmt.Errorf("f_divergence_type %s: none of the losses chosen reads δ; those that do are %s", o.FDivergence, strings.Join(reading(divergence), ", "))
	}
	return nil
}

// reading lists the losses that read something.
func reading(what reads) (names []string) {
	for _, name := range Names() {
		if losses[name].reads&what != 0 {
			names = append(names, name)
		}
	}
	return names
}
