package dpo

import (
	"fmt"

	G "gorgonia.org/gorgonia"
)

// expr is a vector (B) in a gorgonia graph. Its methods are the vocabulary that the formulas are written in.
type expr struct{ node *G.Node }

func (a expr) add(b expr) expr { return must(G.Add(a.node, b.node)) }
func (a expr) sub(b expr) expr { return must(G.Sub(a.node, b.node)) }
func (a expr) mul(b expr) expr { return must(G.HadamardProd(a.node, b.node)) }
func (a expr) div(b expr) expr { return must(G.HadamardDiv(a.node, b.node)) }

// times and plus take a number that is the same for all pairs.
func (a expr) times(k float64) expr { return must(G.Mul(a.node, G.NewConstant(k))) }
func (a expr) plus(k float64) expr  { return must(G.Add(a.node, G.NewConstant(k))) }

func (a expr) neg() expr     { return must(G.Neg(a.node)) }
func (a expr) square() expr  { return must(G.Square(a.node)) }
func (a expr) exp() expr     { return must(G.Exp(a.node)) }
func (a expr) expm1() expr   { return must(G.Expm1(a.node)) }
func (a expr) log() expr     { return must(G.Log(a.node)) }
func (a expr) sqrt() expr    { return must(G.Sqrt(a.node)) }
func (a expr) tanh() expr    { return must(G.Tanh(a.node)) }
func (a expr) relu() expr    { return must(G.Rectify(a.node)) }
func (a expr) sigmoid() expr { return must(G.Sigmoid(a.node)) }

// softplus is log(1 + eᵃ), which neither overflows nor loses the tail.
func (a expr) softplus() expr { return must(G.Softplus(a.node)) }

// nll is −log σ(a) = softplus(−a).
func (a expr) nll() expr { return a.neg().softplus() }

// logSigmoid is log σ(a).
func (a expr) logSigmoid() expr { return a.nll().neg() }

// atMost is min(a, k).
func (a expr) atMost(k float64) expr { return a.neg().plus(k).relu().neg().plus(k) }

// log1mExp is log(1 − eᵃ) for a < 0.
func (a expr) log1mExp() expr { return a.expm1().neg().log() }

// must unwraps what only a malformed formula, a programmer's error, makes fail.
func must(n *G.Node, err error) expr {
	if err != nil {
		panic(fmt.Sprintf("dpo: formula: %v", err))
	}
	return expr{n}
}
