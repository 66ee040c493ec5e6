// Package optest is the one table of croco's operations. A case is an operation at one size, with its inputs, its
// tolerance and its cost; every device runs every case.
//
//	Cases       the table: odd sizes, forests, caches
//	Workloads   the same operations at the sizes of a real model, for benchmarks
//	Check       a device against package reference, forward and backward
//	Gradient    a backward function against finite differences of its forward function
//	Promises    ways of computing that must agree bit for bit within a device
//	Same        two devices that must agree bit for bit: other threads, other instruction sets
//	Measure     seconds, with floating-point operations and bytes
//	Support     which device has which operation
//	Verify      all of Check and Promises, as a page
//	Run…, Bench all of it as Go tests and benchmarks, without importing package testing
package optest

import (
	"fmt"
	"hash/fnv"
	"maps"
	"math"
	"slices"
	"sync"

	"croco/kernels"
)

// Case is one operation at one size. Names tie its arrays together: the gradient of input "x" is "dx"; an input "dy"
// is the gradient that output "y" receives; an input "dw" is what the gradient of "w" holds before "+=".
type Case struct {
	Op    string        // "linear"
	Size  string        // "T=7 K=1 N=49 bias"
	DType kernels.DType // of the weight, float32 where there is none
	Rows  int           // token rows
	In    Arrays
	Tol   Tolerance
	Half  Tolerance // instead of Tol where a device multiplies bfloat16 and rounds what it computed itself; none: Tol
	// Bind puts the case into a device's memory.
	Bind func(s *Scope) Bound
}

// Name is the operation, its size and its weight's dtype.
func (c Case) Name() string { return c.Op + "/" + c.size() }

func (c Case) size() string {
	if c.DType == kernels.F32 {
		return c.Size
	}
	return c.Size + " " + c.DType.String()
}

// Bound is a case in a device's memory. Backward runs after Forward, and is empty where there is no gradient.
type Bound struct {
	Forward   Step
	Backward  []Step
	Out, Grad Outputs
}

// Step is a device call, with its cost: floating-point operations, and bytes that must pass at least once.
type Step struct {
	Name         string
	FLOPs, Bytes float64
	Run          func()
}

// Outputs read results by name.
type Outputs map[string]func() []float32

func (o Outputs) names() []string { return slices.Sorted(maps.Keys(o)) }

// Tolerance is how far a value may lie from the reference: Abs + Rel · |reference|, and why so far.
type Tolerance struct {
	Abs, Rel float64
	Why      string
}

// chain is the tolerance of a float32 sum of n terms of size scale: each of n additions rounds a partial sum, which
// grows like √n, so the error is about n · scale · 2⁻²⁴ / 3; the worst of many elements is allowed six times that.
func chain(n int, scale float64) Tolerance {
	return Tolerance{Abs: float64(n+16) * scale * 0x1p-23, Rel: 1e-6, Why: fmt.Sprintf("%d float32 additions against a float64 sum", n)}
}

// pointwise is the tolerance of a few float32 operations on values of about 1, exp and tanh among them.
var pointwise = Tolerance{Abs: 2e-6, Rel: 4e-6, Why: "a few float32 roundings and a polynomial exp"}

// exactly is the tolerance of what only moves or is computed alike everywhere.
var exactly = Tolerance{Why: "values are moved, not computed"}

// forward is a case without its gradient and with another tolerance.
func forward(name string, c Case, tol Tolerance) Case {
	bind := c.Bind
	c.Size, c.Tol = name+" "+c.Size, tol
	c.Bind = func(s *Scope) Bound {
		b := bind(s)
		b.Backward, b.Grad = nil, nil
		return b
	}
	return c
}

// Array is a host array with its shape.
type Array struct {
	Shape []int
	Data  []float32
}

// Arrays are the inputs of a case by name.
type Arrays map[string]Array

// normal adds an array of normally distributed numbers that depend on its name and shape alone. After 65536 they
// repeat: larger arrays are for benchmarks.
func (in Arrays) normal(name string, scale float64, shape ...int) {
	hash := fnv.New64a()
	fmt.Fprint(hash, name, shape)
	a := Array{Shape: shape, Data: make([]float32, (&kernels.Tensor{Shape: shape}).Len())}
	for i := range a.Data {
		if i >= 1<<16 {
			a.Data[i] = a.Data[i-1<<16]
			continue
		}
		u, v := kernels.Uniform(hash.Sum64(), uint64(2*i)), kernels.Uniform(hash.Sum64(), uint64(2*i+1))
		a.Data[i] = float32(scale * math.Sqrt(-2*math.Log(1-u)) * math.Cos(2*math.Pi*v))
	}
	in[name] = a
}

// uniform returns n integers below limit that depend on the seed alone.
func uniform(seed uint64, n, limit int) []int32 {
	ids := make([]int32, n)
	for i := range ids {
		ids[i] = int32(kernels.Uniform(seed, uint64(i)) * float64(limit))
	}
	return ids
}

// Cases is the table. Its arrays are shared: who changes one makes a copy first.
func Cases() []Case { return table() }

var table = sync.OnceValue(func() []Case {
	return slices.Concat(linearCases(), embedCases(), normCases(), ropeCases(), gateCases(), elementCases(), rowCases(),
		attentionCases(), headCases(), sampleCases(), pairCases(), optimizerCases())
})
