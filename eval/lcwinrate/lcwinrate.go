// Package lcwinrate is the win rate that CroCo reports: the share of won comparisons, its standard error, and the share
// that would be won if both answers were of one length.
//
//	Of        preferences and lengths → WinRate
//	Control   the length-controlled part alone → Fit
//
// # Length control
//
// A judge that likes long answers rewards a model for talking. With d_i the difference of the two answers' lengths and σ
// its standard deviation over the set (divided by n), a preference y_i of 1, ½ or 0 is modelled as
//
//	p_i = 1 / (1 + exp(−(θ + φ·x_i))),    x_i = tanh(d_i / σ)
//
// θ is quality, φ the pull of length. They minimise −Σ y_i·log p_i + (1−y_i)·log(1−p_i) + φ², and the controlled win
// rate is that at x = 0: 100 / (1 + exp(−θ)). Where all differences are equal there is nothing to control for, and it
// is the win rate.
//
// The authors (jjzha/CroCo, src/eval_marenahard.py) minimise with finite differences; here it is Newton's method on the
// same, strictly convex function. θ is free of penalty, so a set that is won, or lost, throughout has no finite minimum:
// p is held to [1e-10, 1−1e-10], and θ is where it reaches that bound.
package lcwinrate

import (
	"fmt"
	"math"

	"croco/pairing/python"
)

// Fit is a length-controlled win rate, in percent, not rounded. Theta and Phi are 0 where the lengths differ by one and
// the same number.
type Fit struct{ WinRate, Theta, Phi float64 }

// WinRate is what one set of comparisons says. Rates are in percent; nothing is rounded.
type WinRate struct {
	N             int // judged comparisons
	Mean          float64
	StandardError float64 // of Mean; 0 for one comparison
	Controlled    Fit
	ModelLength   float64 // mean, in characters
	OtherLength   float64
}

// Of evaluates n comparisons: preferences[i] is 1 where the model's answer won, 0 where the other's did, ½ for a tie;
// lengths are those of the two answers. No comparisons give zeros.
func Of(preferences []float64, model, other []int) WinRate {
	n := len(preferences)
	if n == 0 {
		return WinRate{}
	}
	fit := Control(preferences, model, other)
	w := WinRate{N: n, Controlled: fit, ModelLength: python.Mean(floats(model)), OtherLength: python.Mean(floats(other))}
	sum, squares := 0.0, 0.0
	for _, y := range preferences {
		sum += y
	}
	w.Mean = sum / float64(n) * 100
	if n == 1 {
		return w
	}
	for _, y := range preferences {
		d := y - w.Mean/100
		squares += d * d
	}
	w.StandardError = math.Sqrt(squares/float64(n-1)) / math.Sqrt(float64(n)) * 100
	return w
}

const (
	flat  = 1e-8  // a standard deviation below this is none
	bound = 1e-10 // p stays so far from 0 and 1
	ridge = 1.0   // the weight of φ²
	steps = 200   // of Newton's method; ten are many
	short = 1e-3  // a step of this length no longer needs the loss's consent
)

// Control is the length-controlled win rate of n ≥ 1 comparisons.
func Control(preferences []float64, model, other []int) Fit {
	n := len(preferences)
	if n == 0 || len(model) != n || len(other) != n {
		panic(fmt.Sprintf("lcwinrate: %d preferences with %d and %d lengths", n, len(model), len(other)))
	}
	x := make([]float64, n) // d, then tanh(d/σ)
	for i := range x {
		x[i] = float64(model[i] - other[i])
	}
	sigma := python.Std(x)
	if sigma < flat {
		return Fit{WinRate: python.Mean(preferences) * 100}
	}
	for i, d := range x {
		x[i] = math.Tanh(d / sigma)
	}
	theta, phi := minimise(preferences, x)
	return Fit{100 / (1 + math.Exp(-theta)), theta, phi}
}

// minimise finds (θ, φ). A long Newton step halves until it lowers the loss, which it does in the end as the loss is
// convex; short ones are taken as they are, as the loss no longer tells their ends apart.
func minimise(y, x []float64) (theta, phi float64) {
	if same, all := unanimous(y); all {
		return math.Copysign(math.Log((1-bound)/bound), same-0.5), 0
	}
	now := loss(y, x, theta, phi)
	for range steps {
		g0, g1, h00, h01, h11 := 0.0, 2*ridge*phi, 0.0, 0.0, 2*ridge
		for i := range y {
			p := 1 / (1 + math.Exp(-(theta + phi*x[i])))
			w := p * (1 - p)
			g0 += p - y[i]
			g1 += (p - y[i]) * x[i]
			h00 += w
			h01 += w * x[i]
			h11 += w * x[i] * x[i]
		}
		det := h00*h11 - h01*h01
		d0, d1 := (h11*g0-h01*g1)/det, (h00*g1-h01*g0)/det
		length := math.Hypot(d0, d1)
		if !(length > 1e-14*(1+math.Hypot(theta, phi))) {
			break
		}
		for length > short && loss(y, x, theta-d0, phi-d1) > now {
			d0, d1, length = d0/2, d1/2, length/2
		}
		theta, phi = theta-d0, phi-d1
		now = loss(y, x, theta, phi)
	}
	return theta, phi
}

// loss is −Σ y·log p + (1−y)·log(1−p) + φ², in the form that does not overflow: Σ log(1+exp(z)) − y·z.
func loss(y, x []float64, theta, phi float64) float64 {
	sum := ridge * phi * phi
	for i := range y {
		z := theta + phi*x[i]
		sum += max(z, 0) + math.Log1p(math.Exp(-math.Abs(z))) - y[i]*z
	}
	return sum
}

// unanimous says whether every comparison was won (1) or every one lost (0).
func unanimous(y []float64) (float64, bool) {
	for _, v := range y {
		if v != y[0] {
			return 0, false
		}
	}
	return y[0], y[0] == 0 || y[0] == 1
}

func floats(n []int) []float64 {
	x := make([]float64, len(n))
	for i, v := range n {
		x[i] = float64(v)
	}
	return x
}
