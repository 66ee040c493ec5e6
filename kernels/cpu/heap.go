package cpu

// heap yields token ids by falling probability, equals by rising id.
type heap struct {
	p   []float32
	ids []int32
}

func newHeap(p []float32) *heap {
	h := &heap{p: p, ids: make([]int32, len(p))}
	for i := range h.ids {
		h.ids[i] = int32(i)
	}
	for i := len(p)/2 - 1; i >= 0; i-- {
		h.sink(i)
	}
	return h
}

func (h *heap) before(a, b int32) bool {
	return h.p[a] > h.p[b] || h.p[a] == h.p[b] && a < b
}

func (h *heap) sink(i int) {
	for {
		c := 2*i + 1
		if c >= len(h.ids) {
			return
		}
		if c+1 < len(h.ids) && h.before(h.ids[c+1], h.ids[c]) {
			c++
		}
		if h.before(h.ids[i], h.ids[c]) {
			return
		}
		h.ids[i], h.ids[c] = h.ids[c], h.ids[i]
		i = c
	}
}

func (h *heap) pop() int32 {
	top, n := h.ids[0], len(h.ids)-1
	h.ids[0] = h.ids[n]
	h.ids = h.ids[:n]
	h.sink(0)
	return top
}
