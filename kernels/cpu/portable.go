package cpu

import (
	"math"
	"unsafe"
)

// The kernels in plain Go: documentation of the assembly, oracle of its tests, and what runs where there is none.
// Loops that a compiler might fuse into multiply-adds of its own are held apart by float32 conversions.

var portable = isa{
	name: "Go", rows: []int{4, 2, 1},
	tile: goTile, tileBF16: goTileBF16, round: goRound, pair: goPair, pairRows: goPairRows, pairHalves: goPairHalves,
	widen: goWiden, add: goAdd, scale: goScale, axpy: goAxpy,
	dot: goDot, dot3: goDot3, sum: goSum, max: goMax, sumSquares: goSumSquares,
	expSum: goExpSum, softmaxTile: goSoftmaxTile, scoreBack: goScoreBack, softcap: goSoftcap,
	silu: goSilu, siluBack: goSiluBack, gelu: goGelu, geluBack: goGeluBack,
	norm: goNorm, normBack: goNormBack, rotate: goRotate, adamw: goAdamW, transpose8: goTranspose8,
	transposePairs8: goTransposePairs8,
}

func at[T any](p *T, i int) *T { return (*T)(unsafe.Add(unsafe.Pointer(p), i*int(unsafe.Sizeof(*p)))) }

func fromBF16(x uint16) float32 { return math.Float32frombits(uint32(x) << 16) }

// goTile: C[i][j] = (beta & fromC ? C[i][j] : 0), then for t = 0 … k−1 in order C[i][j] = fma(A[i·rs + t·ks], B[t·bs + j], C[i][j]), for
// i < mr and j < 16·nv. Strides count elements. Where beta says flush, fma is flushed.
func goTile(mr, nv, k int, a *float32, rs, ks int, b *float32, bs int, c *float32, ldc, beta int, _ *float32, _ int) {
	for i := 0; i < mr && beta&fromC == 0; i++ {
		clear(unsafe.Slice(at(c, i*ldc), 16*nv))
	}
	for t := range k {
		for i := range mr {
			x, row := *at(a, i*rs+t*ks), unsafe.Slice(at(c, i*ldc), 16*nv)
			for j, w := range unsafe.Slice(at(b, t*bs), 16*nv) {
				if beta&flush != 0 {
					row[j] = flushed(x, w, row[j])
				} else {
					row[j] = fma(x, w, row[j])
				}
			}
		}
	}
}

// goTileBF16 is goTile over pairs of bfloat16: of row t/2 of B the upper halves where t is even, else the lower ones.
func goTileBF16(mr, nv, k int, a *float32, rs, ks int, b *float32, bs int, c *float32, ldc, beta int, next *float32, _ int) {
	var wide [48]float32
	if k == 0 {
		goTile(mr, nv, 0, a, rs, ks, b, bs, c, ldc, beta, next, 0)
	}
	for t := range k {
		for j, pair := range unsafe.Slice(at(b, t/2*bs), 16*nv) {
			if wide[j] = upper(pair); t%2 == 1 {
				wide[j] = lower(pair)
			}
		}
		goTile(mr, nv, 1, at(a, t*ks), rs, ks, &wide[0], 48, c, ldc, beta|min(t, fromC), next, 0)
	}
}

func goAdd(n int, y, x *float32) {
	dst := unsafe.Slice(y, n)
	for i, v := range unsafe.Slice(x, n) {
		dst[i] += v
	}
}

func goScale(n int, y, x *float32, s float32) {
	dst := unsafe.Slice(y, n)
	for i, v := range unsafe.Slice(x, n) {
		dst[i] = v * s
	}
}

func goAxpy(n int, y, x *float32, a float32) {
	dst := unsafe.Slice(y, n)
	for i, v := range unsafe.Slice(x, n) {
		dst[i] = fma(v, a, dst[i])
	}
}

// fold adds 16 lanes by halves.
func fold[T float32 | float64](l *[16]T) T {
	for h := 8; h > 0; h /= 2 {
		for i := range h {
			l[i] += l[i+h]
		}
	}
	return l[0]
}

func goDot(n int, x, y *float32) float32 {
	var l [16]float32
	ys := unsafe.Slice(y, n)
	for i, v := range unsafe.Slice(x, n) {
		l[i&15] = fma(v, ys[i], l[i&15])
	}
	return fold(&l)
}

// dot3 is Σ (x·y)·z.
func goDot3(n int, x, y, z *float32) float32 {
	var l [16]float32
	ys, zs := unsafe.Slice(y, n), unsafe.Slice(z, n)
	for i, v := range unsafe.Slice(x, n) {
		l[i&15] = fma(float32(v*ys[i]), zs[i], l[i&15])
	}
	return fold(&l)
}

func goSum(n int, x *float32) float32 {
	var l [16]float32
	for i, v := range unsafe.Slice(x, n) {
		l[i&15] += v
	}
	return fold(&l)
}

func goMax(n int, x *float32) float32 {
	m := float32(math.Inf(-1))
	for _, v := range unsafe.Slice(x, n) {
		if v > m {
			m = v
		}
	}
	return m
}

func goSumSquares(n int, x *float32) float64 {
	var l [16]float64
	for i, v := range unsafe.Slice(x, n) {
		l[i&15] += float64(v) * float64(v)
	}
	return fold(&l)
}

// expSum: y = exp(x·s − m), and their sum.
func goExpSum(n int, y, x *float32, s, m float32) float32 {
	var l [16]float32
	dst := unsafe.Slice(y, n)
	for i, v := range unsafe.Slice(x, n) {
		dst[i] = exp(float32(v*s) - m)
		l[i&15] += dst[i]
	}
	return fold(&l)
}

// softmaxTile is one step of a running softmax over a tile of 64 scores. state is (maximum, sum, factor): the scores become
// exp(score·s − new maximum), the sum is rescaled and goes on, and factor is what the accumulator must be multiplied by.
func goSoftmaxTile(score *float32, s float32, state *float32) {
	st := unsafe.Slice(state, 3)
	old := st[0]
	for i := range 64 {
		*at(score, i) *= s
	}
	if m := goMax(64, score); m > old {
		st[0] = m
	}
	sum := goExpSum(64, score, score, 1, st[0])
	st[2] = exp(old - st[0])
	st[1] = float32(st[1]*st[2]) + sum
}

// In the forward pass this was p = softmax(s), so now ds = p · (dp − delta) · scale, where delta is Σ p·dp.
func goScoreBack(n int, ds, p, dp *float32, delta, scale float32) {
	dst, dps := unsafe.Slice(ds, n), unsafe.Slice(dp, n)
	for i, v := range unsafe.Slice(p, n) {
		dst[i] = float32(v*(dps[i]-delta)) * scale
	}
}

func goSoftcap(n int, y, x *float32, limit float32) {
	dst := unsafe.Slice(y, n)
	for i, v := range unsafe.Slice(x, n) {
		dst[i] = limit * tanh(v/limit)
	}
}

func goSilu(n int, y, gate, up *float32) {
	dst, us := unsafe.Slice(y, n), unsafe.Slice(up, n)
	for i, x := range unsafe.Slice(gate, n) {
		dst[i] = float32(x*sigmoidOfNegative(-x)) * us[i]
	}
}

// In the forward pass this was y = x·σ(x) · up, so now dup = dy · x·σ and dgate = dy · up · (σ + x·σ·(1 − σ)).
func goSiluBack(n int, dgate, dup, dy, gate, up *float32) {
	dg, du, d, us := unsafe.Slice(dgate, n), unsafe.Slice(dup, n), unsafe.Slice(dy, n), unsafe.Slice(up, n)
	for i, x := range unsafe.Slice(gate, n) {
		s := sigmoidOfNegative(-x)
		act := float32(x * s)
		dg[i], du[i] = float32(d[i]*us[i])*fma(act, 1-s, s), d[i]*act
	}
}

func goGelu(n int, y, gate, up *float32) {
	dst, us := unsafe.Slice(y, n), unsafe.Slice(up, n)
	for i, x := range unsafe.Slice(gate, n) {
		z, _ := geluArgument(x)
		dst[i] = float32(x*sigmoidOfNegative(z)) * us[i]
	}
}

// In the forward pass this was y = x·σ(2u) · up, so now dgate = dy · up · (σ + x·σ·(1 − σ) · d2u/dx).
func goGeluBack(n int, dgate, dup, dy, gate, up *float32) {
	dg, du, d, us := unsafe.Slice(dgate, n), unsafe.Slice(dup, n), unsafe.Slice(dy, n), unsafe.Slice(up, n)
	for i, x := range unsafe.Slice(gate, n) {
		z, x2 := geluArgument(x)
		s := sigmoidOfNegative(z)
		act := float32(x * s)
		slope := fma(-3*geluCubic, x2, -geluLinear)
		dg[i], du[i] = float32(d[i]*us[i])*fma(float32(act*(1-s)), slope, s), d[i]*act
	}
}

// norm: y = (x·inv)·w.
func goNorm(n int, y, x, w *float32, inv float32) {
	dst, ws := unsafe.Slice(y, n), unsafe.Slice(w, n)
	for i, v := range unsafe.Slice(x, n) {
		dst[i] = float32(v*inv) * ws[i]
	}
}

// normBack: dx = (dy·w)·inv + x·c.
func goNormBack(n int, dx, dy, x, w *float32, inv, c float32) {
	dst, xs, ws := unsafe.Slice(dx, n), unsafe.Slice(x, n), unsafe.Slice(w, n)
	for i, v := range unsafe.Slice(dy, n) {
		dst[i] = fma(xs[i], c, float32(float32(v*ws[i])*inv))
	}
}

// rotate turns the pairs (a[i], b[i]) by angles of which cos and sin·sign are given.
func goRotate(n int, a, b, cos, sin *float32, sign float32) {
	as, bs, ss := unsafe.Slice(a, n), unsafe.Slice(b, n), unsafe.Slice(sin, n)
	for i, c := range unsafe.Slice(cos, n) {
		x, y, s := as[i], bs[i], ss[i]*sign
		as[i], bs[i] = fma(x, c, -float32(y*s)), fma(y, c, float32(x*s))
	}
}

// adamw updates p, m and v. c is (gradient's factor, β1, 1−β1, β2, 1−β2, 1−lr·wd, lr/(1−β1ᵗ), 1/(1−β2ᵗ), ε).
func goAdamW(n int, p, g, m, v *float32, c *float32) {
	k := unsafe.Slice(c, 9)
	ps, ms, vs := unsafe.Slice(p, n), unsafe.Slice(m, n), unsafe.Slice(v, n)
	for i, x := range unsafe.Slice(g, n) {
		x = float32(x * k[0])
		ms[i] = fma(ms[i], k[1], float32(x*k[2]))
		vs[i] = fma(vs[i], k[3], float32(float32(x*x)*k[4]))
		root := float32(math.Sqrt(float64(float32(vs[i] * k[7]))))
		ps[i] = float32(ps[i]*k[5]) - float32(float32(ms[i]*k[6])/(root+k[8]))
	}
}

// transpose8: dst[k·ldd + r] = src[r·lds + k] for r < 8, k < n; n is a multiple of 8.
func goTranspose8(n int, src *float32, lds int, dst *float32, ldd int) {
	for r := range 8 {
		for k := range n {
			*at(dst, k*ldd+r) = *at(src, r*lds+k)
		}
	}
}
