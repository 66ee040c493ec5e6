package dpo

import (
	"fmt"
	"strings"
)

// Term is a loss and its weight: TRL's loss_type and loss_weights.
type Term struct {
	Loss   string
	Weight float64
}

// Objective is a weighted sum of losses. It keeps compiled programs, so one goroutine at a time may use it.
type Objective struct {
	Options
	Terms    []Term
	programs map[key]*program
}

type key struct {
	loss string
	b    int
}

// New checks the terms and options as TRL does.
func New(terms []Term, o Options) (*Objective, error) {
	if o.DiscopopTau == 0 {
		o.DiscopopTau = 0.05
	}
	if err := validate(terms, o); err != nil {
		return nil, err
	}
	return &Objective{Options: o, Terms: terms, programs: map[key]*program{}}, nil
}

func validate(terms []Term, o Options) error {
	if len(terms) == 0 {
		return fmt.Errorf("loss_type: expected at least one loss, found none")
	}
	if o.Beta <= 0 {
		return fmt.Errorf("beta: expected a number above 0, found %g", o.Beta)
	}
	if o.LabelSmoothing < 0 || o.LabelSmoothing >= 0.5 {
		return fmt.Errorf("label_smoothing: expected a share in [0, 0.5), found %g", o.LabelSmoothing)
	}
	reads := false
	for _, t := range terms {
		l, ok := losses[t.Loss]
		switch {
		case !ok:
			return fmt.Errorf("loss_type: unknown loss %q; known are %s", t.Loss, strings.Join(Names(), ", "))
		case t.Loss == "exo_pair" && o.LabelSmoothing == 0:
			return fmt.Errorf("loss_type exo_pair takes the logarithm of label_smoothing: set it above 0, for example 1e-3")
		}
		reads = reads || l.smoothing
	}
	if o.LabelSmoothing > 0 && !reads {
		return fmt.Errorf("label_smoothing %g: none of the losses chosen reads it; sigmoid_smoothed is sigmoid with it", o.LabelSmoothing)
	}
	return nil
}

// Value is what an objective makes of a micro-batch.
type Value struct {
	Loss               float64   // mean over pairs
	PerPair            []float64 // (B)
	DChosen, DRejected []float64 // (B): d Loss / d log π of the two answers
}

// Value evaluates the objective. The mean is a float64 sum over pairs in their order, divided by B.
func (o *Objective) Value(in *Inputs) (*Value, error) {
	b := len(in.Chosen)
	v := &Value{PerPair: make([]float64, b), DChosen: make([]float64, b), DRejected: make([]float64, b)}
	for _, t := range o.Terms {
		k := key{t.Loss, b}
		if o.programs[k] == nil {
			p, err := compile(t.Loss, b, o.Options)
			if err != nil {
				return nil, err
			}
			o.programs[k] = p
		}
		per, dc, dr, err := o.programs[k].run(in)
		if err != nil {
			return nil, err
		}
		for i := range per {
			v.PerPair[i] += t.Weight * per[i]
			v.DChosen[i] += t.Weight * dc[i] / float64(b)
			v.DRejected[i] += t.Weight * dr[i] / float64(b)
		}
	}
	for _, l := range v.PerPair {
		v.Loss += l
	}
	v.Loss /= float64(b)
	return v, nil
}
