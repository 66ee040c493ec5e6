// Package forest is the prompt forest: sequences that share a prefix are stored and computed once.
//
// A batch is a forest of segments. A segment is a run of tokens; its parent holds the tokens before it; a sequence is
// a path from a root to a leaf. N samples of a prompt, N answers under a reward model, the chosen and the rejected
// answer in training are all the same picture: one trunk and its branches. No padding exists anywhere.
//
//	Build     sequences → Forest, sharing by token ids
//	Fit       how many sequences make a forest of so many rows
//	Path      the packed rows of one sequence
//	Plan      what attention needs: which rows ask, which rows hold which positions
//	Keys      the rows that hold positions 0 … n−1 of a path
package forest

import "fmt"

// Segment is a run of tokens whose rows are consecutive.
type Segment struct {
	Parent int // the segment that holds the tokens before this one's; −1 for a root
	Start  int // row of the first token: in the packed batch, or in a cache
	Len    int // tokens
	Offset int // position of the first token: the sum of the lengths of the ancestors
}

// Forest is a packed batch. Parents stand before their children.
type Forest struct {
	Tokens    []int32 // (T)
	Positions []int32 // (T)
	Segments  []Segment
	Ends      []int32 // last row of each input sequence
	leaf      []int32 // the segment that holds that row
}

// Build finds the shared prefixes of sequences by their token ids. Equal sequences share an end; a sequence that is a
// prefix of another ends inside its path. The packed order is depth first, children in the order in which sequences
// first need them, so it depends on nothing but the input. An empty sequence panics: it has no last row.
func Build(sequences [][]int32) *Forest {
	b := builder{f: &Forest{Ends: make([]int32, len(sequences)), leaf: make([]int32, len(sequences))}, seqs: sequences}
	all := make([]int, len(sequences))
	for i, s := range sequences {
		if len(s) == 0 {
			panic(fmt.Sprintf("forest: sequence %d is empty", i))
		}
		all[i] = i
	}
	b.branch(-1, 0, all)
	return b.f
}

type builder struct {
	f    *Forest
	seqs [][]int32
}

// branch splits the sequences of a group, which agree on the tokens before depth, by their next token.
func (b *builder) branch(parent, depth int, group []int) {
	order := []int32{}
	by := map[int32][]int{}
	for _, i := range group {
		t := b.seqs[i][depth]
		if _, seen := by[t]; !seen {
			order = append(order, t)
		}
		by[t] = append(by[t], i)
	}
	for _, t := range order {
		b.grow(parent, depth, by[t])
	}
}

// grow makes the segment of a group that agrees on the token at depth: it runs as far as those that go on agree.
func (b *builder) grow(parent, depth int, group []int) {
	f := b.f
	id, start := len(f.Segments), len(f.Tokens)
	f.Segments = append(f.Segments, Segment{Parent: parent, Start: start, Offset: depth})
	for d := depth; ; d++ {
		f.Tokens = append(f.Tokens, b.seqs[group[0]][d])
		f.Positions = append(f.Positions, int32(d))
		f.Segments[id].Len++
		var longer []int
		for _, i := range group {
			if len(b.seqs[i]) == d+1 {
				f.Ends[i], f.leaf[i] = int32(len(f.Tokens)-1), int32(id)
			} else {
				longer = append(longer, i)
			}
		}
		if len(longer) == 0 {
			return
		}
		for _, i := range longer[1:] {
			if b.seqs[i][d+1] != b.seqs[longer[0]][d+1] {
				b.branch(id, d+1, longer)
				return
			}
		}
		group = longer
	}
}

// Fit is how many of the sequences, from the front, make a forest of at most maxRows rows: at least one. A token counts where it
// differs from the sequence before, so what belongs together should stand together.
func Fit(sequences [][]int32, maxRows int) (n int) {
	rows, before := 0, []int32(nil)
	for _, ids := range sequences {
		shared := 0
		for shared < min(len(ids), len(before)) && ids[shared] == before[shared] {
			shared++
		}
		if rows += len(ids) - shared; n > 0 && rows > maxRows {
			break
		}
		n, before = n+1, ids
	}
	return n
}

// Rows is T, the number of packed rows.
func (f *Forest) Rows() int { return len(f.Tokens) }

// Path returns the packed rows of sequence i, one per token.
func (f *Forest) Path(i int) []int32 {
	end := f.Ends[i]
	n := int(f.Positions[end]) + 1
	return f.Plan().Keys(make([]int32, 0, n), int(f.leaf[i]), n)
}

// Plan is the attention plan in which every packed row asks, and the packed batch holds the keys.
func (f *Forest) Plan() *Plan {
	p := &Plan{Segments: f.Segments, Runs: make([]Run, len(f.Segments))}
	for s, seg := range f.Segments {
		p.Runs[s] = Run{Row: seg.Start, Segment: s, First: 0, Len: seg.Len}
	}
	return p
}

// Run is a run of consecutive query rows: row Row+i asks at place First+i of its segment, that is at position
// Segments[Segment].Offset + First + i, and sees all positions of its path up to its own.
type Run struct {
	Row, Segment, First, Len int
}

// Plan is what attention needs to know. In training the segments' rows are rows of the packed batch; in a cache they
// are rows of the cache, and a long answer is a chain of segments, one per page.
type Plan struct {
	Segments []Segment
	Runs     []Run
}

// Keys appends to dst the rows that hold positions 0 … n−1 of the path that ends in segment s.
func (p *Plan) Keys(dst []int32, s, n int) []int32 {
	base := len(dst)
	for len(dst) < base+n {
		dst = append(dst, 0)
	}
	out := dst[base:]
	for ; s >= 0; s = p.Segments[s].Parent {
		seg := p.Segments[s]
		for i := min(seg.Len, n-seg.Offset) - 1; i >= 0; i-- {
			out[seg.Offset+i] = int32(seg.Start + i)
		}
	}
	return dst
}
