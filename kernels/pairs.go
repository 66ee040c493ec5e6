package kernels

import (
	"fmt"
	"math"
)

// Pairs says what the picks of a head are: tokens of the answers of B pairs, the chosen answer of pair i being number 2i and
// the rejected one 2i+1.
type Pairs struct {
	Owner     []int32   // (P): the answer that a pick belongs to; an answer's picks stand in the order of its tokens
	Constants []float64 // (B,N): what a tape reads beside log-probabilities
	Tail      float64   // weight in weighed sums of the tokens beyond the length of the pair's shorter answer; 1: all alike
}

// Tape is a loss of one pair as a list of steps, each of which makes one value. Values 0 … Inputs−1 are
//
//	0, 1      Σ log-probabilities of the chosen and of the rejected answer
//	2, 3      the same weighed: tokens beyond the shorter answer's length count Pairs.Tail
//	4 … 3+N   the pair's constants
//
// value Inputs+i is that of step i, and the last one is the loss.
type Tape struct {
	Inputs int
	Steps  []Step
}

// Sums are the inputs of a tape that have a gradient.
const Sums = 4

// Step is one operation. Its layout is that of struct Step of kernels/cuda/source/pairs.cu.
type Step struct {
	Op   Op
	A, B int32 // numbers of earlier values; B where the operation has two
	K    float64
}

// Op is what a step does with a = value A, b = value B, and K.
type Op int32

const (
	OpAdd      Op = iota // a + b
	OpSub                // a − b
	OpMul                // a · b
	OpDiv                // a / b; no operation below reads b
	OpPlus               // a + K
	OpTimes              // a · K
	OpExp                // eᵃ
	OpExpm1              // eᵃ − 1
	OpLog                // ln a
	OpSqrt               // √a
	OpTanh               // tanh a
	OpReLU               // max(0, a)
	OpSigmoid            // 1 / (1 + e⁻ᵃ)
	OpSoftplus           // ln(1 + eᵃ)
)

// Len is the number of values.
func (t Tape) Len() int { return t.Inputs + len(t.Steps) }

// Run computes the values v (Len), of which the inputs are given, and dv (Len), the derivatives of the last one by each.
func (t Tape) Run(v, dv []float64) {
	for i, s := range t.Steps {
		v[t.Inputs+i] = s.value(v[s.A], v[s.B])
	}
	clear(dv)
	dv[len(dv)-1] = 1
	for i := len(t.Steps) - 1; i >= 0; i-- {
		s, at := t.Steps[i], t.Inputs+i
		if dv[at] == 0 { // nothing depends on it, and 0 · ∞ would be no number
			continue
		}
		da, db := s.slopes(v[s.A], v[s.B], v[at])
		dv[s.A] += dv[at] * da
		if s.Op <= OpDiv {
			dv[s.B] += dv[at] * db
		}
	}
}

func (s Step) value(a, b float64) float64 {
	switch s.Op {
	case OpAdd:
		return a + b
	case OpSub:
		return a - b
	case OpMul:
		return a * b
	case OpDiv:
		return a / b
	case OpPlus:
		return a + s.K
	case OpTimes:
		return a * s.K
	case OpExp:
		return math.Exp(a)
	case OpExpm1:
		return math.Expm1(a)
	case OpLog:
		return math.Log(a)
	case OpSqrt:
		return math.Sqrt(a)
	case OpTanh:
		return math.Tanh(a)
	case OpReLU:
		return max(0, a)
	case OpSigmoid:
		return 1 / (1 + math.Exp(-a))
	case OpSoftplus: // neither overflows nor loses the tail
		return max(a, 0) + math.Log1p(math.Exp(-math.Abs(a)))
	}
	panic(fmt.Sprintf("kernels: a tape has no operation %d", s.Op))
}

// slopes: in the forward pass this was y = value(a, b), so now dy/da and dy/db; the latter is 0 where b is not read.
func (s Step) slopes(a, b, y float64) (da, db float64) {
	switch s.Op {
	case OpAdd:
		return 1, 1
	case OpSub:
		return 1, -1
	case OpMul:
		return b, a
	case OpDiv:
		return 1 / b, -y / b
	case OpTimes:
		return s.K, 0
	case OpExp:
		return y, 0
	case OpExpm1:
		return y + 1, 0
	case OpLog:
		return 1 / a, 0
	case OpSqrt:
		return 0.5 / y, 0
	case OpTanh:
		return 1 - y*y, 0
	case OpReLU:
		if a > 0 {
			return 1, 0
		}
		return 0, 0
	case OpSigmoid:
		return y * (1 - y), 0
	case OpSoftplus:
		return 1 / (1 + math.Exp(-a)), 0
	}
	return 1, 0 // OpPlus
}

// Check panics unless there are pairs for so many losses, picks in order, and steps that read earlier values.
func (p Pairs) Check(losses, dlogp, logp int, tape Tape) {
	answers, constants := 2*losses, losses*(tape.Inputs-Sums)
	if len(p.Constants) != constants || dlogp != len(p.Owner) || logp != len(p.Owner) || len(tape.Steps) == 0 {
		panic(fmt.Sprintf("kernels: pair loss: %d losses, %d log-probabilities, %d gradients, %d owners, %d constants, %d steps: expected as many of the three in the middle, %d constants, and a step at least",
			losses, logp, dlogp, len(p.Owner), len(p.Constants), len(tape.Steps), constants))
	}
	for i, a := range p.Owner {
		if a < 0 || int(a) >= answers {
			panic(fmt.Sprintf("kernels: pair loss: pick %d is of answer %d of %d", i, a, answers))
		}
	}
	for i, s := range tape.Steps {
		if last := int32(tape.Inputs + i); s.A < 0 || s.A >= last || s.B < 0 || s.B >= last || s.Op < 0 || s.Op > OpSoftplus {
			panic(fmt.Sprintf("kernels: pair loss: step %d is %+v: expected a known operation on values before %d", i, s, last))
		}
	}
}

// Counts are the numbers of picks of the answers of B pairs (2B).
func (p Pairs) Counts(pairs int) []int32 {
	counts := make([]int32, 2*pairs)
	for _, a := range p.Owner {
		counts[a]++
	}
	return counts
}

// PairLoss is the operation of that name for devices that compute on the host.
func PairLoss(losses []float64, dlogp, logp []float32, p Pairs, tape Tape, scale float64) {
	p.Check(len(losses), len(dlogp), len(logp), tape)
	B, N := len(losses), tape.Inputs-Sums
	counts, seen := p.Counts(B), make([]int32, 2*B)
	weights, sums := make([]float64, len(logp)), make([]float64, Sums*B)
	for i, a := range p.Owner {
		weights[i] = 1
		if seen[a] >= min(counts[a], counts[a^1]) {
			weights[i] = p.Tail
		}
		seen[a]++
		pair, side := a/2, a%2
		sums[Sums*pair+side] += float64(logp[i])
		sums[Sums*pair+2+side] += weights[i] * float64(logp[i])
	}
	// In the forward pass the sums of a pair became its loss, so now the derivative of the mean goes back to them …
	v, dv, dsums := make([]float64, tape.Len()), make([]float64, tape.Len()), make([]float64, Sums*B)
	for i := range B {
		copy(v, sums[Sums*i:Sums*(i+1)])
		copy(v[Sums:], p.Constants[N*i:N*(i+1)])
		tape.Run(v, dv)
		losses[i] = v[len(v)-1]
		for j := range Sums {
			dsums[Sums*i+j] = dv[j] / float64(B)
		}
	}
	// … and from there to the picks.
	for i, a := range p.Owner {
		d := dsums[Sums*(a/2)+a%2:]
		dlogp[i] = float32(scale * (d[0] + weights[i]*d[2]))
	}
}
