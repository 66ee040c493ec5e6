// Package cmalign pairs answers by how well they agree with English (CM-Align, arXiv 2509.08541): where the model's
// answers to an English prompt agree among themselves they are taken to be right, and answers in other languages are
// judged by their likeness to that.
//
//	Anchor   embeddings of English answers → the one most like the others
//	Choose   embeddings in one language, and the anchor's → chosen and rejected
//	Pool     hidden states → an embedding
//	Cosine   likeness of two embeddings
//
// Shape letters: N answers, T tokens, C model width. Embeddings are the caller's: the paper's are of a model for
// sentences in many languages; Pool makes one of any language model's hidden states.
package cmalign

import (
	"fmt"
	"math"
)

// Cosine of the angle between a and b (C); 0 where one of them is zero.
func Cosine(a, b []float32) float64 {
	if len(a) != len(b) {
		panic(fmt.Sprintf("cmalign: embeddings of width %d and %d", len(a), len(b)))
	}
	dot, aa, bb := 0.0, 0.0, 0.0
	for i := range a {
		x, y := float64(a[i]), float64(b[i])
		dot += x * y
		aa += x * x
		bb += y * y
	}
	if aa == 0 || bb == 0 {
		return 0
	}
	return dot / (math.Sqrt(aa) * math.Sqrt(bb))
}

// Anchor is the place of the answer with the highest mean cosine to the other ones, the first among equals. answers is
// (N, C), N ≥ 1; of one answer it is that one.
func Anchor(answers [][]float32) int {
	if len(answers) == 0 {
		panic("cmalign: an anchor of no answers")
	}
	means := make([]float64, len(answers)) // up to the factor 1/(N−1)
	for i := range answers {
		for j := range i {
			c := Cosine(answers[i], answers[j])
			means[i] += c
			means[j] += c
		}
	}
	best := 0
	for i, m := range means {
		if m > means[best] {
			best = i
		}
	}
	return best
}

// Choose is the place of the answer most like the anchor and of the one least like it, the first among equals. answers
// is (N, C), anchor (C). It is no pair where all are equally like it. In English the anchor itself is chosen.
func Choose(answers [][]float32, anchor []float32) (chosen, rejected int, ok bool) {
	if len(answers) == 0 {
		return 0, 0, false
	}
	likeness := make([]float64, len(answers))
	for i, a := range answers {
		likeness[i] = Cosine(a, anchor)
		if likeness[i] > likeness[chosen] {
			chosen = i
		}
		if likeness[i] < likeness[rejected] {
			rejected = i
		}
	}
	return chosen, rejected, likeness[chosen] > likeness[rejected]
}

// Pool is the mean over the tokens of an answer: hidden is (T, C) in rows of C, T ≥ 1.
func Pool(hidden []float32, width int) []float32 {
	if width < 1 || len(hidden) < width || len(hidden)%width != 0 {
		panic(fmt.Sprintf("cmalign: %d hidden values in rows of %d", len(hidden), width))
	}
	sums := make([]float64, width)
	for i, h := range hidden {
		sums[i%width] += float64(h)
	}
	mean := make([]float32, width)
	for c, s := range sums {
		mean[c] = float32(s / float64(len(hidden)/width))
	}
	return mean
}
