package exact

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"croco/kernels"
	"croco/model"
	"croco/reward/classifier"
)

// scores scores conversations that share their beginnings all together, one by one, and backwards in small batches by
// another number of threads. A language model gets a new head.
func (c *check) scores(_ context.Context, p *Promise) error {
	if c.labels > 1 {
		p.Skipped = "a classifier with several labels gives no single score"
		return nil
	}
	var texts [][]int32
	for i := range 12 {
		prompt := c.randomIDs(uint64(i%3), min(70, c.context/2))
		texts = append(texts, append(prompt, c.randomIDs(uint64(100+i), min(1+i, c.context/2))...))
	}
	want, err := c.score(c.one, 0, texts)
	if err != nil {
		return err
	}
	one, err := c.score(c.one, 1, texts)
	if err != nil {
		return err
	}
	reversed := slices.Clone(texts)
	slices.Reverse(reversed)
	back, err := c.score(c.two, 100, reversed)
	if err != nil {
		return err
	}
	slices.Reverse(back)
	for i := range want {
		p.hold(math.Float64bits(want[i]) == math.Float64bits(one[i]), "conversation %d: %v together, %v alone", i, want[i], one[i])
		p.hold(math.Float64bits(want[i]) == math.Float64bits(back[i]), "conversation %d: %v together, %v in another order by 2 threads", i, want[i], back[i])
	}
	p.Ways = fmt.Sprintf("%d conversations: together, one by one, in another order", len(texts))
	if c.labels == 0 {
		p.Ways += "; by a new head"
	}
	return nil
}

// score scores by a fresh model, so many tokens at a time.
func (c *check) score(d kernels.Device, maxRows int, texts [][]int32) (scores []float64, err error) {
	m, err := model.OpenClassifier(c.Model, 1, model.Options{Device: d})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, m.Close()) }()
	if c.labels > 0 && c.Adapter != "" {
		if err := m.LoadAdapter(c.Adapter, false); err != nil {
			return nil, err
		}
	}
	s, err := classifier.New(m, maxRows)
	if err != nil {
		return nil, err
	}
	return s.Score(texts), nil
}
