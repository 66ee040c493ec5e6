package python

import (
	"math"
	"math/big"
	"math/bits"
)

const (
	stateWords  = 624 // n of the Mersenne Twister MT19937
	middleWord  = 397 // m
	upperMask   = 0x80000000
	lowerMask   = 0x7fffffff
	twistMatrix = 0x9908b0df
)

// Rand is CPython's random.Random: the Mersenne Twister of Matsumoto and Nishimura (1998) and the draws that the
// random module builds on it.
type Rand struct {
	state [stateWords]uint32
	next  int // the word to hand out next; stateWords: twist first
}

// NewRand is random.Random(seed). Python takes the absolute value, so −3 and 3 are one stream.
func NewRand(seed int64) *Rand { return NewRandBig(big.NewInt(seed)) }

// NewRandBig is NewRand for seeds of any size.
func NewRandBig(seed *big.Int) *Rand {
	var key []uint32 // 32-bit words of |seed|, lowest first; at least one
	rest := new(big.Int).Abs(seed)
	low := big.NewInt(math.MaxUint32)
	for rest.Sign() > 0 || len(key) == 0 {
		key = append(key, uint32(new(big.Int).And(rest, low).Uint64()))
		rest.Rsh(rest, 32)
	}
	r := &Rand{next: stateWords}
	r.seedWords(key)
	return r
}

// seedWords spreads the key over the state: the published initialisation by array.
func (r *Rand) seedWords(key []uint32) {
	s := &r.state
	s[0] = 19650218
	for i := 1; i < stateWords; i++ {
		s[i] = 1812433253*(s[i-1]^s[i-1]>>30) + uint32(i)
	}
	i, j := 1, 0
	step := func() {
		if i++; i == stateWords {
			s[0] = s[stateWords-1]
			i = 1
		}
	}
	for range max(stateWords, len(key)) {
		s[i] = s[i] ^ (s[i-1]^s[i-1]>>30)*1664525 + key[j] + uint32(j)
		step()
		j = (j + 1) % len(key)
	}
	for range stateWords - 1 {
		s[i] = s[i] ^ (s[i-1]^s[i-1]>>30)*1566083941 - uint32(i)
		step()
	}
	s[0] = upperMask
}

func (r *Rand) twist() {
	s := &r.state
	for i := range s {
		y := s[i]&upperMask | s[(i+1)%stateWords]&lowerMask
		s[i] = s[(i+middleWord)%stateWords] ^ y>>1 ^ (y&1)*twistMatrix
	}
	r.next = 0
}

func (r *Rand) word() uint32 {
	if r.next == stateWords {
		r.twist()
	}
	y := r.state[r.next]
	r.next++
	y ^= y >> 11
	y ^= y << 7 & 0x9d2c5680
	y ^= y << 15 & 0xefc60000
	return y ^ y>>18
}

// Bits is getrandbits(k) for 1 ≤ k ≤ 64: the top bits of a word, low words first.
func (r *Rand) Bits(k int) uint64 {
	if k < 1 || k > 64 {
		panic("python: Bits wants 1 to 64 bits")
	}
	if k <= 32 {
		return uint64(r.word() >> (32 - k))
	}
	low := uint64(r.word())
	return low | uint64(r.word()>>(64-k))<<32
}

// Float64 is random(): 53 bits in [0, 1).
func (r *Rand) Float64() float64 {
	a, b := r.word()>>5, r.word()>>6
	return (float64(a)*(1<<26) + float64(b)) / (1 << 53)
}

// Below draws from 0 … n−1 as random.choice does: as many bits as n has, again until they are below n. So a choice
// among one thing costs draws too, on average two.
func (r *Rand) Below(n int) int {
	if n < 1 {
		panic("python: Below wants a positive bound")
	}
	k := bits.Len(uint(n))
	for {
		if v := r.Bits(k); v < uint64(n) {
			return int(v)
		}
	}
}

// Shuffle is random.shuffle of n items, given how two of them are swapped.
func (r *Rand) Shuffle(n int, swap func(i, j int)) {
	for i := n - 1; i > 0; i-- {
		swap(i, r.Below(i+1))
	}
}

// Sample is random.sample(range(n), k). Python draws from a shrinking pool when n is small beside k and rejects
// repetitions otherwise; the two ways use the stream differently, so both are here.
func (r *Rand) Sample(n, k int) []int {
	if k < 0 || k > n {
		panic("python: sample larger than population")
	}
	small := 21 // the size of a set, in list elements, as the random module estimates it
	if k > 5 {
		small += 1 << (2 * int(math.Ceil(math.Log(float64(3*k))/math.Log(4))))
	}
	out := make([]int, k)
	if n <= small {
		pool := make([]int, n)
		for i := range pool {
			pool[i] = i
		}
		for i := range out {
			j := r.Below(n - i)
			out[i] = pool[j]
			pool[j] = pool[n-i-1]
		}
		return out
	}
	seen := map[int]bool{}
	for i := range out {
		j := r.Below(n)
		for seen[j] {
			j = r.Below(n)
		}
		seen[j] = true
		out[i] = j
	}
	return out
}
