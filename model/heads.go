package model

import (
	"fmt"

	"croco/kernels"
)

// LogProbs are the log-probabilities of picks, (row of the forest, token) pairs: of a token that follows in the text, the
// row is that of the token before it.
func (m *Model) LogProbs(h *Activations, picks kernels.Picks) []float32 {
	logp := m.device.New(len(picks.Rows))
	defer m.device.Free(logp)
	m.LogProbsOnDevice(logp, nil, h, picks)
	return m.read(logp)
}

// LogProbsOnDevice leaves them on the device: logp and the statistics that are wanted are (P). stats may be nil.
func (m *Model) LogProbsOnDevice(logp *kernels.Tensor, stats *kernels.HeadStats, h *Activations, picks kernels.Picks) {
	m.wantLabels("LogProbs", false)
	m.device.LogProbs(logp, stats, h.Hidden, m.headWeight(), picks, m.Spec.Logits)
	m.settleHead()
}

// Logits are the scaled and soft-capped logits (len(rows),V) of rows of the forest, of all rows where rows is nil. The
// caller frees them.
func (m *Model) Logits(h *Activations, rows []int32) *kernels.Tensor {
	return m.LogitsOf(h.Hidden, rows)
}

// LogitsOf is Logits of hidden states (T,C), which Step returns.
func (m *Model) LogitsOf(hidden *kernels.Tensor, rows []int32) *kernels.Tensor {
	m.wantLabels("Logits", false)
	logits := m.headOf(hidden, rows)
	l := m.Spec.Logits
	if l.Scale != 0 && l.Scale != 1 {
		m.device.Scale(logits, l.Scale)
	}
	if l.Softcap > 0 {
		m.device.Softcap(logits, l.Softcap)
	}
	return logits
}

// Scores are a classifier's scores (len(rows)·Labels) at rows of the forest. ScoreAt says which position to read.
func (m *Model) Scores(h *Activations, rows []int32) []float32 {
	m.wantLabels("Scores", true)
	scores := m.headOf(h.Hidden, rows)
	defer m.device.Free(scores)
	return m.read(scores)
}

// ScoreAt is the position of a text where a classifier's score is read: the rightmost whose id is not the padding id; the
// last one where there is no such position or no padding id.
func (m *Model) ScoreAt(ids []int32) int {
	for i := len(ids) - 1; i >= 0; i-- {
		if ids[i] != m.Spec.Pad {
			return i
		}
	}
	return len(ids) - 1
}

// headOf is hidden[rows] · Wᵀ, (len(rows), V or labels).
func (m *Model) headOf(hidden *kernels.Tensor, rows []int32) *kernels.Tensor {
	d, w := m.device, m.headWeight()
	defer m.settleHead()
	if rows == nil {
		y := d.New(hidden.Shape[0], w.Out)
		d.Linear(y, hidden, w, nil, nil)
		return y
	}
	at, y := d.New(len(rows), m.Spec.Width), d.New(len(rows), w.Out)
	d.GatherRows(at, hidden, rows)
	d.Linear(y, at, w, nil, nil)
	d.Free(at)
	return y
}

func (m *Model) wantLabels(what string, labels bool) {
	if (m.Spec.Labels > 0) != labels {
		panic(fmt.Sprintf("model: %s of a %s", what, m.Kind()))
	}
}

// Kind is "language model" or "classifier", for messages.
func (m *Model) Kind() string {
	if m.Spec.Labels > 0 {
		return "classifier"
	}
	return "language model"
}

// headWeight is the head's weight: the adapter's own copy of a classifier's score, where it has one and is on.
func (m *Model) headWeight() *kernels.Weight {
	if m.AdapterOn() && m.adapter.score.w != nil {
		return m.adapter.score.w
	}
	return m.head.w
}

func (m *Model) headGrad() *kernels.Tensor {
	if m.AdapterOn() && m.adapter.score.w != nil {
		return m.adapter.score.grad
	}
	return m.head.grad
}
