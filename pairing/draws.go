package pairing

import (
	"hash/fnv"
	"math/bits"

	"croco/pairing/python"
)

// draws decides what the method leaves to chance: which of several prompts a record carries, and the order of a shuffle.
type draws interface {
	choice(n, line int, group string) int
	shuffle(n int, swap func(i, j int))
}

func newDraws(o Options) draws {
	if o.RNG == "authors" {
		return stream{python.NewRand(o.Seed)}
	}
	return counter{uint64(o.Seed)}
}

// stream is the authors': one generator that every task draws from in turn, so a record depends on all before it.
type stream struct{ *python.Rand }

func (s stream) choice(n, _ int, _ string) int      { return s.Below(n) }
func (s stream) shuffle(n int, swap func(i, j int)) { s.Shuffle(n, swap) }

// counter is ours: a number is a function of the seed and of what it is drawn for.
type counter struct{ seed uint64 }

func (c counter) choice(n, line int, group string) int {
	h := fnv.New64a()
	h.Write([]byte(group))
	return c.below(n, h.Sum64(), uint64(line))
}

func (c counter) shuffle(n int, swap func(i, j int)) {
	const shuffling = 0x73687566666c65
	for i := n - 1; i > 0; i-- {
		swap(i, c.below(i+1, shuffling, uint64(i)))
	}
}

// below maps (seed, a, b) to 0 … n−1: three rounds of splitmix64's finaliser, then the high half of a product.
func (c counter) below(n int, a, b uint64) int {
	h := mix(mix(mix(c.seed)+a) + b)
	high, _ := bits.Mul64(h, uint64(n))
	return int(high)
}

func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
