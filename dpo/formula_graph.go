package dpo

import (
	"fmt"
	"maps"
	"math"
	"slices"
)

// quantity is a number that is the same for all pairs, or a vector (B).
type quantity struct {
	k      float64
	vector *expr // nil: the number
}

func number(k float64) quantity { return quantity{k: k} }
func vector(e expr) quantity    { return quantity{vector: &e} }

// formulaName is what a formula may read.
type formulaName struct {
	about  string
	reads  reads
	learns bool // depends on the policy
	value  func(v vars) quantity
}

var formulaNames = map[string]formulaName{
	"c":       {"log-ratio of the chosen answer to the reference", reference, true, func(v vars) quantity { return vector(v.x) }},
	"r":       {"log-ratio of the rejected answer", reference, true, func(v vars) quantity { return vector(v.y) }},
	"logp_c":  {"log π of the chosen answer", 0, true, func(v vars) quantity { return vector(v.c) }},
	"logp_r":  {"log π of the rejected answer", 0, true, func(v vars) quantity { return vector(v.r) }},
	"ref_c":   {"log π_ref of the chosen answer", reference, false, func(v vars) quantity { return vector(v.refC) }},
	"ref_r":   {"log π_ref of the rejected answer", reference, false, func(v vars) quantity { return vector(v.refR) }},
	"n_c":     {"tokens of the chosen answer", 0, false, func(v vars) quantity { return vector(v.nc) }},
	"n_r":     {"tokens of the rejected answer", 0, false, func(v vars) quantity { return vector(v.nr) }},
	"n_mean":  {"mean of n_c over the micro-batch", 0, false, func(v vars) quantity { return vector(v.nbar) }},
	"beta":    {"β", 0, false, func(v vars) quantity { return number(v.Beta) }},
	"epsilon": {"label_smoothing", smoothing, false, func(v vars) quantity { return number(v.LabelSmoothing) }},
}

// formulaFunction works on numbers and on vectors. Of two arguments the first is a vector; the second may be either.
type formulaFunction struct {
	args    int
	numbers func(a, b float64) float64
	vectors func(a expr, b quantity) expr
}

func unary(numbers func(float64) float64, vectors func(expr) expr) formulaFunction {
	return formulaFunction{1, func(a, _ float64) float64 { return numbers(a) }, func(a expr, _ quantity) expr { return vectors(a) }}
}

var formulaFunctions = map[string]formulaFunction{
	"exp":        unary(math.Exp, expr.exp),
	"log":        unary(math.Log, expr.log),
	"sqrt":       unary(math.Sqrt, expr.sqrt),
	"square":     unary(func(a float64) float64 { return a * a }, expr.square),
	"tanh":       unary(math.Tanh, expr.tanh),
	"sigmoid":    unary(func(a float64) float64 { return 1 / (1 + math.Exp(-a)) }, expr.sigmoid),
	"logsigmoid": unary(func(a float64) float64 { return -softplus(-a) }, expr.logSigmoid),
	"softplus":   unary(softplus, expr.softplus),
	"relu":       unary(func(a float64) float64 { return max(0, a) }, expr.relu),
	"abs":        unary(math.Abs, func(a expr) expr { return a.relu().add(a.neg().relu()) }),
	"min":        {2, func(a, b float64) float64 { return min(a, b) }, lower},
	"max":        {2, func(a, b float64) float64 { return max(a, b) }, upper},
}

func softplus(a float64) float64 { return max(a, 0) + math.Log1p(math.Exp(-math.Abs(a))) }

// lower is min(a, b) = b − relu(b − a), upper is max(a, b) = b + relu(a − b).
func lower(a expr, b quantity) expr {
	return *sub(b, vector(sub(b, vector(a)).vector.relu())).vector
}

func upper(a expr, b quantity) expr {
	return *add(b, vector(sub(vector(a), b).vector.relu())).vector
}

// FormulaNames lists what a formula may read, FormulaFunctions what it may call.
func FormulaNames() []string     { return slices.Sorted(maps.Keys(formulaNames)) }
func FormulaFunctions() []string { return slices.Sorted(maps.Keys(formulaFunctions)) }

// check finds faults that need the options: a part without vectors that is not finite.
func (f *Formula) check(o Options) (err error) {
	defer func() { _, err = caught(recover(), f) }()
	f.constant(f.root, o)
	return nil
}

// constant is the value of a part that holds numbers only.
func (f *Formula) constant(t *term, o Options) (k float64, ok bool) {
	if t.op == "name" {
		if q := formulaNames[t.name].value(vars{Options: o}); q.vector == nil {
			return q.k, true
		}
		return 0, false
	}
	args, all, fixedBase := make([]quantity, len(t.args)), true, false
	for i, arg := range t.args {
		k, isNumber := f.constant(arg, o)
		args[i], all = number(k), all && isNumber
		if t.op == "/" && i == 1 && isNumber && k == 0 {
			panic(&FormulaError{f.text, t.at, "division by 0"})
		}
		if t.op == "^" && i == 1 && !isNumber && fixedBase && args[0].k <= 0 {
			panic(&FormulaError{f.text, t.at, fmt.Sprintf("the exponent varies, so the base must be above 0, found %g", args[0].k)})
		}
		fixedBase = isNumber
	}
	if !all {
		return 0, false
	}
	k = t.apply(args).k
	if math.IsNaN(k) || math.IsInf(k, 0) {
		panic(&FormulaError{f.text, t.at, fmt.Sprintf("this part is %g", k)})
	}
	return k, true
}

// graph writes the formula as gorgonia operations: the loss of each pair (B).
func (f *Formula) graph(v vars) expr { return *f.root.graph(v).vector }

func (t *term) graph(v vars) quantity {
	if t.op == "name" {
		return formulaNames[t.name].value(v)
	}
	args := make([]quantity, len(t.args))
	for i, arg := range t.args {
		args[i] = arg.graph(v)
	}
	return t.apply(args)
}

// apply is the operation of a node other than a name.
func (t *term) apply(args []quantity) quantity {
	switch t.op {
	case "number":
		return number(t.k)
	case "neg":
		return sub(number(0), args[0])
	case "+":
		return add(args[0], args[1])
	case "-":
		return sub(args[0], args[1])
	case "*":
		return mul(args[0], args[1])
	case "/":
		return div(args[0], args[1])
	case "^":
		return pow(args[0], args[1])
	}
	f := formulaFunctions[t.op]
	if f.args == 1 {
		args = append(args, number(0))
	}
	a, b := args[0], args[1]
	switch {
	case a.vector == nil && b.vector == nil:
		return number(f.numbers(a.k, b.k))
	case a.vector == nil: // min and max do not mind the order
		a, b = b, a
	}
	return vector(f.vectors(*a.vector, b))
}

func add(a, b quantity) quantity {
	switch {
	case a.vector == nil && b.vector == nil:
		return number(a.k + b.k)
	case a.vector == nil:
		return vector(b.vector.plus(a.k))
	case b.vector == nil:
		return vector(a.vector.plus(b.k))
	}
	return vector(a.vector.add(*b.vector))
}

func sub(a, b quantity) quantity {
	switch {
	case b.vector == nil:
		return add(a, number(-b.k))
	case a.vector == nil && a.k == 0:
		return vector(b.vector.neg())
	case a.vector == nil:
		return vector(b.vector.neg().plus(a.k))
	}
	return vector(a.vector.sub(*b.vector))
}

func mul(a, b quantity) quantity {
	switch {
	case a.vector == nil && b.vector == nil:
		return number(a.k * b.k)
	case a.vector == nil:
		return vector(b.vector.times(a.k))
	case b.vector == nil:
		return vector(a.vector.times(b.k))
	}
	return vector(a.vector.mul(*b.vector))
}

// div by a number multiplies with its reciprocal.
func div(a, b quantity) quantity {
	switch {
	case a.vector == nil && b.vector == nil:
		return number(a.k / b.k)
	case b.vector == nil:
		return vector(a.vector.times(1 / b.k))
	case a.vector == nil: // k/b = k·b/b²
		return vector(b.vector.div(b.vector.square()).times(a.k))
	}
	return vector(a.vector.div(*b.vector))
}

// pow multiplies for whole exponents up to 16; all others need a base above 0.
func pow(a, b quantity) quantity {
	switch {
	case a.vector == nil && b.vector == nil:
		return number(math.Pow(a.k, b.k))
	case a.vector == nil:
		return vector(b.vector.times(math.Log(a.k)).exp())
	case b.vector != nil:
		return vector(a.vector.log().mul(*b.vector).exp())
	case b.k < 0:
		return div(number(1), pow(a, number(-b.k)))
	case b.k == 0:
		return vector(a.vector.times(0).plus(1))
	case b.k == 0.5:
		return vector(a.vector.sqrt())
	case b.k == 2:
		return vector(a.vector.square())
	case b.k != math.Trunc(b.k) || b.k > 16:
		return vector(a.vector.log().times(b.k).exp())
	}
	product := *a.vector
	for range int(b.k) - 1 {
		product = product.mul(*a.vector)
	}
	return vector(product)
}
