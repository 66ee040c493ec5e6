//go:build gpu

package cuda

import (
	"croco/kernels"
	"croco/kernels/forest"
)

const tileKeys = kernels.TileKeys

// attnWork is a plan as the attention kernels read it: lists of int32, whose structs source/attention.cuh declares. A block of
// threads takes an item, that is rows of queries that see the same keys, and the tiles of those keys. A row is a
// (query, head) pair under one key/value head.
//
// A run of many queries is cut into items that see all of their keys, one after the other. Queries that come alone, the
// newest tokens of answers, are put together instead: along the tree of tiles that they see, a tile that several share is
// one item's, whose running softmax lies in slots, where the items of the branches take it up. Since a running softmax
// does not tell how its rows were grouped, neither does a result.
type attnWork struct {
	plan     *forest.Plan
	perGroup int // query heads of a key/value head
	most     int // rows of an item
	span     int // tiles of a span

	items   [][]attnItem // by level: the items of a level go on from slots that those before have left
	queries []attnQuery
	tiles   []int32 // entries: the row of a tile's first position, or ^ of where its 64 rows stand in rows
	rows    []int32
	merges  []attnMerge // queries whose spans lie in slots
	slots   int

	paths  map[int][]int32 // entries of the tiles of a segment's path
	starts map[int]int     // where they stand in tiles
}

type attnItem struct {
	query, lo, hi   int32
	tiles, from, to int32
	keys, flags     int32
}

type attnQuery struct{ row, pos, slot int32 }

type attnMerge struct{ row, slot, spans int32 }

const (
	itemResumes = 1 // goes on from the state in the slots
	itemLeaves  = 2 // leaves its state there
)

func newAttnWork(plan *forest.Plan, perGroup, most, span int) *attnWork {
	return &attnWork{plan: plan, perGroup: perGroup, most: most, span: span, paths: map[int][]int32{}, starts: map[int]int{}}
}

// forward fills the lists for Attend.
func (w *attnWork) forward() *attnWork {
	var alone []asking
	for _, r := range w.plan.Runs {
		if 2*r.Len*w.perGroup >= w.most {
			w.whole(r)
			continue
		}
		for i := range r.Len {
			pos := w.plan.Segments[r.Segment].Offset + r.First + i
			alone = append(alone, asking{row: r.Row + i, pos: pos, segment: r.Segment, slot: -1})
		}
	}
	w.together(alone)
	return w
}

// backward fills the lists for the gradient of q: every run sees all of its keys.
func (w *attnWork) backward() *attnWork {
	for _, r := range w.plan.Runs {
		w.whole(r)
	}
	return w
}

// whole makes the items of a run: rows that see all of their keys. Those with the most tiles come first.
func (w *attnWork) whole(r forest.Run) {
	first, base := w.plan.Segments[r.Segment].Offset+r.First, len(w.queries)
	for i := range r.Len {
		w.queries = append(w.queries, attnQuery{row: int32(r.Row + i), pos: int32(first + i), slot: -1})
	}
	for hi := r.Len * w.perGroup; hi > 0; {
		lo := (hi - 1) / w.most * w.most
		keys := first + (hi-1)/w.perGroup + 1
		w.add(0, attnItem{query: int32(base), lo: int32(lo), hi: int32(hi), tiles: w.start(r.Segment), to: tilesOf(keys), keys: int32(keys)})
		hi = lo
	}
}

func (w *attnWork) add(level int, it attnItem) {
	for len(w.items) <= level {
		w.items = append(w.items, nil)
	}
	w.items[level] = append(w.items[level], it)
}

// tilesOf is how many tiles n positions touch.
func tilesOf(n int) int32 { return int32((n + tileKeys - 1) / tileKeys) }

// start is where the entries of a segment's path stand in tiles.
func (w *attnWork) start(segment int) int32 {
	at, ok := w.starts[segment]
	if !ok {
		at = len(w.tiles)
		w.tiles = append(w.tiles, w.path(segment)...)
		w.starts[segment] = at
	}
	return int32(at)
}

// path is an entry for every tile of the path that ends with a segment. A child shares its parent's entries, but for the
// tile in which it begins.
func (w *attnWork) path(segment int) []int32 {
	if p, ok := w.paths[segment]; ok {
		return p
	}
	seg := w.plan.Segments[segment]
	var p []int32
	var tile [tileKeys]int32
	n := seg.Offset % tileKeys // positions of the first tile that belong to ancestors
	if seg.Parent >= 0 {
		p = w.path(seg.Parent)
	}
	if n > 0 {
		w.expand(tile[:n], p[seg.Offset/tileKeys])
	}
	p = append([]int32(nil), p[:seg.Offset/tileKeys]...)
	for i := 0; i < seg.Len; {
		for ; n < tileKeys && i < seg.Len; n, i = n+1, i+1 {
			tile[n] = int32(seg.Start + i)
		}
		p = append(p, w.entry(tile[:n]))
		n = 0
	}
	w.paths[segment] = p
	return p
}

// expand writes the rows of an entry's first positions.
func (w *attnWork) expand(dst []int32, entry int32) {
	if entry < 0 {
		copy(dst, w.rows[^entry:])
		return
	}
	for j := range dst {
		dst[j] = entry + int32(j)
	}
}

func (w *attnWork) entry(tile []int32) int32 {
	for j, r := range tile {
		if r != tile[0]+int32(j) {
			at := len(w.rows)
			w.rows = append(w.rows, tile...)
			return ^int32(at)
		}
	}
	return tile[0]
}
