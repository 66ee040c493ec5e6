package main

import (
	"bytes"
	"encoding/binary"
	"math"
	"math/rand/v2"

	"croco/reward/language"
)

const classes = 16

// layer is the model in training: logits = bias + Σ weights[bucket] / √n over the n features of a text.
type layer struct {
	weights, squares  [][classes]float32 // (Buckets, classes): values, and sums of squared gradients
	bias, biasSquares [classes]float32
}

const (
	rate  = .5
	decay = 2e-6 // of a touched weight, per touch
)

// fit runs AdaGrad over random snippets, every class as often as any other.
func fit(all []texts, snippets int, r *rand.Rand) *layer {
	m := &layer{weights: make([][classes]float32, language.Buckets), squares: make([][classes]float32, language.Buckets)}
	var buckets []uint32
	for range snippets {
		class := r.IntN(classes)
		buckets = buckets[:0]
		language.Features(snippet(all[class], r), func(b uint32) { buckets = append(buckets, b) })
		if len(buckets) > 0 {
			m.step(buckets, class)
		}
	}
	return m
}

// step descends the cross-entropy of one text: d loss / d logit = p − [class].
func (m *layer) step(buckets []uint32, class int) {
	scale := float32(1 / math.Sqrt(float64(len(buckets))))
	gradient := m.softmax(buckets, scale)
	gradient[class]--
	for c, g := range gradient {
		m.biasSquares[c] += g * g
		m.bias[c] -= rate * g / float32(math.Sqrt(float64(m.biasSquares[c])+1e-6))
		gradient[c] *= scale
	}
	for _, b := range buckets {
		w, s := &m.weights[b], &m.squares[b]
		for c, g := range gradient {
			g += decay * w[c]
			s[c] += g * g
			w[c] -= rate * g / float32(math.Sqrt(float64(s[c])+1e-6))
		}
	}
}

func (m *layer) softmax(buckets []uint32, scale float32) (p [classes]float32) {
	for _, b := range buckets {
		for c, w := range m.weights[b] {
			p[c] += w
		}
	}
	top, total := float32(math.Inf(-1)), float32(0)
	for c := range p {
		p[c] = p[c]*scale + m.bias[c]
		top = max(top, p[c])
	}
	for c := range p {
		p[c] = float32(math.Exp(float64(p[c] - top)))
		total += p[c]
	}
	for c := range p {
		p[c] /= total
	}
	return p
}

// quantise writes the layer as model.bin: weights in steps of a 127th of the largest but the top 1 ‰, which are cut.
func (m *layer) quantise() []byte {
	var magnitudes []float32
	for b := range m.weights {
		for _, w := range m.weights[b] {
			magnitudes = append(magnitudes, float32(math.Abs(float64(w))))
		}
	}
	scale := quantile(magnitudes, .999) / 127
	var out bytes.Buffer
	put := func(v any) { binary.Write(&out, binary.LittleEndian, v) }
	out.WriteString("crocolid")
	put([]uint32{1, language.Buckets, classes})
	for _, s := range sources {
		var code [4]byte
		copy(code[:], s.code)
		out.Write(code[:])
	}
	put(scale)
	put(m.bias)
	for b := range m.weights {
		for _, w := range m.weights[b] {
			put(int8(math.Round(float64(min(max(w/scale, -127), 127)))))
		}
	}
	return out.Bytes()
}
