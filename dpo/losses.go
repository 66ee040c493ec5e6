package dpo

import (
	"maps"
	"math"
	"slices"
)

// Options are the numbers that the formulas read, with TRL's names and meanings.
type Options struct {
	Beta           float64 // β, the strength of the pull towards the reference
	LabelSmoothing float64 // ε, the share of pairs that are labelled the wrong way round; read by some losses only
	DiscopopTau    float64 // τ of discopop
}

// vars are what a formula may read, each a vector (B).
type vars struct {
	Options
	c      expr // log π(chosen)
	x, y   expr // log-ratios to the reference, of the chosen and the rejected answer
	nc, nr expr // tokens of the two answers
	nbar   expr // mean of nc over the batch, in every element
}

// delta is β·Δ.
func (v vars) delta() expr { return v.x.sub(v.y).times(v.Beta) }

// loss is one entry of the table.
type loss struct {
	formula    func(v vars) expr       // (B): the loss of each pair
	chosenOnly bool                    // the rejected answer takes no part
	smoothing  bool                    // reads ε
	sort       func(in *Inputs) places // compares sorted batches instead of pairs
}

// losses holds the formulas by TRL's names. Sources: TRL 1.16 for all but sigmoid_smoothed (Mitchell's cDPO note; TRL's
// sigmoid ignores label_smoothing) and sft_per_pair (LLaMA-Factory's pref_ftx; γ·NLL/|y| of the RPO paper,
// arXiv:2404.19733).
var losses = map[string]loss{
	// Rafailov et al., arXiv:2305.18290, equation 7.
	"sigmoid": {formula: func(v vars) expr { return v.delta().nll() }},

	"sigmoid_smoothed": {smoothing: true, formula: smoothed},

	// Chowdhury et al., arXiv:2403.00409: unbiased under label noise; may be negative.
	"robust": {smoothing: true, formula: func(v vars) expr {
		right, wrong := v.delta().nll(), v.delta().neg().nll()
		return right.times(1 - v.LabelSmoothing).sub(wrong.times(v.LabelSmoothing)).times(1 / (1 - 2*v.LabelSmoothing))
	}},

	// Liu et al., arXiv:2309.06657.
	"hinge": {formula: func(v vars) expr { return v.delta().neg().plus(1).relu() }},

	// Azar et al., arXiv:2310.12036, equation 17, with log-ratios per token as TRL has them.
	"ipo": {formula: func(v vars) expr {
		return v.x.div(v.nc).sub(v.y.div(v.nr)).plus(-1 / (2 * v.Beta)).square()
	}},

	// −log σ of the difference of log-ratios per token.
	"sigmoid_norm": {formula: func(v vars) expr {
		return v.x.div(v.nc).sub(v.y.div(v.nr)).times(v.Beta).nll()
	}},

	// Ji et al., arXiv:2402.00856: the reverse KL to the smoothed preference.
	"exo_pair": {smoothing: true, formula: func(v vars) expr {
		z := v.delta()
		right := z.sigmoid().mul(z.logSigmoid().plus(-math.Log1p(-v.LabelSmoothing)))
		wrong := z.neg().sigmoid().mul(z.neg().logSigmoid().plus(-math.Log(v.LabelSmoothing)))
		return right.add(wrong)
	}},

	// Chen et al., arXiv:2402.05369, with the two answers of a pair.
	"nca_pair": {formula: func(v vars) expr {
		bx, by := v.x.times(v.Beta), v.y.times(v.Beta)
		return bx.nll().add(bx.neg().nll().add(by.neg().nll()).times(0.5))
	}},

	// Jung et al., arXiv:2404.04656, without the running baseline.
	"bco_pair": {formula: func(v vars) expr { return v.x.times(v.Beta).nll().add(v.y.times(-v.Beta).nll()) }},

	// Wu et al., arXiv:2405.00675, with hard labels.
	"sppo_hard": {formula: func(v vars) expr {
		half := 1 / (2 * v.Beta)
		return v.x.plus(-half).square().add(v.y.plus(half).square())
	}},

	// D'Oosterlinck et al., arXiv:2408.06266: the chosen answer up and the rejected one down; or both down.
	"apo_zero": {formula: func(v vars) expr {
		return v.x.times(v.Beta).sigmoid().neg().plus(1).add(v.y.times(v.Beta).sigmoid())
	}},
	"apo_down": {formula: func(v vars) expr {
		return v.x.times(v.Beta).sigmoid().add(v.delta().sigmoid().neg().plus(1))
	}},

	// Lu et al., arXiv:2406.08414: logistic and exponential loss, blended by their own argument.
	"discopop": {formula: func(v vars) expr {
		z := v.delta()
		m := z.times(1 / v.DiscopopTau).sigmoid()
		return m.neg().plus(1).mul(z.nll()).add(m.mul(z.neg().exp()))
	}},

	// Melnyk et al., arXiv:2406.05882: quantiles of one distribution against those of the other.
	"aot":          {smoothing: true, formula: smoothed, sort: sortDifferences},
	"aot_unpaired": {smoothing: true, formula: smoothed, sort: sortRatios},

	// The mean NLL over all chosen tokens of the batch: −Σc / Σn = the mean of −c / n̄.
	"sft": {chosenOnly: true, formula: func(v vars) expr { return v.c.div(v.nbar).neg() }},

	// Each chosen answer's own mean NLL per token.
	"sft_per_pair": {chosenOnly: true, formula: func(v vars) expr { return v.c.div(v.nc).neg() }},
}

// smoothed is conservative DPO: the cross-entropy with labels that are wrong with probability ε.
func smoothed(v vars) expr {
	right, wrong := v.delta().nll(), v.delta().neg().nll()
	if v.LabelSmoothing == 0 {
		return right
	}
	return right.times(1 - v.LabelSmoothing).add(wrong.times(v.LabelSmoothing))
}

// Names lists the losses in alphabetical order.
func Names() []string { return slices.Sorted(maps.Keys(losses)) }
