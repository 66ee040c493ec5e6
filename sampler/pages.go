package sampler

import (
	"croco/kernels"
	"croco/kernels/forest"
)

// pageSize is the number of positions of a page. Pages are aligned like the tiles of attention, so position p of a path
// lies in row p mod 64 of its page, and a tile is a page, or two where a prompt ends inside one.
const pageSize = kernels.TileKeys

// pages manages the rows of a cache. A page is a segment of the forest: its parent is the page that holds the tokens
// before it. Full pages of prompts are found again by their contents, so prompts that begin alike share them.
type pages struct {
	segments []forest.Segment // one per page
	free     []int
	users    []int          // how many prompts and answers hold the page
	serial   []uint64       // names the contents of a full prompt page; 0: not to be shared
	shared   map[string]int // contents → page
	content  []string       // the page's key in shared
	idle     []int          // shared pages without users, the longest idle first
	next     uint64
}

func newPages(n int) *pages {
	p := &pages{segments: make([]forest.Segment, n), users: make([]int, n), serial: make([]uint64, n),
		content: make([]string, n), shared: map[string]int{}}
	for i := n - 1; i >= 0; i-- {
		p.free = append(p.free, i)
	}
	return p
}

// available is the number of pages that take can give.
func (p *pages) available() int { return len(p.free) + len(p.idle) }

// take makes an empty page for the positions from offset on, after parent (−1: none).
func (p *pages) take(parent, offset int) int {
	if len(p.free) == 0 { // forget the page that has been idle for longest
		i := p.idle[0]
		p.idle = p.idle[1:]
		delete(p.shared, p.content[i])
		p.free = append(p.free, i)
	}
	i := p.free[len(p.free)-1]
	p.free = p.free[:len(p.free)-1]
	p.users[i], p.serial[i], p.content[i] = 1, 0, ""
	p.segments[i] = forest.Segment{Parent: parent, Start: i*pageSize + offset%pageSize, Offset: offset}
	return i
}

// find returns a page that holds exactly these tokens after parent, and holds it; −1 if there is none.
func (p *pages) find(parent int, tokens []int32) int {
	i, ok := p.shared[p.key(parent, tokens)]
	if !ok {
		return -1
	}
	if p.users[i]++; p.users[i] == 1 {
		for k, j := range p.idle {
			if j == i {
				p.idle = append(p.idle[:k], p.idle[k+1:]...)
				break
			}
		}
	}
	return i
}

// publish lets other prompts find a full page.
func (p *pages) publish(i int, tokens []int32) {
	p.next++
	p.serial[i], p.content[i] = p.next, p.key(p.segments[i].Parent, tokens)
	p.shared[p.content[i]] = i
}

// release gives a page up; published pages stay to be found until their room is needed.
func (p *pages) release(i int) {
	if p.users[i]--; p.users[i] > 0 {
		return
	}
	if p.serial[i] != 0 {
		p.idle = append(p.idle, i)
	} else {
		p.free = append(p.free, i)
	}
}

// key is the contents of a page as a text: the serial of its parent's contents, then its own tokens. Serials are never
// used twice, so a key cannot outlive what it names.
func (p *pages) key(parent int, tokens []int32) string {
	var serial uint64
	if parent >= 0 {
		serial = p.serial[parent]
	}
	b := make([]byte, 0, 8+4*len(tokens))
	for s := 0; s < 64; s += 8 {
		b = append(b, byte(serial>>s))
	}
	for _, t := range tokens {
		b = append(b, byte(t), byte(t>>8), byte(t>>16), byte(t>>24))
	}
	return string(b)
}
