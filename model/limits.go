package model

import (
	"fmt"
	"math"
	"slices"

	"croco/kernels"
)

// limits are how far a device may be from what was computed in float64. What they call a spread is the standard deviation of the
// row that a number stands in: of the logits of a token, of its hidden state.
type limits struct {
	abs, rel, spread float64 // of a number: abs + rel · |expected| + spread · its row's
	rms              float64 // of an array: the root mean square of its errors over that of the spreads; 0: no limit
	sum, mean        float64 // of the log-probability of a sequence, and of a loss; beside them what follows from rms
	norm, floor      float64 // of the norm of a gradient: relative, and relative to the largest norm
	entry, l2        float64 // of a gradient: the largest error over the largest entry of all, or the relative L2 error
}

// limitsOf are the limits of an arithmetic of products.
//
// bfloat16 has 8 significant bits: rounding moves an operand by up to 2⁻⁹ of itself, 2⁻¹⁰ in the root mean square. The
// errors of the terms of a product are independent, so whatever their number, its result is off by some 2⁻¹⁰·√2 of the spread of
// results. Some twenty products stand between a token and its logits in models of three layers, and errors add as squares do: 0.6 % of the
// spread. Attention makes more of it, since a score of 8 is off by 8 · 2⁻⁹, and its exponential by that share: 0.5 % to 2 % are found in
// the fixtures of all families, and 2⁻⁵ is allowed. A single number can be off by much more, where two keys nearly tie: 1/4 of the spread was
// found, and 1/2 is allowed. What is wrong by a formula is off by the whole spread. Gradients pass twice as many
// products, and small ones are differences of large ones: where they are 0 by the formula, a thousandth of the others remains.
func limitsOf(a kernels.DType) limits {
	if a == kernels.BF16 {
		return limits{spread: 0x1p-1, rms: 0x1p-5, norm: 0x1p-4, floor: 0x1p-10, entry: 0x1p-6, l2: 0x1p-3}
	}
	return limits{abs: 1e-4, rel: 1e-5, sum: 2e-4, mean: 1e-5, norm: 1e-4, entry: 1e-5, l2: 1e-4}
}

// words are a limit in words, in float32 and where it is of the spread.
func (l limits) words(float32, ofSpread string) string {
	if l.spread > 0 {
		return ofSpread
	}
	return float32
}

// near is the limit of numbers in words.
func (l limits) near() string {
	return l.words("1e-4 + 1e-5 · |expected|", fmt.Sprintf("%.3g of the row's spread, root mean square %.3g", l.spread, l.rms))
}

// sigmas is how many standard deviations a sum of independent errors may be off.
const sigmas = 4

// sequence is the limit of the log-probability of a sequence, by the spreads of its tokens' logits.
func (l limits) sequence(spreads []float64) float64 { return l.sum + sigmas*l.rms*euclid(spreads) }

// loss is the limit of a mean of log-probabilities.
func (l limits) loss(spreads []float64) float64 {
	return l.mean + sigmas*l.rms*euclid(spreads)/float64(len(spreads))
}

// spreads are those of the logits of rows, where the limits want them.
func (l limits) spreads(m *Model, h *Activations, rows []int32) []float64 {
	if l.spread == 0 {
		return make([]float64, len(rows))
	}
	logits := m.Logits(h, rows)
	defer m.device.Free(logits)
	var all []float64
	for row := range slices.Chunk(m.read(logits), m.Spec.Vocab) {
		all = append(all, spread(row))
	}
	return all
}

// rows compares two arrays of rows of a width.
func (l limits) rows(c *Check, name string, got, want []float32, width int) {
	var spreads []float64
	for row := range slices.Chunk(want, width) {
		spreads = append(spreads, slices.Repeat([]float64{spread(row)}, len(row))...)
	}
	l.tensor(c, name, got, want, spreads)
}

// tensor compares two arrays element by element, given the spread of each element's row.
func (l limits) tensor(c *Check, name string, got, want []float32, spreads []float64) {
	if len(got) != len(want) {
		panic(fmt.Sprintf("model: %s: %d numbers computed, %d expected", name, len(got), len(want)))
	}
	squares := 0.0
	for i, w := range want {
		off := float64(got[i]) - float64(w)
		squares += off * off
		c.add(float64(got[i]), float64(w), l.abs+l.rel*math.Abs(float64(w))+l.spread*spreads[i], func() string {
			return fmt.Sprintf("%s[%d]: %.6g, expected %.6g", name, i, got[i], w)
		})
	}
	if l.rms > 0 && len(want) > 1 {
		rms := math.Sqrt(squares) / euclid(spreads)
		c.share(rms/l.rms, func() string { return fmt.Sprintf("%s: root mean square error %.3g of the spread", name, rms) })
	}
}

// gradient takes in one tensor: it passes by its largest error or by its relative L2 error.
func (l limits) gradient(c *Check, name string, got, want []float32, largest float64) {
	worst, diff, norm := 0.0, 0.0, 0.0
	for i, w := range want {
		e := float64(got[i]) - float64(w)
		worst = max(worst, math.Abs(e)) // NaN stays
		diff += e * e
		norm += float64(w) * float64(w)
	}
	c.Count += len(want)
	c.Worst = max(c.Worst, worst)
	c.share(min(worst/(l.entry*largest), math.Sqrt(diff/norm)/l.l2), func() string { return fmt.Sprintf("%s: largest error %.3g", name, worst) })
}

// spread is the standard deviation of the elements of a row.
func spread(row []float32) float64 {
	mean, squares := sum(row)/float64(len(row)), 0.0
	for _, x := range row {
		squares += (float64(x) - mean) * (float64(x) - mean)
	}
	return math.Sqrt(squares / float64(len(row)))
}

func sum(x []float32) float64 {
	s := 0.0
	for _, v := range x {
		s += float64(v)
	}
	return s
}

func euclid(x []float64) float64 {
	s := 0.0
	for _, v := range x {
		s += v * v
	}
	return math.Sqrt(s)
}
