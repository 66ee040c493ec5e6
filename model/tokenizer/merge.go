package tokenizer

// merger is the memory that one encoding needs to merge words.
type merger struct {
	symbols []symbol
	heap    []candidate
}

// symbol is a part of a word; symbols in use form a list, in the order of the text.
type symbol struct {
	id         int32
	prev, next int32 // −1: none
	joined     bool  // it has been merged into the one before it
}

// candidate is a merge that could be applied at a symbol.
type candidate struct {
	merge uint64 // rank and result
	at    int32
}

// before orders by rank, then from left to right.
func (c candidate) before(d candidate) bool {
	return c.merge < d.merge || c.merge == d.merge && c.at < d.at
}

// shortWord is the number of symbols up to which searching a row beats keeping a heap.
const shortWord = 48

// merge merges s.symbols and appends the ids of what is left.
func (m *bpe) merge(ids []int32, s *merger) []int32 {
	if len(s.symbols) <= shortWord {
		return m.mergeShort(ids, s.symbols)
	}
	m.mergeLong(s)
	for _, x := range s.symbols {
		if !x.joined {
			ids = append(ids, x.id)
		}
	}
	return ids
}

// mergeShort keeps what each neighbouring pair merges into and looks for the earliest, again and again.
func (m *bpe) mergeShort(ids []int32, symbols []symbol) []int32 {
	var found [shortWord]uint64 // of the pairs (i, i+1)
	n := len(symbols)
	for i := 0; i+1 < n; i++ {
		found[i] = m.merges.get(symbols[i].id, symbols[i+1].id)
	}
	for n > 1 {
		best, at := noMerge, 0
		for i, f := range found[:n-1] {
			if f < best {
				best, at = f, i
			}
		}
		if best == noMerge {
			break
		}
		symbols[at].id = int32(uint32(best))
		copy(symbols[at+1:n], symbols[at+2:n])
		copy(found[at:n-1], found[at+1:n-1])
		n--
		if at+1 < n {
			found[at] = m.merges.get(symbols[at].id, symbols[at+1].id)
		}
		if at > 0 {
			found[at-1] = m.merges.get(symbols[at-1].id, symbols[at].id)
		}
	}
	for _, x := range symbols[:n] {
		ids = append(ids, x.id)
	}
	return ids
}

// mergeLong keeps the candidates in a heap, so that a word of n symbols takes n·log n steps. A merge makes the
// candidates of its neighbours stale; they are recognised when they come up.
func (m *bpe) mergeLong(s *merger) {
	symbols := s.symbols
	s.heap = s.heap[:0]
	for i := range symbols {
		symbols[i].prev, symbols[i].next = int32(i)-1, int32(i)+1
	}
	symbols[len(symbols)-1].next = -1
	for i := range symbols {
		m.propose(s, int32(i))
	}
	for len(s.heap) > 0 {
		c := s.pop()
		left := &symbols[c.at]
		if left.joined || left.next < 0 {
			continue
		}
		right := &symbols[left.next]
		if now := m.merges.get(left.id, right.id); now == noMerge || int32(uint32(now)) != int32(uint32(c.merge)) {
			continue
		}
		left.id = int32(uint32(c.merge))
		right.joined = true
		left.next = right.next
		if right.next >= 0 {
			symbols[right.next].prev = c.at
		}
		if left.prev >= 0 {
			m.propose(s, left.prev)
		}
		m.propose(s, c.at)
	}
}

// propose pushes the merge of a symbol with the next one, if there is one.
func (m *bpe) propose(s *merger, at int32) {
	next := s.symbols[at].next
	if next < 0 {
		return
	}
	if merge := m.merges.get(s.symbols[at].id, s.symbols[next].id); merge != noMerge {
		s.push(candidate{merge, at})
	}
}

func (s *merger) push(c candidate) {
	h := append(s.heap, c)
	for i := len(h) - 1; i > 0; {
		parent := (i - 1) / 2
		if !h[i].before(h[parent]) {
			break
		}
		h[i], h[parent] = h[parent], h[i]
		i = parent
	}
	s.heap = h
}

func (s *merger) pop() candidate {
	h := s.heap
	top := h[0]
	h[0] = h[len(h)-1]
	h = h[:len(h)-1]
	for i := 0; ; {
		child := 2*i + 1
		if child >= len(h) {
			break
		}
		if child+1 < len(h) && h[child+1].before(h[child]) {
			child++
		}
		if !h[child].before(h[i]) {
			break
		}
		h[i], h[child] = h[child], h[i]
		i = child
	}
	s.heap = h
	return top
}
