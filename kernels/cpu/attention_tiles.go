package cpu

import "slices"

// queries is the number of (query, head) rows of a group under one key/value head.
func (t *attending) queries(group []piece) int {
	n := 0
	for _, p := range group {
		n += p.n
	}
	return n * t.perGroup
}

// heads copies from x (T, H·D) the heads that read key/value head g into rows of t.wide floats, query by query.
func (t *attending) heads(dst, x []float32, group []piece, g int) []float32 {
	r := 0
	for _, p := range group {
		for i := p.row; i < p.row+p.n; i++ {
			for h := g * t.perGroup; h < (g+1)*t.perGroup; h++ {
				row := dst[r*t.wide : (r+1)*t.wide]
				clear(row[t.d.narrow(row, x[(i*t.H+h)*t.D:][:t.D]):])
				r++
			}
		}
	}
	return dst
}

// tiles holds one tile of keys and values as the products want it.
type tiles struct {
	t      *attending
	rows   []int32   // what is loaded; at most 64
	wide   int       // their number, rounded up to a multiple of 16
	keysT  []float32 // (D, 64): lanes are keys, so that each score is one chain over D
	values []float32 // a row per key, D rounded up
	stride int       // of values
	copied []float32 // room for values that do not lie side by side
	stage  []float32
}

func (t *attending) tiles(w *worker) *tiles {
	w.tiles = tiles{t: t, keysT: w.buf(bufKeys, t.wide*tileKeys), copied: w.buf(bufValues, t.wide*tileKeys), stage: w.buf(bufPack, 8*t.D)}
	return &w.tiles
}

// load gathers the rows of key/value head g, unless they, or more, are there already.
func (s *tiles) load(rows []int32, g int) {
	t := s.t
	if n := len(rows); n <= len(s.rows) && slices.Equal(rows, s.rows[:n]) {
		return
	}
	s.rows, s.wide = rows, (len(rows)+15)&^15
	t.transpose(s.keysT, t.k, rows, g, s.stage)
	if t.wide == t.D && !t.d.bf16 && consecutive(rows) {
		s.values, s.stride = t.v[(int(rows[0])*t.G+g)*t.D:], t.G*t.D
		return
	}
	s.values, s.stride = s.copied, t.wide
	t.gather(s.values, t.v, rows, g)
}

// gather copies the rows of head g of x (rows, G·D), padded to t.wide.
func (t *attending) gather(dst, x []float32, rows []int32, g int) {
	for j, r := range rows {
		row := dst[j*t.wide : (j+1)*t.wide]
		clear(row[t.d.narrow(row, x[(int(r)*t.G+g)*t.D:][:t.D]):])
	}
}

// transpose writes dst[d·64 + j] = x[rows[j]][g][d], with zeros for j up to the next multiple of 16. stage has room for 8 rows.
func (t *attending) transpose(dst, x []float32, rows []int32, g int, stage []float32) {
	n, whole := len(rows), t.D&^7
	for j := 0; j < (n+15)&^15; j += 8 {
		src, stride := stage, t.D
		if j+8 <= n && consecutive(rows[j:j+8]) {
			src, stride = x[(int(rows[j])*t.G+g)*t.D:], t.G*t.D
		} else {
			for i := range 8 {
				row := stage[i*t.D : (i+1)*t.D]
				if j+i < n {
					copy(row, x[(int(rows[j+i])*t.G+g)*t.D:])
				} else {
					clear(row)
				}
			}
		}
		t.d.transpose8(whole, first(src), stride, &dst[j], tileKeys)
		for k := whole; k < t.D; k++ {
			for i := range 8 {
				dst[k*tileKeys+j+i] = src[i*stride+k]
			}
		}
	}
	for k := 0; k < t.D && t.d.bf16; k++ {
		t.d.narrow(dst[k*tileKeys:], dst[k*tileKeys:][:(n+15)&^15])
	}
}

func consecutive(rows []int32) bool {
	for i, r := range rows {
		if r != rows[0]+int32(i) {
			return false
		}
	}
	return true
}
