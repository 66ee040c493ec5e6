package sampler

import (
	"fmt"

	"croco/model"
)

// fit sets MaxRows where it is 0, and refuses what the device has no room for: the cache is made once, for as many answers as grow at
// the same time, each as long as it may become. all is the number of answers that are wanted.
func (s *Sampler) fit(p *Params, w size, all int) error {
	free, _, own := s.m.Room()
	chosen := p.MaxRows == 0
	if chosen {
		p.MaxRows = 64
	}
	if chosen && own {
		p.MaxRows = 256
	}
	p.MaxRows = min(p.MaxRows, max(1, all))
	if !own {
		return nil
	}
	set := p.MaxRows
	for need := s.needs(p, w); need > free; need = s.needs(p, w) {
		if p.MaxRows == 1 {
			return fmt.Errorf("one answer of %d tokens to a prompt of %d needs %s more than the model, and the device has %s free: lower max_new_tokens, or drop the longest prompts",
				p.MaxNewTokens, w.longest, model.Bytes(need), model.Bytes(free))
		}
		p.MaxRows = p.MaxRows * 7 / 8
	}
	if fits := p.MaxRows; !chosen && fits < set {
		p.MaxRows = set
		return fmt.Errorf("max_rows %d: so many answers of %d tokens to prompts of %d need %s more than the model, and the device has %s free: lower max_rows to %d, or max_new_tokens",
			set, p.MaxNewTokens, w.longest, model.Bytes(s.needs(p, w)), model.Bytes(free), fits)
	}
	return nil
}

// needs is the memory for the cache, for a step, and for logits and what a draw makes of them. The device rounds sizes up.
func (s *Sampler) needs(p *Params, w size) int64 {
	n := s.m.Needs(prefillRows+p.MaxRows, false, false)
	n.Logits = int64(min(p.MaxRows, logitRows) * 2 * 4 * s.m.Spec.Vocab)
	need := n.ToCome()
	return need + need/8 + int64(w.pages(p)*pageSize*s.m.RowBytes())
}
