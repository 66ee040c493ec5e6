package toyworld

import "math/bits"

// random is a counter-based generator: draw number i is a hash of (key, i).
type random struct{ key, draws uint64 }

// newRandom keys a generator by a purpose and numbers, so that streams for different purposes never meet.
func newRandom(purpose string, numbers ...uint64) *random {
	key := uint64(0xcbf29ce484222325)
	for i := range len(purpose) {
		key = mix(key ^ uint64(purpose[i]))
	}
	for _, n := range numbers {
		key = mix(key ^ n)
	}
	return &random{key: key}
}

// mix is the finaliser of SplitMix64 (Steele, Lea, Flood 2014) after one step of its counter.
func mix(z uint64) uint64 {
	z += 0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

func (r *random) next() uint64 {
	r.draws++
	return mix(r.key + r.draws*0x9e3779b97f4a7c15)
}

// float draws from [0, 1).
func (r *random) float() float64 { return float64(r.next()>>11) / (1 << 53) }

// chance is true with probability p.
func (r *random) chance(p float64) bool { return r.float() < p }

// below draws from 0 … n−1.
func (r *random) below(n int) int {
	hi, _ := bits.Mul64(r.next(), uint64(n))
	return int(hi)
}

// between draws from lo … hi, both included.
func (r *random) between(lo, hi int) int { return lo + r.below(hi-lo+1) }

// one draws an element.
func one[T any](r *random, from ...T) T { return from[r.below(len(from))] }

// weighted draws an index in proportion to the weights.
func (r *random) weighted(weights []float64) int {
	total := 0.0
	for _, w := range weights {
		total += w
	}
	x := r.float() * total
	for i, w := range weights {
		if x -= w; x < 0 {
			return i
		}
	}
	return len(weights) - 1
}

// sample draws k different elements, in random order.
func sample[T any](r *random, from []T, k int) []T {
	pool := append([]T(nil), from...)
	for i := range k {
		j := r.between(i, len(pool)-1)
		pool[i], pool[j] = pool[j], pool[i]
	}
	return pool[:k]
}
