package kernels

// weyl is 2⁶⁴ divided by the golden ratio, made odd: its multiples spread evenly over the 64-bit integers.
const weyl = 0x9e3779b97f4a7c15

// Mix derives a 64-bit number from two: every input bit flips each output bit with probability one half. It is not
// symmetric. For one a, the numbers of b = 0, 1, 2, … are the SplitMix64 sequence that starts at a hash of a (Steele,
// Lea, Flood: Fast Splittable Pseudorandom Number Generators, OOPSLA 2014), so seeds are derived by nesting:
// Mix(Mix(seed, prompt), sample).
func Mix(a, b uint64) uint64 { return scramble(scramble(a+weyl) + b*weyl) }

// Uniform is the random number in [0, 1) that belongs to (seed, counter), a multiple of 2⁻⁵³. It has no state: any
// thread or machine may compute any draw in any order.
func Uniform(seed, counter uint64) float64 { return float64(Mix(seed, counter)>>11) * 0x1p-53 }

// scramble is a bijection of the 64-bit integers: shifts carry high bits down, products carry low bits up. The shifts
// and factors are "variant 13" of D. Stafford's search for the best avalanche.
func scramble(z uint64) uint64 {
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}
