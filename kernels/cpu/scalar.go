package cpu

import "math"

// fma is the float32 fused multiply-add a·b + c, rounded once, as VFMADD231PS computes it.
//
// The product of two float32 is exact in float64. The sum is rounded to float64 and then to float32, and these two
// roundings differ from one only where the float64 sum lies half-way between two float32 without being exact. There
// the error of the sum says on which side the true value lies, and the sum is moved one float64 towards it (rounding to
// odd: Boldo and Melquiond, "Emulation of FMA and correctly rounded sums", 2008).
func fma(a, b, c float32) float32 {
	p, z := float64(a)*float64(b), float64(c)
	s := p + z
	u := math.Float64bits(s)
	const half, low = 1 << 28, 1<<29 - 1
	if u&low != half && (s >= tiny || s <= -tiny) {
		return float32(s)
	}
	v := s - p
	e := (p - (s - v)) + (z - v)
	if u&1 == 0 && (e > 0 || e < 0) {
		if (e > 0) == (s > 0) {
			u++
		} else {
			u--
		}
	}
	return float32(math.Float64frombits(u))
}

// The constants of exp, which the assembly holds too: ln 2 in two parts, and the Taylor coefficients 1/k!.
const (
	expLow, expHigh = -87.33654, 88.73 // below: 0; above: +Inf
	log2e           = 1.4426950408889634
	ln2High         = 0.693147182464599609375
	ln2Low          = -1.904654299957768e-09
)

// exp is eˣ within 2 ulp: x = n·ln 2 + r with |r| ≤ ln 2 / 2, then eˣ = 2ⁿ · (1 + r·q(r)). exp(0) is exactly 1.
func exp(x float32) float32 {
	if x < expLow {
		return 0
	}
	if expHigh < x {
		x = expHigh
	}
	n, r := reduce(x)
	return float32(fma(expTail(r), r, 1) * pow2(n))
}

func reduce(x float32) (n, r float32) {
	n = float32(math.RoundToEven(float64(float32(x * log2e))))
	return n, fma(n, -ln2Low, fma(n, -ln2High, x))
}

// expTail is (eʳ − 1) / r.
func expTail(r float32) float32 {
	q := float32(1.0 / 5040)
	q = fma(q, r, 1.0/720)
	q = fma(q, r, 1.0/120)
	q = fma(q, r, 1.0/24)
	q = fma(q, r, 1.0/6)
	q = fma(q, r, 1.0/2)
	return fma(q, r, 1)
}

func pow2(n float32) float32 { return math.Float32frombits(uint32(int32(n)+127) << 23) }

// tanh is odd and keeps its relative precision near zero: with m = e^(2|x|) − 1 it is m / (m + 2).
func tanh(x float32) float32 {
	a := float32(math.Abs(float64(x)))
	if 10 < a {
		a = 10
	}
	n, r := reduce(a + a)
	s := pow2(n)
	m := fma(float32(expTail(r)*r), s, s-1)
	return float32(math.Copysign(float64(m/(m+2)), float64(x)))
}

// sigmoid is 1 / (1 + e⁻ˣ), given −x.
func sigmoidOfNegative(z float32) float32 { return 1 / (1 + exp(z)) }

// GELU with tanh is x · sigmoid(2u), 2u = 2√(2/π) · (x + 0.044715 x³): no tanh is needed.
const (
	geluLinear = -1.5957691216057308 // −2√(2/π)
	geluCubic  = geluLinear * 0.044715
)

func geluArgument(x float32) (negative2u, x2 float32) {
	x2 = float32(x * x)
	return float32(x * fma(geluCubic, x2, geluLinear)), x2
}
