//go:build gpu

package cuda

// asking is a query that is put together with others.
type asking struct {
	row, pos, segment int
	slot              int32 // its first slot, −1 while it has none
}

func (q *asking) tiles() int { return q.pos/tileKeys + 1 }

// together makes the items of queries that come alone, span by span.
func (w *attnWork) together(all []asking) {
	left := make([]*asking, len(all))
	for i := range all {
		left[i] = &all[i]
	}
	for from := 0; len(left) > 0; from += w.span {
		w.branch(left, from, from, 0)
		var longer []*asking
		for _, q := range left {
			if q.tiles() > from+w.span {
				longer = append(longer, q)
			}
		}
		left = longer
	}
	for _, q := range all {
		if q.slot >= 0 {
			w.merges = append(w.merges, attnMerge{row: int32(q.row), slot: q.slot, spans: int32((q.tiles() + w.span - 1) / w.span)})
		}
	}
}

// branch divides queries that agree on the tiles first … at−1 of a span by their next tile. Each part goes along the tiles
// that all of it shares; that is an item. Then it branches again.
func (w *attnWork) branch(qs []*asking, first, at, level int) {
	var order []int32
	by := map[int32][]*asking{}
	for _, q := range qs {
		e := w.path(q.segment)[at]
		if by[e] == nil {
			order = append(order, e)
		}
		by[e] = append(by[e], q)
	}
	for _, e := range order {
		part, to := by[e], at+1
		for to < first+w.span && w.agree(part, to) {
			to++
		}
		w.share(part, first, at, to, level)
		var longer []*asking
		for _, q := range part {
			if q.tiles() > to && to < first+w.span {
				longer = append(longer, q)
			}
		}
		if len(longer) > 0 {
			w.branch(longer, first, to, level+1)
		}
	}
}

// agree says whether all queries have the same tile number i.
func (w *attnWork) agree(qs []*asking, i int) bool {
	for _, q := range qs {
		if q.tiles() <= i || w.path(q.segment)[i] != w.path(qs[0].segment)[i] {
			return false
		}
	}
	return true
}

// share makes the items of queries that share the tiles at … to−1 of the span that begins with tile first.
func (w *attnWork) share(qs []*asking, first, at, to, level int) {
	longest, alone := qs[0], first == 0
	for _, q := range qs {
		if q.pos > longest.pos {
			longest = q
		}
		alone = alone && at == 0 && q.tiles() <= to
	}
	it := attnItem{query: int32(len(w.queries)), tiles: w.start(longest.segment), from: int32(at), to: int32(to), keys: int32(min(longest.pos+1, to*tileKeys))}
	if !alone {
		it.flags |= itemLeaves
	}
	if at > first {
		it.flags |= itemResumes
	}
	for _, q := range qs {
		if !alone && q.slot < 0 {
			q.slot = int32(w.slots)
			w.slots += (q.tiles() + w.span - 1) / w.span
		}
		w.queries = append(w.queries, attnQuery{row: int32(q.row), pos: int32(q.pos), slot: q.slot})
	}
	for rows := len(qs) * w.perGroup; int(it.lo) < rows; it.lo = it.hi {
		it.hi = int32(min(int(it.lo)+w.most, rows))
		w.add(level, it)
	}
}
