// Package representation asks where a model puts the translations of a text, and what training did to that (Hong et al.,
// Cross-lingual Transfer of Reward Models in Multilingual Alignment, NAACL 2025, arXiv 2410.18027).
//
//	Concentration   vectors of one text in L languages → f_θ
//	Measure         vectors of many texts, layer by layer → a model's Profile
//	Compare         two profiles of the same texts → a Shift
//	Table, NormTable, JSON   a shift for people and for programs
//
// Shape letters: L languages, N texts, C model width. Vectors are (N·L, C), the languages of a text side by side.
package representation

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"

	"croco/eval"
	"croco/pairing/python"
)

// Concentration is f_θ = σ₁ / Σσᵢ of the singular values of H (L, C), whose rows are the vectors of one text in L languages.
// It is 1 where all point one way, so that the model does not tell the languages apart, and 1/L where they are orthogonal
// and equally long. NaN where all are zero.
func Concentration(rows [][]float32) float64 {
	h := mat.NewDense(len(rows), len(rows[0]), nil)
	for i, row := range rows {
		for c, v := range row {
			h.Set(i, c, float64(v))
		}
	}
	var svd mat.SVD
	if !svd.Factorize(h, mat.SVDNone) {
		return math.NaN()
	}
	sum, values := 0.0, svd.Values(nil) // min(L, C) of them, descending
	for _, s := range values {
		sum += s
	}
	return values[0] / sum
}

// Spread is how the lengths (Euclidean norms) of one language's vectors are distributed. SD divides by N.
type Spread struct {
	Language string  `json:"language"`
	Mean     float64 `json:"mean"`
	SD       float64 `json:"sd"`
	Min      float64 `json:"min"`
	Q1       float64 `json:"q1"`
	Median   float64 `json:"median"`
	Q3       float64 `json:"q3"`
	Max      float64 `json:"max"`
}

// Layer is one layer of a profile.
type Layer struct {
	Layer int       `json:"layer"`
	F     []float64 `json:"f"`     // (N): f_θ of each text
	Norms []Spread  `json:"norms"` // (L)
}

// Profile is what one model does with the texts.
type Profile struct {
	Model  string  `json:"model"`
	Layers []Layer `json:"layers"`
}

// Measure makes the profile of a model: vectors is (layers, N·L, C), of the layers that are named.
func Measure(model string, languages []string, layers []int, vectors [][][]float32) Profile {
	L := len(languages)
	p := Profile{Model: model}
	for i, layer := range layers {
		if len(vectors[i])%L != 0 {
			panic(fmt.Sprintf("representation: %d vectors of %d languages", len(vectors[i]), L))
		}
		out := Layer{Layer: layer}
		for text := range slices.Chunk(vectors[i], L) {
			out.F = append(out.F, Concentration(text))
		}
		for l, language := range languages {
			var norms []float64
			for at := l; at < len(vectors[i]); at += L {
				norms = append(norms, norm(vectors[i][at]))
			}
			out.Norms = append(out.Norms, spread(language, norms))
		}
		p.Layers = append(p.Layers, out)
	}
	return p
}

func norm(v []float32) float64 {
	sum := 0.0
	for _, x := range v {
		sum += float64(x) * float64(x)
	}
	return math.Sqrt(sum)
}

func spread(language string, norms []float64) Spread {
	slices.Sort(norms)
	return Spread{Language: language, Mean: python.Mean(norms), SD: python.Std(norms), Min: norms[0], Q1: python.Percentile(norms, 25),
		Median: python.Percentile(norms, 50), Q3: python.Percentile(norms, 75), Max: norms[len(norms)-1]}
}

// Row compares one layer: means over the texts, and the interval of the paired difference.
type Row struct {
	Layer      int      `json:"layer"`
	A          float64  `json:"f_a"`
	B          float64  `json:"f_b"`
	Difference float64  `json:"difference"`
	Low        *float64 `json:"low"` // 95 %; null for fewer than two texts
	High       *float64 `json:"high"`
}

// Shift is what lies between two models.
type Shift struct {
	Languages []string `json:"languages"`
	Texts     int      `json:"texts"`
	Pooling   string   `json:"pooling"`
	Rows      []Row    `json:"rows"`
	A         Profile  `json:"a"`
	B         Profile  `json:"b"`
}

// Compare sets profiles of the same texts and layers side by side.
func Compare(languages []string, pooling string, a, b Profile) (Shift, error) {
	s := Shift{Languages: languages, Pooling: pooling, A: a, B: b}
	if len(a.Layers) != len(b.Layers) {
		return s, fmt.Errorf("%s has %d layers to compare, %s %d: expected models of one depth, such as a model and what was trained from it", a.Model, len(a.Layers), b.Model, len(b.Layers))
	}
	for i, la := range a.Layers {
		lb := b.Layers[i]
		row := Row{Layer: la.Layer, A: eval.Mean(la.F), B: eval.Mean(lb.F)}
		difference, texts := make([]float64, len(la.F)), make([]string, len(la.F))
		for t := range difference {
			difference[t], texts[t] = lb.F[t]-la.F[t], fmt.Sprint(t)
		}
		row.Difference = eval.Mean(difference)
		if in := eval.Clustered(difference, texts, 0.95); !math.IsNaN(in.Low) {
			row.Low, row.High = &in.Low, &in.High
		}
		s.Texts = len(difference)
		s.Rows = append(s.Rows, row)
	}
	return s, nil
}
