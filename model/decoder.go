package model

import (
	"fmt"

	"croco/kernels"
	"croco/kernels/forest"
)

// Activations are what a forward pass leaves: the hidden states, and what a backward pass needs.
type Activations struct {
	Hidden *kernels.Tensor // (T,C), after the last normalisation
	pass   pass
	ids    []int32
	last   *kernels.Tensor // (T,C), before the last normalisation; nil when not training
	kept   []*kept         // per block, nil when not training
}

// pass is one trip of T token rows through the layers.
type pass struct {
	m         *Model
	d         kernels.Device
	positions []int32 // (T)
	plan      *forest.Plan
	keep      bool                               // whether a backward pass will follow
	adapter   bool                               // whether the adapter takes part
	dropout   uint64                             // seed of its dropout
	cache     *Cache                             // where keys and values go and come from; nil: they are the batch's own
	rows      []int32                            // of the cache, for the keys and values of this pass
	visit     func(layer int, x *kernels.Tensor) // sees every layer's rows; nil: nobody looks
}

// Forward computes the hidden states of all rows of a forest. With train it keeps what BackwardLogProbs and
// BackwardScores need.
func (m *Model) Forward(f *forest.Forest, train bool) *Activations {
	p := pass{m: m, d: m.device, positions: f.Positions, plan: f.Plan(), keep: train, adapter: m.AdapterOn(), dropout: m.dropout}
	h := &Activations{pass: p, ids: f.Tokens}
	h.Hidden, h.last, h.kept = p.decode(f.Tokens)
	return h
}

// Layers computes the hidden states of a forest's rows and shows those of every layer, (T,C), to visit, which may not keep
// them: layer 0 are the embeddings, layer i > 0 what block i leaves, and the last one stands behind the last normalisation,
// as in the hidden_states of transformers.
func (m *Model) Layers(f *forest.Forest, visit func(layer int, x *kernels.Tensor)) {
	p := pass{m: m, d: m.device, positions: f.Positions, plan: f.Plan(), adapter: m.AdapterOn(), visit: visit}
	hidden, _, _ := p.decode(f.Tokens)
	m.device.Free(hidden)
}

// Free gives the activations back to the device.
func (h *Activations) Free() {
	d := h.pass.d
	for i, k := range h.kept {
		if k != nil {
			k.free(d)
			d.Free(k.x)
		}
		h.kept[i] = nil
	}
	d.Free(h.Hidden, h.last)
	h.Hidden, h.last = nil, nil
}

// decode runs ids (T) through the embedding, the blocks and the last normalisation. last and each kept block remain
// where p.keep is set.
func (p *pass) decode(ids []int32) (hidden, last *kernels.Tensor, all []*kept) {
	m, T, C := p.m, len(ids), p.m.Spec.Width
	p.checkRows(ids)
	x := p.d.New(T, C)
	p.d.Embed(x, m.embed.w, ids, m.Spec.EmbedScale)
	for i, b := range m.blocks {
		if p.visit != nil {
			p.visit(i, x)
		}
		k, y := p.block(b, x)
		m.settle(b)
		switch {
		case !p.keep:
			k.free(p.d)
			p.d.Free(x)
		case m.options.Checkpointing:
			k.free(p.d)
			all = append(all, &kept{x: x})
		default:
			all = append(all, k)
		}
		x = y
	}
	hidden = p.norm(m.norm, x)
	if p.visit != nil {
		p.visit(len(m.blocks), hidden)
	}
	if !p.keep {
		p.d.Free(x)
		return hidden, nil, nil
	}
	return hidden, x, all
}

// checkRows panics about ids and positions that the model does not have, and extends the rotary tables.
func (p *pass) checkRows(ids []int32) {
	s, last := p.m.Spec, int32(-1)
	for i, id := range ids {
		if id < 0 || int(id) >= s.Vocab {
			panic(fmt.Sprintf("model: row %d has id %d, the vocabulary has %d", i, id, s.Vocab))
		}
		last = max(last, p.positions[i])
	}
	if int(last) >= s.Positions {
		panic(fmt.Sprintf("model: position %d, the model was made for %d", last, s.Positions))
	}
	for _, r := range p.m.ropes {
		r.reach(p.d, int(last)+1)
	}
}

// BackwardLogProbs runs the backward pass from dlogp, the gradient of the loss by each pick's log-probability, and adds
// to the gradients of Params. It uses h up: a second backward pass needs a new Forward.
func (m *Model) BackwardLogProbs(h *Activations, picks kernels.Picks, dlogp []float32) {
	d := m.device.New(len(dlogp))
	defer m.device.Free(d)
	m.device.Write(d, dlogp)
	m.BackwardLogProbsOnDevice(h, picks, d)
}

// BackwardLogProbsOnDevice is the same from dlogp (P) on the device.
func (m *Model) BackwardLogProbsOnDevice(h *Activations, picks kernels.Picks, dlogp *kernels.Tensor) {
	dh := m.device.New(h.Hidden.Shape...)
	m.device.LogProbsBackward(dh, m.headGrad(), dlogp, h.Hidden, m.headWeight(), picks, m.Spec.Logits)
	m.backward(h, dh)
}

// BackwardScores is the same from dscores (len(rows)·Labels), the gradient by each score.
func (m *Model) BackwardScores(h *Activations, rows []int32, dscores []float32) {
	// In the forward pass this was scores = hidden[rows] · Wᵀ, so now dW += dscoresᵀ · hidden[rows] and
	// dhidden[rows] += dscores · W.
	d, C, labels := m.device, m.Spec.Width, m.Spec.Labels
	at, dy, dat := d.New(len(rows), C), d.New(len(rows), labels), d.New(len(rows), C)
	d.GatherRows(at, h.Hidden, rows)
	d.Write(dy, dscores)
	if dw := m.headGrad(); dw != nil {
		d.LinearBackwardWeight(dw, dy, at)
	}
	d.LinearBackwardInput(dat, dy, m.headWeight(), false)
	dh := d.New(h.Hidden.Shape...)
	d.ScatterRows(dh, dat, rows)
	d.Free(at, dy, dat)
	m.backward(h, dh)
}

// backward takes dh (T,C), the gradient of the hidden states, down to the lowest trained parameter. It frees dh.
func (m *Model) backward(h *Activations, dh *kernels.Tensor) {
	if h.kept == nil || h.last == nil {
		panic("model: backward needs a Forward with train set, and uses its activations up")
	}
	p, d := &h.pass, m.device
	if p.adapter != m.AdapterOn() {
		panic("model: the adapter was switched between forward and backward")
	}
	// In the forward pass this was hidden = norm(last).
	d.NormalizeBackward(dh, m.norm.grad, dh, h.last, m.norm.v, m.norm.Norm)
	lowest := m.lowestTrained()
	for i := len(m.blocks) - 1; i >= max(0, lowest); i-- {
		b, k := m.blocks[i], h.kept[i]
		if m.options.Checkpointing {
			k = p.again(b, k.x)
		}
		p.blockBackward(b, k, dh, i > lowest)
		k.free(d)
		d.Free(k.x)
		h.kept[i] = nil
	}
	if m.embed.grad != nil {
		d.EmbedBackward(m.embed.grad, dh, m.learning(h.ids), m.Spec.EmbedScale)
	}
	d.Free(dh, h.last)
	h.last = nil
}

// lowestTrained is the lowest block that holds a trained parameter: −1 if the embedding is trained, the number of blocks
// if none is. Below it no gradient is needed.
func (m *Model) lowestTrained() int {
	if m.embed.grad != nil {
		return -1
	}
	for i, b := range m.blocks {
		for _, l := range b.present() {
			if lora := m.lora(l); lora != nil && lora.b.grad != nil {
				return i
			}
		}
	}
	return len(m.blocks)
}

// learning are the ids with the padding id masked out: its row of the table learns nothing as input, as
// nn.Embedding(padding_idx) has it.
func (m *Model) learning(ids []int32) []int32 {
	out := make([]int32, len(ids))
	for i, id := range ids {
		out[i] = id
		if id == m.Spec.Pad {
			out[i] = -1
		}
	}
	return out
}
