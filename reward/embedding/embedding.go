// Package embedding makes vectors of texts: the hidden states of any model, pooled over the tokens of a text.
//
//	New     an embedder over a model of either kind
//	Embed   texts → one vector for each text and layer, independent of what stands beside it
//
// Shape letters: N texts, T tokens of one, C model width. Layers are those of model.Layers: 0 the embeddings, then what
// each block leaves, the last one normalised. Negative ones count from the end: −1 is the last.
package embedding

import (
	"fmt"

	"croco/kernels"
	"croco/kernels/forest"
	"croco/model"
)

// Pooling says how the states of a text's tokens become one vector.
type Pooling string

const (
	Mean Pooling = "mean" // of all tokens
	Last Pooling = "last" // the state of the last token, which has seen the others
)

// Embedder makes vectors with one model.
type Embedder struct {
	m       *model.Model
	pooling Pooling
	maxRows int
}

// New makes an embedder. maxRows bounds the tokens of one forward pass (0: 4096); it changes no bit.
func New(m *model.Model, pooling Pooling, maxRows int) (*Embedder, error) {
	if pooling != Mean && pooling != Last {
		return nil, fmt.Errorf("pooling: expected mean or last, found %q", pooling)
	}
	if maxRows <= 0 {
		maxRows = 4096
	}
	return &Embedder{m, pooling, maxRows}, nil
}

// Layers is how many there are: the blocks and the embeddings.
func (e *Embedder) Layers() int { return len(e.m.Spec.Layers) + 1 }

// Layer brings a layer's number to 0 … Layers−1.
func (e *Embedder) Layer(n int) (int, error) {
	at := n
	if n < 0 {
		at += e.Layers()
	}
	if at < 0 || at >= e.Layers() {
		return 0, fmt.Errorf("layer %d: %s has the layers 0 (embeddings) to %d, or −1 (the last) to −%d", n, e.m.Name, e.Layers()-1, e.Layers())
	}
	return at, nil
}

// Fits says whether a text fits the model's context.
func (e *Embedder) Fits(ids []int32) bool { return len(ids) > 0 && len(ids) <= e.m.Spec.Positions }

// Embed returns vectors (layers, N, C) of texts that fit, in the order of both arguments.
func (e *Embedder) Embed(texts [][]int32, layers ...int) ([][][]float32, error) {
	out, place := make([][][]float32, len(layers)), map[int][]int{}
	for i, layer := range layers {
		at, err := e.Layer(layer)
		if err != nil {
			return nil, err
		}
		out[i] = make([][]float32, len(texts))
		place[at] = append(place[at], i)
	}
	for first := 0; first < len(texts); {
		n := forest.Fit(texts[first:], e.maxRows)
		f := forest.Build(texts[first : first+n])
		e.m.Layers(f, func(layer int, x *kernels.Tensor) {
			if place[layer] == nil {
				return
			}
			hidden := make([]float32, x.Len())
			e.m.Device().Read(hidden, x)
			for i := range n {
				v := e.pool(hidden, f.Path(i))
				for _, to := range place[layer] {
					out[to][first+i] = v
				}
			}
		})
		first += n
	}
	return out, nil
}

// pool makes one vector (C) of the rows of a text; hidden is (rows of the forest, C). Sums are in float64.
func (e *Embedder) pool(hidden []float32, rows []int32) []float32 {
	C := e.m.Spec.Width
	v := make([]float32, C)
	if e.pooling == Last {
		copy(v, hidden[int(rows[len(rows)-1])*C:])
		return v
	}
	sums := make([]float64, C)
	for _, row := range rows {
		for c, h := range hidden[int(row)*C : int(row+1)*C] {
			sums[c] += float64(h)
		}
	}
	for c, s := range sums {
		v[c] = float32(s / float64(len(rows)))
	}
	return v
}
