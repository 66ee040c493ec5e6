package dpo

import (
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"croco/kernels"
)

// Inputs are the numbers of a micro-batch that a loss depends on, each (B).
type Inputs struct {
	Chosen, Rejected       []float64 // log π of the two answers, nats
	RefChosen, RefRejected []float64 // the same under the reference; with ld_alpha their tails are weighed
	ChosenN, RejectedN     []float64 // tokens of the two answers

	LDChosen, LDRejected []float64 // with ld_alpha: log π with weighed tails, for log-ratios. nil: Chosen and Rejected
	Weight               []float64 // with use_weighting: of each pair. nil: 1
}

// ratioed are the log-probabilities that log-ratios are made of.
func (in *Inputs) ratioed() (chosen, rejected []float64) {
	if in.LDChosen == nil {
		return in.Chosen, in.Rejected
	}
	return in.LDChosen, in.LDRejected
}

// The inputs of a program, in this order, which is that of a kernels.Tape; the first four can be learned.
var inputNames = [...]string{"c", "r", "ldC", "ldR", "refC", "refR", "nc", "nr", "nbar"}

const learned = kernels.Sums

// program is one loss at one batch size, compiled once: the formula, and the derivatives that gorgonia makes of it.
type program struct {
	loss    loss
	in      [len(inputNames)]*G.Node // each (B)
	values  [len(inputNames)]*tensor.Dense
	perPair G.Value           // (B)
	grads   [learned]*G.Value // d Σ perPair / d c …; each (B), nil where the loss does not depend on it
	machine G.VM
}

// compile builds the graph of a loss for batches of size b.
func compile(name string, l loss, b int, o Options) (*program, error) {
	g := G.NewGraph()
	p := &program{loss: l, in: inputs(g, b)}
	for i := range inputNames {
		p.values[i] = tensor.New(tensor.WithShape(b), tensor.Of(tensor.Float64))
	}
	per := write(l.formula, o, p.in).node
	G.Read(per, &p.perPair) // a copy: the machine computes derivatives in the place of values that they do not need

	reached := ancestors(g, per)
	var wanted G.Nodes
	for _, n := range p.in[:learned] {
		if reached[n.ID()] {
			wanted = append(wanted, n)
		}
	}
	grads, err := G.Grad(must(G.Sum(per)), wanted...)
	if err != nil {
		return nil, fmt.Errorf("dpo: loss %q: %w", name, err)
	}
	for i, n := range p.in[:learned] {
		if reached[n.ID()] {
			p.grads[i] = new(G.Value)
			G.Read(grads[0], p.grads[i])
			grads = grads[1:]
		}
	}
	p.machine = G.NewTapeMachine(g)
	return p, nil
}

func inputs(g *G.ExprGraph, b int) (in [len(inputNames)]*G.Node) {
	for i, name := range inputNames {
		in[i] = G.NewVector(g, tensor.Float64, G.WithShape(b), G.WithName(name))
	}
	return in
}

// write writes a formula down over the inputs of a program.
func write(formula func(vars) expr, o Options, in [len(inputNames)]*G.Node) expr {
	tape := &kernels.Tape{Inputs: len(inputNames)}
	at := func(i int) expr { return expr{node: in[i], tape: tape, at: int32(i)} }
	v := vars{Options: o, c: at(0), r: at(1), refC: at(4), refR: at(5), nc: at(6), nr: at(7), nbar: at(8)}
	ratioC, ratioR := v.c, v.r
	if o.ld() {
		ratioC, ratioR = at(2), at(3)
	}
	v.x, v.y = ratioC.sub(v.refC), ratioR.sub(v.refR)
	return formula(v)
}

// ancestors are the nodes that a node is computed from, and itself.
func ancestors(g *G.ExprGraph, of *G.Node) map[int64]bool {
	seen, stack := map[int64]bool{of.ID(): true}, []int64{of.ID()}
	for len(stack) > 0 {
		id := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		for from := g.From(id); from.Next(); {
			if next := from.Node().ID(); !seen[next] {
				seen[next], stack = true, append(stack, next)
			}
		}
	}
	return seen
}

// run evaluates the loss: of every pair (B), and d Σ / d of each input that is learned (B), nil where it is not reached.
func (p *program) run(in *Inputs) (perPair []float64, dlogp [learned][]float64, err error) {
	b := len(in.Chosen)
	var at places
	if p.loss.sort != nil {
		at = p.loss.sort(in)
	}
	nbar, m := make([]float64, b), mean(in.ChosenN)
	for i := range nbar {
		nbar[i] = m
	}
	ldC, ldR := in.ratioed()
	for i, v := range [len(inputNames)][]float64{at.c.pick(in.Chosen), at.r.pick(in.Rejected), at.c.pick(ldC), at.r.pick(ldR),
		at.refC.pick(in.RefChosen), at.refR.pick(in.RefRejected), in.ChosenN, in.RejectedN, nbar} {
		copy(p.values[i].Data().([]float64), v)
		if err := G.Let(p.in[i], p.values[i]); err != nil {
			return nil, dlogp, fmt.Errorf("dpo: %w", err)
		}
	}
	if err := p.machine.RunAll(); err != nil {
		return nil, dlogp, fmt.Errorf("dpo: %w", err)
	}
	defer p.machine.Reset()
	for i, from := range [learned]order{at.c, at.r, at.c, at.r} {
		if p.grads[i] != nil {
			dlogp[i] = from.scatter(numbers(*p.grads[i]))
		}
	}
	return numbers(p.perPair), dlogp, nil
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
