package cpu

import (
	"math"
	"slices"

	"croco/kernels"
	"croco/kernels/forest"
)

const tileKeys = kernels.TileKeys

// piece is a run of queries of one path whose positions lie in one tile.
type piece struct {
	row, pos, n int
	path        []int32 // the rows that hold positions 0 … pos+n−1
}

// keys are the rows of the path that lie in tile i and that the piece's last query sees.
func (p *piece) keys(i int) []int32 { return p.path[i*tileKeys : min(len(p.path), (i+1)*tileKeys)] }

// attending is one call of Attend or AttendBackward.
type attending struct {
	kernels.Attn
	d              *Device
	q, k, v        []float32
	plan           *forest.Plan
	perGroup, wide int // query heads of a key/value head; D rounded up to a multiple of 16
	paths          []int32
	pieces         []piece
	groups         [][]piece // what is computed together
}

func (d *Device) attending(q, k, v *kernels.Tensor, plan *forest.Plan, a kernels.Attn) *attending {
	sameShape("Attend", "q", q, q.Height(), a.H*a.D)
	sameShape("Attend", "k", k, k.Height(), a.G*a.D)
	sameShape("Attend", "v", v, k.Height(), a.G*a.D)
	t := &d.attention
	*t = attending{
		Attn: a, d: d, q: q.Host, k: k.Host, v: v.Host, plan: plan, perGroup: a.H / a.G, wide: (a.D + 15) &^ 15,
		paths: t.paths[:0], pieces: t.pieces[:0], groups: t.groups[:0],
	}
	t.cut()
	return t
}

// cut divides the runs into pieces and the pieces into groups, whose queries then share the tiles that they have in
// common. How they are grouped does not show in the result, so it may depend on the number of threads.
func (t *attending) cut() {
	size, total := 0, 0
	for _, r := range t.plan.Runs {
		size += t.plan.Segments[r.Segment].Offset + r.First + r.Len
		total += r.Len
	}
	t.paths = slices.Grow(t.paths, size) // so that it does not move below
	for _, r := range t.plan.Runs {
		pos := t.plan.Segments[r.Segment].Offset + r.First
		base, end := len(t.paths), pos+r.Len
		t.paths = t.plan.Keys(t.paths, r.Segment, end)
		path := t.paths[base:]
		for row := r.Row; pos < end; {
			n := min(end, (pos/tileKeys+1)*tileKeys) - pos
			t.pieces = append(t.pieces, piece{row: row, pos: pos, n: n, path: path[:pos+n]})
			row, pos = row+n, pos+n
		}
	}
	most := min(tileKeys, max(8, total*t.G/(4*len(t.d.workers))))
	for lo, hi := 0, 0; lo < len(t.pieces); lo = hi {
		n := t.pieces[lo].n
		for hi = lo + 1; hi < len(t.pieces) && n+t.pieces[hi].n <= most; hi++ {
			n += t.pieces[hi].n
		}
		t.groups = append(t.groups, t.pieces[lo:hi])
	}
}

// visible is the range of tile i that a query at position pos sees; lo > hi where it sees nothing of it.
func (t *attending) visible(pos, i int) (lo, hi int) {
	hi = min(tileKeys-1, pos-i*tileKeys)
	if t.Window > 0 {
		lo = max(0, pos-t.Window+1-i*tileKeys)
	}
	return lo, hi
}

// firstTile is the first tile that a query at position pos sees anything of.
func (t *attending) firstTile(pos int) int {
	if t.Window == 0 {
		return 0
	}
	return max(0, pos-t.Window+1) / tileKeys
}

// each visits the tiles of a group in order: for every tile, the pieces lo … hi−1 that see the same rows of it, and these
// rows. base is the index of the first of their queries within the group.
func (t *attending) each(group []piece, visit func(tile, lo, hi, base int, keys []int32)) {
	from, to := math.MaxInt, 0
	for _, p := range group {
		from, to = min(from, t.firstTile(p.pos)), max(to, (p.pos+p.n-1)/tileKeys)
	}
	for i := from; i <= to; i++ {
		base := 0
		for lo, hi := 0, 0; lo < len(group); lo = hi {
			hi = lo + 1
			n := group[lo].n
			if !t.sees(&group[lo], i) {
				base += n
				continue
			}
			keys := group[lo].keys(i)
			for ; hi < len(group) && t.sees(&group[hi], i); hi++ {
				short, long := keys, group[hi].keys(i)
				if len(short) > len(long) {
					short, long = long, short
				}
				if !slices.Equal(short, long[:len(short)]) {
					break
				}
				keys = long
				n += group[hi].n
			}
			visit(i, lo, hi, base, keys)
			base += n
		}
	}
}

func (t *attending) sees(p *piece, i int) bool {
	return i >= t.firstTile(p.pos) && i <= (p.pos+p.n-1)/tileKeys
}

// Attend computes out (Tq, H·D) for the query rows of plan. Each query goes over its tiles in order with a running
// maximum m and sum l (Milakov and Gimelshein, arXiv:1805.02867): s = scale·q·k; m' = max(m, s…); the accumulator and l are
// multiplied by exp(m − m'); l += Σ exp(s − m'); the accumulator takes exp(s − m')·v key by key. At the end out is the
// accumulator over l, and lse is m + ln l.
func (d *Device) Attend(out, lse, q, k, v *kernels.Tensor, plan *forest.Plan, a kernels.Attn) {
	t := d.attending(q, k, v, plan, a)
	sameShape("Attend", "out", out, q.Height(), a.H*a.D)
	var l []float32
	if lse != nil {
		sameShape("Attend", "lse", lse, q.Height(), a.H)
		l = lse.Host
	}
	d.parallel(len(t.groups)*a.G, 1, jobFunc(func(w *worker, lo, hi int) {
		for i := lo; i < hi; i++ {
			t.forward(w, out.Host, l, t.groups[i/a.G], i%a.G)
		}
	}))
}

// stateSize is the number of floats of a running softmax: maximum, sum, factor, and one unused.
const stateSize = 4

// forward computes the queries of a group under key/value head g.
func (t *attending) forward(w *worker, out, lse []float32, group []piece, g int) {
	d, wide := t.d, t.wide
	q := t.heads(w.buf(bufQuery, t.queries(group)*wide), t.q, group, g)
	rows := len(q) / wide
	acc, state := w.buf(bufOut, rows*wide), w.buf(bufStage, rows*stateSize)
	clear(acc)
	for r := range rows {
		state[r*stateSize], state[r*stateSize+1] = float32(math.Inf(-1)), 0
	}
	scores, tiles := w.buf(bufScore, rows*tileKeys), t.tiles(w)
	t.each(group, func(tile, lo, hi, base int, keys []int32) {
		tiles.load(keys, g)
		from, r := base*t.perGroup, base*t.perGroup
		for _, p := range group[lo:hi] {
			r += p.n * t.perGroup
		}
		s := scores[from*tileKeys : r*tileKeys]
		d.block(r-from, tiles.wide, t.D, q[from*wide:], wide, 1, tiles.keysT, tileKeys, s, tileKeys, 0)
		r = from
		for _, p := range group[lo:hi] {
			for pos := p.pos; pos < p.pos+p.n; pos++ {
				a, b := t.visible(pos, tile)
				for range t.perGroup {
					t.softmax(scores[r*tileKeys:(r+1)*tileKeys], state[r*stateSize:], acc[r*wide:(r+1)*wide], a, b)
					r++
				}
			}
		}
		d.block(r-from, wide, len(keys), s, tileKeys, 1, tiles.values, tiles.stride, acc[from*wide:], wide, 1)
	})
	t.finish(out, lse, acc, state, group, g)
}

// softmax turns the scores lo … hi of a tile into exp(s − m), and the others into zeros; it carries the state and the
// accumulator over to the new maximum.
func (t *attending) softmax(s, state, acc []float32, lo, hi int) {
	if lo > hi {
		clear(s)
		return
	}
	scale := t.Scale
	if t.Softcap > 0 {
		t.d.scale(tileKeys, first(s), first(s), scale)
		t.d.softcap(tileKeys, first(s), first(s), t.Softcap)
		scale = 1
	}
	fill(s[:lo], float32(math.Inf(-1)))
	fill(s[hi+1:], float32(math.Inf(-1)))
	t.d.softmaxTile(first(s), scale, first(state))
	if state[2] != 1 {
		t.d.scale(len(acc), first(acc), first(acc), state[2])
	}
}

func fill(s []float32, v float32) {
	for i := range s {
		s[i] = v
	}
}

// finish divides by the sums. Adding to zero makes −0 and 0 one.
func (t *attending) finish(out, lse, acc, state []float32, group []piece, g int) {
	r := 0
	for _, p := range group {
		for i := p.row; i < p.row+p.n; i++ {
			for h := g * t.perGroup; h < (g+1)*t.perGroup; h++ {
				m, l := state[r*stateSize], state[r*stateSize+1]
				row := out[(i*t.H+h)*t.D:][:t.D]
				clear(row)
				t.d.axpy(t.D, first(row), &acc[r*t.wide], 1/l)
				if lse != nil {
					lse[i*t.H+h] = float32(float64(m) + math.Log(float64(l)))
				}
				r++
			}
		}
	}
}
