package dpo

import (
	"fmt"
	"strings"

	"croco/kernels"
)

// Options are the numbers that the formulas read, with TRL's names and meanings.
type Options struct {
	Beta           float64  // β, the strength of the pull towards the reference
	LabelSmoothing float64  // ε, the share of pairs that are labelled the wrong way round; read by some losses only
	DiscopopTau    float64  // τ of discopop; 0: 0.05
	SimPOGamma     float64  // γ of simpo, the margin that it asks for
	CPOAlpha       float64  // weight of cpo's NLL
	FDivergence    string   // f_divergence_type; "": reverse_kl
	FAlpha         float64  // α of alpha_divergence
	LDAlpha        *float64 // weight of the tokens beyond the shorter answer's length in the log-ratios; nil: 1
	UseWeighting   bool     // weigh pairs by how likely the policy itself is to write their answers (WPO)
	Formula        string   // the loss "formula"
}

// Term is a loss and its weight: TRL's loss_type and loss_weights.
type Term struct {
	Loss   string
	Weight float64
}

// Objective is a weighted sum of losses. It keeps compiled programs, so one goroutine at a time may use it.
type Objective struct {
	Options
	Terms    []Term
	losses   []loss // of the terms
	reads    reads  // of all of them
	programs map[key]*program
	tape     *kernels.Tape // all of it, for a device; nil where that needs more than one pair
}

type key struct{ term, b int }

// New checks the terms and options as TRL does. The loss "formula" is Options.Formula.
func New(terms []Term, o Options) (*Objective, error) {
	if o.DiscopopTau == 0 {
		o.DiscopopTau = 0.05
	}
	if o.FDivergence == "" {
		o.FDivergence = divergences[0]
	}
	objective := &Objective{Options: o, Terms: terms, programs: map[key]*program{}}
	if len(terms) == 0 {
		return nil, fmt.Errorf("loss_type: expected at least one loss, found none")
	}
	for _, t := range terms {
		l, err := find(t.Loss, o)
		if err != nil {
			return nil, err
		}
		objective.losses = append(objective.losses, l)
		objective.reads |= l.reads
	}
	if err := objective.validate(); err != nil {
		return nil, err
	}
	objective.tape = objective.record()
	return objective, nil
}

// find is the loss of a name.
func find(name string, o Options) (loss, error) {
	if name == "formula" {
		f, err := ParseFormula(o.Formula)
		if err == nil {
			err = f.check(o)
		}
		if err != nil {
			return loss{}, err
		}
		return loss{reads: f.reads, formula: f.graph}, nil
	}
	l, ok := losses[name]
	if !ok {
		return l, fmt.Errorf("loss_type: unknown loss %q; known are %s, and formula", name, strings.Join(Names(), ", "))
	}
	return l, nil
}

func (o *Objective) validate() error {
	if o.Beta <= 0 {
		return fmt.Errorf("beta: expected a number above 0, found %g", o.Beta)
	}
	if o.LabelSmoothing < 0 || o.LabelSmoothing >= 0.5 {
		return fmt.Errorf("label_smoothing: expected a share in [0, 0.5), found %g", o.LabelSmoothing)
	}
	if o.LabelSmoothing > 0 && o.reads&smoothing == 0 {
		return fmt.Errorf("label_smoothing %g: none of the losses chosen reads it; sigmoid_smoothed is sigmoid with it", o.LabelSmoothing)
	}
	hasFormula := false
	for i, t := range o.Terms {
		hasFormula = hasFormula || t.Loss == "formula"
		switch {
		case t.Loss == "exo_pair" && o.LabelSmoothing == 0:
			return fmt.Errorf("loss_type exo_pair takes the logarithm of label_smoothing: set it above 0, for example 1e-3")
		case o.losses[i].sort != nil && o.UseWeighting:
			return fmt.Errorf("use_weighting weighs pairs, and loss_type %s compares sorted batches, in which no pair is left: choose one of the two", t.Loss)
		}
	}
	if o.Formula != "" && !hasFormula {
		return fmt.Errorf("loss_formula is given and loss_type does not name it: write formula there")
	}
	if a := o.LDAlpha; a != nil && (*a < 0 || *a > 1) {
		return fmt.Errorf("ld_alpha: expected a share in [0, 1], found %g", *a)
	}
	if o.ld() && !o.NeedsReference() {
		return fmt.Errorf("ld_alpha %g: it weighs tokens in log-ratios to the reference, which none of the losses chosen reads", *o.LDAlpha)
	}
	return validateDivergence(o.Options, o.reads)
}

// NeedsReference tells whether a loss reads log π_ref.
func (o *Objective) NeedsReference() bool { return o.reads&reference != 0 }

// ld tells whether ld_alpha changes anything.
func (o *Options) ld() bool { return o.LDAlpha != nil && *o.LDAlpha != 1 }

// Value is what an objective makes of a micro-batch.
type Value struct {
	Loss                   float64   // mean over pairs
	PerPair                []float64 // (B)
	DChosen, DRejected     []float64 // (B): d Loss / d log π of the two answers
	DLDChosen, DLDRejected []float64 // (B): d Loss / d LDChosen, d LDRejected; zero where these are not given
}

// Value evaluates the objective. The mean is a float64 sum over pairs in their order, divided by B.
func (o *Objective) Value(in *Inputs) (*Value, error) {
	b := len(in.Chosen)
	v := &Value{PerPair: make([]float64, b)}
	grads := [...]*[]float64{&v.DChosen, &v.DRejected, &v.DLDChosen, &v.DLDRejected}
	for _, g := range grads {
		*g = make([]float64, b)
	}
	for n, t := range o.Terms {
		k := key{n, b}
		if o.programs[k] == nil {
			p, err := compile(t.Loss, o.losses[n], b, o.Options)
			if err != nil {
				return nil, err
			}
			o.programs[k] = p
		}
		per, dlogp, err := o.programs[k].run(in)
		if err != nil {
			return nil, err
		}
		for i := range per {
			weight := t.Weight
			if in.Weight != nil && o.losses[n].reads&imitation == 0 {
				weight *= in.Weight[i]
			}
			v.PerPair[i] += weight * per[i]
			for j, d := range dlogp {
				if d != nil {
					(*grads[j])[i] += weight * d[i] / float64(b)
				}
			}
		}
	}
	v.Loss = mean(v.PerPair)
	return v, nil
}
