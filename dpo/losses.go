package dpo

import (
	"maps"
	"math"
	"slices"
)

// vars are what a formula may read: numbers, and vectors (B).
type vars struct {
	Options
	c, r       expr // log π of the two answers
	refC, refR expr // log π_ref, tails weighed by ld_alpha
	x, y       expr // log-ratios to the reference, tails weighed by ld_alpha
	nc, nr     expr // tokens of the two answers
	nbar       expr // mean of nc over the batch, in every element
}

// delta is β·(f(x) − f(y)), where f is the score of the divergence: x itself for reverse KL.
func (v vars) delta() expr { return v.score(v.x).sub(v.score(v.y)).times(v.Beta) }

// reads says what a loss depends on beyond log π, its lengths and β.
type reads uint8

const (
	reference  reads = 1 << iota // log-ratios to the reference
	divergence                   // δ, which f_divergence_type shapes
	smoothing                    // ε
	imitation                    // nothing but the chosen answer: an NLL, which use_weighting leaves as it is
)

// loss is one entry of the table.
type loss struct {
	about   string // its formula in words, for people
	reads   reads
	formula func(v vars) expr       // (B): the loss of each pair
	sort    func(in *Inputs) places // compares sorted batches instead of pairs
}

// losses holds the formulas by TRL's names. Sources: TRL 1.16 for all but sigmoid_smoothed (Mitchell's cDPO note; TRL's
// sigmoid ignores label_smoothing) and sft_per_pair (LLaMA-Factory's pref_ftx; γ·NLL/|y| of the RPO paper,
// arXiv:2404.19733). simpo, orpo and cpo are trainers of their own in TRL.
var losses = map[string]loss{
	// Rafailov et al., arXiv:2305.18290, equation 7.
	"sigmoid": {about: "−log σ(βδ): DPO", reads: reference | divergence,
		formula: func(v vars) expr { return v.delta().nll() }},

	"sigmoid_smoothed": {about: "−(1−ε)·log σ(βδ) − ε·log σ(−βδ): conservative DPO", reads: reference | divergence | smoothing,
		formula: func(v vars) expr { return v.crossEntropy(v.delta()) }},

	// Chowdhury et al., arXiv:2403.00409: unbiased under label noise; may be negative.
	"robust": {about: "[−(1−ε)·log σ(βδ) + ε·log σ(−βδ)] / (1−2ε)", reads: reference | divergence | smoothing,
		formula: func(v vars) expr {
			right, wrong := v.delta().nll(), v.delta().neg().nll()
			return right.times(1 - v.LabelSmoothing).sub(wrong.times(v.LabelSmoothing)).times(1 / (1 - 2*v.LabelSmoothing))
		}},

	// Liu et al., arXiv:2309.06657.
	"hinge": {about: "max(0, 1 − βδ)", reads: reference | divergence,
		formula: func(v vars) expr { return v.delta().neg().plus(1).relu() }},

	// Azar et al., arXiv:2310.12036, equation 17, with log-ratios per token as TRL has them.
	"ipo": {about: "(x/n⁺ − y/n⁻ − 1/(2β))²", reads: reference, formula: func(v vars) expr {
		return v.x.div(v.nc).sub(v.y.div(v.nr)).plus(-1 / (2 * v.Beta)).square()
	}},

	"sigmoid_norm": {about: "−log σ(β(x/n⁺ − y/n⁻))", reads: reference, formula: func(v vars) expr {
		return v.x.div(v.nc).sub(v.y.div(v.nr)).times(v.Beta).nll()
	}},

	// Ji et al., arXiv:2402.00856: the reverse KL to the smoothed preference.
	"exo_pair": {about: "σ(βδ)·[log σ(βδ) − log(1−ε)] + σ(−βδ)·[log σ(−βδ) − log ε]", reads: reference | divergence | smoothing,
		formula: func(v vars) expr {
			z := v.delta()
			right := z.sigmoid().mul(z.logSigmoid().plus(-math.Log1p(-v.LabelSmoothing)))
			wrong := z.neg().sigmoid().mul(z.neg().logSigmoid().plus(-math.Log(v.LabelSmoothing)))
			return right.add(wrong)
		}},

	// Chen et al., arXiv:2402.05369, with the two answers of a pair.
	"nca_pair": {about: "−log σ(βx) − ½·log σ(−βx) − ½·log σ(−βy)", reads: reference, formula: func(v vars) expr {
		bx, by := v.x.times(v.Beta), v.y.times(v.Beta)
		return bx.nll().add(bx.neg().nll().add(by.neg().nll()).times(0.5))
	}},

	// Jung et al., arXiv:2404.04656, without the running baseline.
	"bco_pair": {about: "−log σ(βx) − log σ(−βy)", reads: reference,
		formula: func(v vars) expr { return v.x.times(v.Beta).nll().add(v.y.times(-v.Beta).nll()) }},

	// Wu et al., arXiv:2405.00675, with hard labels.
	"sppo_hard": {about: "(x − 1/(2β))² + (y + 1/(2β))²", reads: reference, formula: func(v vars) expr {
		half := 1 / (2 * v.Beta)
		return v.x.plus(-half).square().add(v.y.plus(half).square())
	}},

	// D'Oosterlinck et al., arXiv:2408.06266: the chosen answer up and the rejected one down; or both down.
	"apo_zero": {about: "1 − σ(βx) + σ(βy)", reads: reference, formula: func(v vars) expr {
		return v.x.times(v.Beta).sigmoid().neg().plus(1).add(v.y.times(v.Beta).sigmoid())
	}},
	"apo_down": {about: "σ(βx) + 1 − σ(βδ)", reads: reference | divergence, formula: func(v vars) expr {
		return v.x.times(v.Beta).sigmoid().add(v.delta().sigmoid().neg().plus(1))
	}},

	// Lu et al., arXiv:2406.08414: logistic and exponential loss, blended by their own argument.
	"discopop": {about: "(1−m)·(−log σ(βδ)) + m·exp(−βδ) with m = σ(βδ/τ)", reads: reference | divergence,
		formula: func(v vars) expr {
			z := v.delta()
			m := z.times(1 / v.DiscopopTau).sigmoid()
			return m.neg().plus(1).mul(z.nll()).add(m.mul(z.neg().exp()))
		}},

	// Melnyk et al., arXiv:2406.05882: quantiles of one distribution against those of the other.
	"aot": {about: "sigmoid_smoothed of sorted log π⁺ − log π⁻ against sorted log π_ref⁺ − log π_ref⁻", reads: reference | smoothing,
		formula: func(v vars) expr { return v.crossEntropy(v.x.sub(v.y).times(v.Beta)) }, sort: sortDifferences},
	"aot_unpaired": {about: "sigmoid_smoothed of sorted x against sorted y", reads: reference | smoothing,
		formula: func(v vars) expr { return v.crossEntropy(v.x.sub(v.y).times(v.Beta)) }, sort: sortRatios},

	// Meng et al., arXiv:2405.14734, equation 6.
	"simpo": {about: "−log σ(β(log π⁺/n⁺ − log π⁻/n⁻) − γ), ε as in sigmoid_smoothed; no reference", reads: smoothing,
		formula: func(v vars) expr {
			return v.crossEntropy(v.c.div(v.nc).sub(v.r.div(v.nr)).times(v.Beta).plus(-v.SimPOGamma))
		}},

	// Hong et al., arXiv:2403.07691, equations 6 and 7: odds of the mean probability of a token.
	"orpo": {about: "−a − β·log σ(log odds(a) − log odds(b)), a = log π⁺/n⁺, b = log π⁻/n⁻; no reference",
		formula: func(v vars) expr {
			a, b := v.c.div(v.nc), v.r.div(v.nr)
			odds := a.sub(b).sub(a.log1mExp().sub(b.log1mExp()))
			return odds.nll().times(v.Beta).sub(a)
		}},

	// Xu et al., arXiv:2401.08417, equation 5; the NLL is a mean over all tokens, as TRL has it.
	"cpo": {about: "−log σ(β(log π⁺ − log π⁻)), ε as in sigmoid_smoothed, + cpo_alpha·sft; no reference", reads: smoothing,
		formula: func(v vars) expr {
			contrast := v.crossEntropy(v.c.sub(v.r).times(v.Beta))
			if v.CPOAlpha == 0 {
				return contrast
			}
			return contrast.sub(v.c.div(v.nbar).times(v.CPOAlpha))
		}},

	// −Σc / Σn = the mean of −c / n̄.
	"sft": {about: "the mean NLL of all chosen tokens of the micro-batch", reads: imitation,
		formula: func(v vars) expr { return v.c.div(v.nbar).neg() }},

	"sft_per_pair": {about: "the mean over pairs of the chosen answer's own mean NLL of a token", reads: imitation,
		formula: func(v vars) expr { return v.c.div(v.nc).neg() }},
}

// crossEntropy is −log σ(z) under labels that are wrong with probability ε.
func (v vars) crossEntropy(z expr) expr {
	if v.LabelSmoothing == 0 {
		return z.nll()
	}
	return z.nll().times(1 - v.LabelSmoothing).add(z.neg().nll().times(v.LabelSmoothing))
}

// Names lists the losses in alphabetical order, without "formula", which stands for the user's own.
func Names() []string { return slices.Sorted(maps.Keys(losses)) }
