package dpo

import (
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// Inputs are the numbers of a micro-batch that a loss depends on, each (B).
type Inputs struct {
	Chosen, Rejected       []float64 // log π of the two answers, nats
	RefChosen, RefRejected []float64 // the same under the reference
	ChosenN, RejectedN     []float64 // tokens of the two answers
}

// program is one loss at one batch size, compiled once: the formula, and the derivatives that gorgonia makes of it.
type program struct {
	loss    loss
	in      [7]*G.Node // c, r, refC, refR, nc, nr, nbar; each (B)
	values  [7]*tensor.Dense
	perPair *G.Node   // (B)
	grads   []*G.Node // d Σ perPair / d c, and d r unless the loss reads the chosen answer only; each (B)
	machine G.VM
}

// compile builds the graph of a loss for batches of size b.
func compile(name string, b int, o Options) (*program, error) {
	l, ok := losses[name]
	if !ok {
		return nil, fmt.Errorf("dpo: unknown loss %q", name)
	}
	g := G.NewGraph()
	p := &program{loss: l}
	for i, name := range []string{"c", "r", "refC", "refR", "nc", "nr", "nbar"} {
		p.in[i] = G.NewVector(g, tensor.Float64, G.WithShape(b), G.WithName(name))
		p.values[i] = tensor.New(tensor.WithShape(b), tensor.Of(tensor.Float64))
	}
	at := func(i int) expr { return expr{p.in[i]} }
	per := l.formula(vars{Options: o, c: at(0), x: at(0).sub(at(2)), y: at(1).sub(at(3)), nc: at(4), nr: at(5), nbar: at(6)})
	p.perPair = per.node

	wanted := p.in[:2]
	if l.chosenOnly {
		wanted = p.in[:1]
	}
	var err error
	if p.grads, err = G.Grad(must(G.Sum(per.node)).node, wanted...); err != nil {
		return nil, fmt.Errorf("dpo: loss %q: %w", name, err)
	}
	p.machine = G.NewTapeMachine(g)
	return p, nil
}

// run evaluates the loss: of every pair, and d Σ / d log π of the chosen and the rejected answers, each (B).
func (p *program) run(in *Inputs) (perPair, dChosen, dRejected []float64, err error) {
	b := len(in.Chosen)
	var at places
	if p.loss.sort != nil {
		at = p.loss.sort(in)
	}
	nbar, sum := make([]float64, b), 0.0
	for _, n := range in.ChosenN {
		sum += n
	}
	for i := range nbar {
		nbar[i] = sum / float64(b)
	}
	for i, v := range [][]float64{at.c.pick(in.Chosen), at.r.pick(in.Rejected), at.refC.pick(in.RefChosen),
		at.refR.pick(in.RefRejected), in.ChosenN, in.RejectedN, nbar} {
		copy(p.values[i].Data().([]float64), v)
		if err := G.Let(p.in[i], p.values[i]); err != nil {
			return nil, nil, nil, fmt.Errorf("dpo: %w", err)
		}
	}
	if err := p.machine.RunAll(); err != nil {
		return nil, nil, nil, fmt.Errorf("dpo: %w", err)
	}
	defer p.machine.Reset()
	perPair = numbers(p.perPair.Value())
	dChosen, dRejected = at.c.scatter(numbers(p.grads[0].Value())), make([]float64, b)
	if !p.loss.chosenOnly {
		dRejected = at.r.scatter(numbers(p.grads[1].Value()))
	}
	return perPair, dChosen, dRejected, nil
}

// numbers copies a value out of gorgonia, which gives a batch of one pair back as a scalar.
func numbers(v G.Value) []float64 {
	switch d := v.Data().(type) {
	case float64:
		return []float64{d}
	case []float64:
		return append([]float64(nil), d...)
	default:
		panic(fmt.Sprintf("dpo: gorgonia answered a %T", d))
	}
}
