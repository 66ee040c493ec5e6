package cpu

import (
	"math"
	"math/bits"
	"time"
	"unsafe"
)

// The second arithmetic multiplies bfloat16 numbers: both sides of a product are rounded to the nearest, ties to even.
// A product of two is exact in float32, and every element stays one chain of fused multiply-adds over k in order, with
// the rule of VDPBF16PS that numbers below the normal range are zero. So the instruction and a plain multiply-add of rounded
// numbers give the same bits, and a device may take what is faster: the instruction does two steps of a chain at once, but
// on Intel's Emerald Rapids takes as long as four multiply-adds.

// narrow copies a row, rounded where the device multiplies bfloat16, and says how long it is.
func (d *Device) narrow(dst, x []float32) int {
	if d.bf16 {
		d.round(len(x), first(dst), first(x))
		return len(x)
	}
	return copy(dst, x)
}

// words writes a row as words: a copy or, where paired is set, the pairs of its rounded numbers.
func (d *Device) words(dst, x []float32, paired bool) {
	if !paired {
		d.narrow(dst, x)
		return
	}
	whole := len(x) &^ 15
	d.pair(whole, first(dst), first(x))
	for i := whole; i < len(x); i += 2 {
		next := float32(0)
		if i+1 < len(x) {
			next = x[i+1]
		}
		dst[i/2] = pairOf(x[i], next)
	}
}

// operand is the left side x (rows, k) of a product, rounded or in pairs, in buffer i.
func (d *Device) operand(i int, x []float32, rows int) []float32 {
	k := len(x) / rows
	words := k
	if d.paired {
		words = (k + 1) / 2
	}
	if len(d.rounded[i]) < rows*words {
		d.rounded[i] = aligned(rows*words + rows*words/4)
	}
	o := &d.rounding
	*o = rounding{d: d, dst: d.rounded[i][:rows*words], x: x, k: k, words: words}
	d.parallel(rows, max(1, chunk/max(1, k)), o)
	return o.dst
}

// rounding makes an operand, row by row.
type rounding struct {
	d        *Device
	dst, x   []float32
	k, words int
}

func (o *rounding) run(_ *worker, lo, hi int) {
	for r := lo; r < hi; r++ {
		o.d.words(o.dst[r*o.words:(r+1)*o.words], o.x[r*o.k:(r+1)*o.k], o.d.paired)
	}
}

// pairsAreFaster measures whether VDPBF16PS outruns two multiply-adds on this processor.
func (s *isa) pairsAreFaster() bool {
	if s.tilePairs == nil {
		return false
	}
	const k = 128
	rows := s.rows[0]
	a, b, c := aligned(rows*k), aligned(k*panelWidth), aligned(rows*panelWidth)
	best := func(tile tileFunc) time.Duration {
		least := time.Hour
		for range 30 {
			begin := time.Now()
			for range 4 {
				tile(rows, 3, k, first(a), k, 1, first(b), panelWidth, first(c), panelWidth, flush, first(b), 0)
			}
			least = min(least, time.Since(begin))
		}
		return least
	}
	return best(s.tilePairs) < 2*best(s.tile)
}

// goRound: y = x rounded to bfloat16.
func goRound(n int, y, x *float32) {
	dst := unsafe.Slice(y, n)
	for i, v := range unsafe.Slice(x, n) {
		dst[i] = toBF16(v)
	}
}

func toBF16(x float32) float32 {
	b := math.Float32bits(x)
	if x != x {
		return math.Float32frombits((b | 1<<22) &^ 0xffff)
	}
	return math.Float32frombits((b + 0x7fff + b>>16&1) &^ 0xffff)
}

// pairOf holds two bfloat16 in the bits of a float32, the earlier one in the upper half.
func pairOf(x, next float32) float32 {
	return math.Float32frombits(math.Float32bits(toBF16(x)) | math.Float32bits(toBF16(next))>>16)
}

func upper(pair float32) float32 { return math.Float32frombits(math.Float32bits(pair) &^ 0xffff) }
func lower(pair float32) float32 { return math.Float32frombits(math.Float32bits(pair) << 16) }

// goPair makes n/2 pairs of n elements, of which there are a multiple of 16.
func goPair(n int, y, x *float32) {
	dst, src := unsafe.Slice(y, n/2), unsafe.Slice(x, n)
	for i := range dst {
		dst[i] = pairOf(src[2*i], src[2*i+1])
	}
}

// goPairRows: y pairs the elements of two rows.
func goPairRows(n int, y, x, next *float32) {
	dst, second := unsafe.Slice(y, n), unsafe.Slice(next, n)
	for i, v := range unsafe.Slice(x, n) {
		dst[i] = pairOf(v, second[i])
	}
}

// goPairHalves: y pairs two rows of bfloat16.
func goPairHalves(n int, y *float32, x, next *uint16) {
	dst, second := unsafe.Slice(y, n), unsafe.Slice(next, n)
	for i, v := range unsafe.Slice(x, n) {
		dst[i] = math.Float32frombits(uint32(v)<<16 | uint32(second[i]))
	}
}

// goTransposePairs8 is goTranspose8 of pairs as files hold them, the later number in the upper half.
func goTransposePairs8(n int, src *float32, lds int, dst *float32, ldd int) {
	for r := range 8 {
		for k := range n {
			*at(dst, k*ldd+r) = swapped(*at(src, r*lds+k))
		}
	}
}

func swapped(pair float32) float32 {
	return math.Float32frombits(bits.RotateLeft32(math.Float32bits(pair), 16))
}

// goWiden turns n rows of 48 pairs into twice as many rows of 48 float32.
func goWiden(n int, y, x *float32) {
	for i, pair := range unsafe.Slice(x, n*panelWidth) {
		row, col := i/panelWidth, i%panelWidth
		*at(y, 2*row*panelWidth+col), *at(y, (2*row+1)*panelWidth+col) = upper(pair), lower(pair)
	}
}

// goTilePairs is goTile, flushed, over pairs: k counts them, and of each the upper halves come first.
func goTilePairs(mr, nv, k int, a *float32, rs, ks int, b *float32, bs int, c *float32, ldc, beta int, _ *float32, _ int) {
	for i := 0; i < mr && beta&fromC == 0; i++ {
		clear(unsafe.Slice(at(c, i*ldc), 16*nv))
	}
	for t := range k {
		for i := range mr {
			x, row := *at(a, i*rs+t*ks), unsafe.Slice(at(c, i*ldc), 16*nv)
			for j, w := range unsafe.Slice(at(b, t*bs), 16*nv) {
				row[j] = flushed(upper(x), upper(w), row[j])
				row[j] = flushed(lower(x), lower(w), row[j])
			}
		}
	}
}

const tiny = 0x1p-126 // the least normal float32

// flushed is fma with operands and results below the normal range taken as zeros of their sign.
func flushed(a, b, c float32) float32 {
	a, b, c = normalOrZero(a), normalOrZero(b), normalOrZero(c)
	r := fma(a, b, c)
	if r == tiny || r == -tiny { // a result that reaches it only by the coarser rounding below the normal range is flushed
		if exact := math.Abs(float64(a)*float64(b) + float64(c)); exact < tiny-0x1p-151 {
			r = float32(math.Copysign(0, float64(r)))
		}
	}
	return normalOrZero(r)
}

func normalOrZero(x float32) float32 {
	if x < tiny && x > -tiny {
		return float32(math.Copysign(0, float64(x)))
	}
	return x
}
