// Package classifier scores answers with a sequence-classification model: its scalar head is read at the last token of
// the conversation. The N answers to a prompt share the prompt, which is computed once.
//
//	New     a scorer over a model
//	Score   conversations → scores, independent of what is scored beside them
package classifier

import (
	"fmt"

	"croco/kernels/forest"
	"croco/model"
)

// Scorer is a classifier that scores conversations.
type Scorer struct {
	m       *model.Model
	maxRows int
	// Computed and Stored count tokens: what went through the model, and what the conversations hold.
	Computed, Stored int
}

// New makes a scorer over a model with one label. maxRows bounds the rows of one forward pass, shared tokens once (0: 4096);
// it changes no bit.
func New(m *model.Model, maxRows int) (*Scorer, error) {
	if m.Spec.Labels != 1 {
		return nil, fmt.Errorf("%s is a %s with %d labels: expected a sequence-classification model with one", m.Name, m.Kind(), m.Spec.Labels)
	}
	if maxRows <= 0 {
		maxRows = 4096
	}
	return &Scorer{m: m, maxRows: maxRows}, nil
}

// Fits says whether a conversation fits the model's context.
func (s *Scorer) Fits(ids []int32) bool { return len(ids) > 0 && len(ids) <= s.m.Spec.Positions }

// Score returns one score per conversation, in their order. Each has at least one token, and fits the model's context.
func (s *Scorer) Score(conversations [][]int32) []float64 {
	scores := make([]float64, 0, len(conversations))
	for first := 0; first < len(conversations); {
		n := forest.Fit(conversations[first:], s.maxRows)
		for _, v := range s.pass(conversations[first : first+n]) {
			scores = append(scores, float64(v))
		}
		first += n
	}
	return scores
}

// pass scores what goes through the model together.
func (s *Scorer) pass(conversations [][]int32) []float32 {
	f := forest.Build(conversations)
	rows := make([]int32, len(conversations))
	for i, ids := range conversations {
		rows[i] = f.Ends[i]
		if at := s.m.ScoreAt(ids); at < len(ids)-1 {
			rows[i] = f.Path(i)[at]
		}
		s.Stored += len(ids)
	}
	s.Computed += f.Rows()
	h := s.m.Forward(f, false)
	defer h.Free()
	return s.m.Scores(h, rows)
}
