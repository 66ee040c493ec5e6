package dpo

import (
	"fmt"

	G "gorgonia.org/gorgonia"

	"croco/kernels"
)

// expr is a vector (B): a node of a gorgonia graph, and for devices the same as a value of a tape. Its methods are the
// vocabulary that the formulas are written in.
type expr struct {
	node *G.Node
	tape *kernels.Tape
	at   int32        // the value's number
	made kernels.Step // by which step; none: an input
	of   *expr        // its first operand
}

func (a expr) add(b expr) expr { return a.with(b, kernels.OpAdd, G.Add) }
func (a expr) sub(b expr) expr { return a.with(b, kernels.OpSub, G.Sub) }
func (a expr) mul(b expr) expr { return a.with(b, kernels.OpMul, G.HadamardProd) }
func (a expr) div(b expr) expr { return a.with(b, kernels.OpDiv, G.HadamardDiv) }

// times and plus take a number that is the same for all pairs.
func (a expr) times(k float64) expr {
	return a.step(kernels.Step{Op: kernels.OpTimes, K: k}, must(G.Mul(a.node, G.NewConstant(k))))
}
func (a expr) plus(k float64) expr {
	return a.step(kernels.Step{Op: kernels.OpPlus, K: k}, must(G.Add(a.node, G.NewConstant(k))))
}

func (a expr) neg() expr {
	return a.step(kernels.Step{Op: kernels.OpTimes, K: -1}, must(G.Neg(a.node)))
}
func (a expr) square() expr {
	return a.step(kernels.Step{Op: kernels.OpMul, B: a.at}, must(G.Square(a.node)))
}
func (a expr) exp() expr     { return a.by(kernels.OpExp, G.Exp) }
func (a expr) expm1() expr   { return a.by(kernels.OpExpm1, G.Expm1) }
func (a expr) sqrt() expr    { return a.by(kernels.OpSqrt, G.Sqrt) }
func (a expr) tanh() expr    { return a.by(kernels.OpTanh, G.Tanh) }
func (a expr) relu() expr    { return a.by(kernels.OpReLU, G.Rectify) }
func (a expr) sigmoid() expr { return a.by(kernels.OpSigmoid, G.Sigmoid) }

// log sees where a loss that is written with a logarithm would overflow: ln σ(x), ln(1 − σ(x)), ln(1 + eˣ).
func (a expr) log() expr {
	switch {
	case a.made.Op == kernels.OpSigmoid:
		return a.of.logSigmoid()
	case a.isPlusOne() && a.of.isMinus() && a.of.of.made.Op == kernels.OpSigmoid:
		return a.of.of.of.neg().logSigmoid()
	case a.isPlusOne() && a.of.made.Op == kernels.OpExp:
		return a.of.of.softplus()
	}
	return a.by(kernels.OpLog, G.Log)
}

func (a expr) isPlusOne() bool { return a.made.Op == kernels.OpPlus && a.made.K == 1 }
func (a expr) isMinus() bool   { return a.made.Op == kernels.OpTimes && a.made.K == -1 }

// softplus is log(1 + eᵃ), which neither overflows nor loses the tail.
func (a expr) softplus() expr { return a.by(kernels.OpSoftplus, G.Softplus) }

// nll is −log σ(a) = softplus(−a).
func (a expr) nll() expr { return a.neg().softplus() }

// logSigmoid is log σ(a).
func (a expr) logSigmoid() expr { return a.nll().neg() }

// atMost is min(a, k).
func (a expr) atMost(k float64) expr { return a.neg().plus(k).relu().neg().plus(k) }

// log1mExp is log(1 − eᵃ) for a < 0.
func (a expr) log1mExp() expr { return a.expm1().neg().log() }

// by and with are operations on one and on two vectors.
func (a expr) by(op kernels.Op, f func(*G.Node) (*G.Node, error)) expr {
	return a.step(kernels.Step{Op: op}, must(f(a.node)))
}

func (a expr) with(b expr, op kernels.Op, f func(a, b *G.Node) (*G.Node, error)) expr {
	return a.step(kernels.Step{Op: op, B: b.at}, must(f(a.node, b.node)))
}

// step adds a step to the tape that begins with a, and gives it its node.
func (a expr) step(s kernels.Step, node *G.Node) expr {
	s.A = a.at
	a.tape.Steps = append(a.tape.Steps, s)
	return expr{node, a.tape, int32(a.tape.Len() - 1), s, &a}
}

// must unwraps what only a malformed formula, a programmer's error, makes fail.
func must(n *G.Node, err error) *G.Node {
	if err != nil {
		panic(fmt.Sprintf("dpo: formula: %v", err))
	}
	return n
}
