package model

import (
	"strings"

	"croco/kernels"
)

// Needs is what a use of a model takes of the device's memory: estimates, in bytes.
type Needs struct {
	Weights     int64 // as they are stored
	Training    int64 // adapter, gradients, AdamW's moments
	Copies      int64 // bfloat16 operands, which a device makes of other weights when it first multiplies in bfloat16
	Activations int64 // of a forward pass, and what a backward pass needs of it
	Logits      int64 // of as many rows as have them at a time
	Cache       int64 // keys and values
}

// Total is everything, ToCome what is not there yet when model and optimizer are.
func (n Needs) Total() int64  { return n.Weights + n.Training + n.ToCome() }
func (n Needs) ToCome() int64 { return n.Copies + n.Activations + n.Logits + n.Cache }

// String lists what there is: weights 1.2 GB, activations 300 MB, …
func (n Needs) String() string {
	var parts []string
	for _, p := range []struct {
		name  string
		bytes int64
	}{{"weights", n.Weights}, {"training", n.Training}, {"copies", n.Copies}, {"activations", n.Activations}, {"logits", n.Logits}, {"cache", n.Cache}} {
		if p.bytes > 0 {
			parts = append(parts, p.name+" "+Bytes(p.bytes))
		}
	}
	return strings.Join(parts, ", ")
}

// Room is what the device has free. ok is false where it has no memory of its own.
func (m *Model) Room() (free, total int64, ok bool) {
	if d, own := m.device.(interface{ Memory() (free, total int64) }); own {
		free, total = d.Memory()
		return free, total, true
	}
	return 0, 0, false
}

// Checkpoint sets Options.Checkpointing, before the first Forward.
func (m *Model) Checkpoint(on bool) { m.options.Checkpointing = on }

// Needs estimates what one forward pass over rows token rows takes, and with train also its backward pass, the gradients and
// AdamW's two moments.
func (m *Model) Needs(rows int, train, checkpointing bool) (n Needs) {
	s, matrices := m.Spec, int64(0)
	for _, info := range s.Tensors() {
		t, _ := m.source.Tensor(info.Name)
		n.Weights += int64(len(t.Data))
		if len(info.Shape) == 2 && (t.DType != "BF16" || m.options.Trainable == All) {
			matrices += int64(elements(info.Shape))
		}
	}
	rank := 0
	if m.adapter != nil {
		rank = m.adapter.config.R
	}
	for _, p := range m.params {
		if m.options.Trainable != All {
			n.Training += int64(4 * elements(p.Shape))
			matrices += int64(elements(p.Shape))
		}
		if train {
			n.Training += int64(12 * elements(p.Shape))
		}
	}
	if m.device.Arithmetic() == kernels.BF16 && !m.settled { // else they are there
		n.Copies = 2 * matrices
	}
	n.Activations, n.Logits = s.activations(rows, rank, train, checkpointing), s.logits(rows, train)
	return n
}

// activations estimates the bytes of a forward pass over rows token rows, and with train of what the backward pass needs: of
// every block what block.go keeps, or with checkpointing its input alone, and of one block everything.
func (s *Spec) activations(rows, rank int, train, checkpointing bool) int64 {
	q, kv := s.Heads*s.Head, s.KVHeads*s.Head
	kept := 2*s.Width + 2*q + 2*kv + s.Heads + 3*s.MLP + len(s.projections())*rank
	for _, norm := range s.norms() {
		if norm != "" {
			kept += s.Width
		}
	}
	if s.QKNorm != NoQKNorm {
		kept += q + kv
	}
	floats := kept + s.Width // a block forward, and its result
	if train {
		// Beside the gradients of a block's MLP, which are more than those of its attention, there are the hidden states, before
		// and after the last normalisation, and their gradient.
		floats = 2*s.MLP + 4*s.Width
		if s.Fused { // their gradients once more, side by side
			floats += 2 * s.MLP
		}
		if checkpointing {
			floats += len(s.Layers)*s.Width + kept
		} else {
			floats += len(s.Layers) * kept
		}
	}
	return int64(rows) * int64(4*floats)
}

// logits estimates the bytes of logits over rows token rows, in pieces as kernels/cuda cuts them.
func (s *Spec) logits(rows int, train bool) int64 {
	if s.Labels > 0 {
		return 0
	}
	n := int64(min(rows, max(128, kernels.MaxLogits/s.Vocab)))
	bytes := n * int64(4*(s.Vocab+s.Width))
	if train {
		bytes += n * int64(2*s.Vocab) // the operand of the product with the head
	}
	return bytes
}
