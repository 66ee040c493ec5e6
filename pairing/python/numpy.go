package python

import (
	"math"
	"slices"
)

// Mean is numpy.mean of float64: a pairwise sum, divided once.
func Mean(x []float64) float64 { return pairwise(x) / float64(len(x)) }

// Std is numpy.std with ddof = 0, the standard deviation of a whole population.
func Std(x []float64) float64 {
	mean := Mean(x)
	squares := make([]float64, len(x))
	for i, v := range x {
		d := v - mean
		squares[i] = d * d
	}
	return math.Sqrt(Mean(squares))
}

// Percentile is numpy.percentile(x, p) with linear interpolation. It reads from the nearer end: from the lower neighbour
// below half way, else back from the upper one. A NaN anywhere makes it NaN.
func Percentile(x []float64, p float64) float64 {
	if slices.ContainsFunc(x, math.IsNaN) {
		return math.NaN()
	}
	sorted := slices.Sorted(slices.Values(x))
	place := p / 100 * float64(len(x)-1)
	low := int(place)
	t := place - float64(low)
	a, b := sorted[low], sorted[min(low+1, len(x)-1)]
	if t < 0.5 {
		return a + float64((b-a)*t)
	}
	return b - float64((b-a)*(1-t))
}

// Min is numpy.min: NaN if any value is.
func Min(x []float64) float64 { return slices.Min(x) }

// pairwise sums up to 8 values from left to right, up to 128 in eight strands, and longer ones by halves.
func pairwise(x []float64) float64 {
	n := len(x)
	if n < 8 {
		sum := math.Copysign(0, -1)
		for _, v := range x {
			sum += v
		}
		return sum
	}
	if n > 128 {
		half := n / 2
		half -= half % 8
		return pairwise(x[:half]) + pairwise(x[half:])
	}
	r := [8]float64(x[:8])
	whole := n - n%8
	for i := 8; i < whole; i++ {
		r[i%8] += x[i]
	}
	sum := ((r[0] + r[1]) + (r[2] + r[3])) + ((r[4] + r[5]) + (r[6] + r[7]))
	for _, v := range x[whole:] {
		sum += v
	}
	return sum
}
