package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// rowsAt gives the addresses of up to eight rows of a stride by three pointers.
type rowsAt struct{ p, p3, p5, stride Register }

func newRows(p, stride Register, n int) rowsAt {
	r := rowsAt{p: p, stride: stride}
	if n > 3 {
		r.p3 = GP64()
		LEAQ(Mem{Base: p, Index: stride, Scale: 2}, r.p3)
		ADDQ(stride, r.p3)
	}
	if n > 5 {
		r.p5 = GP64()
		LEAQ(Mem{Base: r.p3, Index: stride, Scale: 2}, r.p5)
	}
	return r
}

func (r rowsAt) at(i, disp int) Mem {
	switch i {
	case 0:
		return Mem{Base: r.p, Disp: disp}
	case 1, 2, 4:
		return Mem{Base: r.p, Index: r.stride, Scale: uint8(i), Disp: disp}
	case 3:
		return Mem{Base: r.p3, Disp: disp}
	case 5:
		return Mem{Base: r.p5, Disp: disp}
	}
	return Mem{Base: r.p5, Index: r.stride, Scale: uint8(i - 5), Disp: disp}
}

func (r rowsAt) advance(by Op) {
	for _, p := range []Register{r.p, r.p3, r.p5} {
		if p != nil {
			ADDQ(by, p)
		}
	}
}

// kind is what a tile multiplies: A by B, B in rows of words that are read once.
type kind string

const (
	floats kind = "Tile"      // float32 by float32
	halves kind = "TileBF16"  // float32 by pairs of bfloat16
	pairs  kind = "TilePairs" // pairs by pairs
)

// What beta says, as in kernels/cpu/isa.go.
const fromC, flush = 1, 2

// tile is a block of mr rows and nv registers of C: it takes up its accumulators from C, goes over k, and puts them back. A is
// read by broadcast with any strides, B by registers. Meanwhile it fetches what will be read after it.
func tile(s isa, mr, nv int, t kind) {
	full := fmt.Sprintf("%s%s%dx%d", s.name, t, mr, nv*s.lanes)
	TEXT(full, NOSPLIT, "func(k int, a *float32, rs, ks int, b *float32, bs int, c *float32, ldc, beta int, next *float32, step int)")
	Doc(fmt.Sprintf("%s equals go%s for %d rows and %d columns.", full, t, mr, nv*s.lanes))
	k := Load(Param("k"), GP64())
	a, rs := Load(Param("a"), GP64()), Load(Param("rs"), GP64())
	ks := Load(Param("ks"), GP64())
	b, bs := Load(Param("b"), GP64()), Load(Param("bs"), GP64())
	c, ldc := Load(Param("c"), GP64()), Load(Param("ldc"), GP64())
	for _, stride := range []Register{rs, ks, bs, ldc} {
		SHLQ(Imm(2), stride)
	}
	A, C := newRows(a, rs, mr), newRows(c, ldc, mr)
	next, step := Load(Param("next"), GP64()), Load(Param("step"), GP64())

	acc := make([][]VecVirtual, mr)
	for i := range acc {
		acc[i] = make([]VecVirtual, nv)
		for j := range acc[i] {
			acc[i][j] = s.zero()
		}
	}
	restore := flushing(t)
	TESTQ(U32(fromC), address(Param("beta")))
	JZ(LabelRef("fresh"))
	for i := range acc {
		for j := range acc[i] {
			VMOVUPS(C.at(i, j*s.bytes()), acc[i][j])
		}
	}
	JMP(LabelRef("start"))
	Label("fresh") // C is not read, but it shall be at hand when it is written
	for i := range acc {
		for line := 0; line < nv*s.bytes(); line += 64 {
			PREFETCHT0(C.at(i, line))
		}
	}
	Label("start")
	// multiply is one step of the chains: an element of A's rows by a vector of B, which read fills.
	multiply := func(read func(m Mem, r VecVirtual)) {
		bv := make([]VecVirtual, nv)
		for j := range bv {
			bv[j] = s.reg()
			read(Mem{Base: b, Disp: j * s.bytes()}, bv[j])
		}
		for i := range acc {
			x := s.reg()
			VBROADCASTSS(A.at(i, 0), x)
			for j := range bv {
				if t == pairs {
					dotPairs(bv[j], x, acc[i][j])
				} else {
					VFMADD231PS(bv[j], x, acc[i][j])
				}
			}
		}
		A.advance(ks)
	}
	if t == halves {
		SHRQ(Imm(1), k)
	} else {
		TESTQ(k, k)
	}
	JZ(LabelRef("last"))
	Label("loop")
	for line := 0; line < nv*s.bytes(); line += 64 {
		PREFETCHT1(Mem{Base: next, Disp: line})
	}
	ADDQ(step, next)
	if t == halves {
		multiply(s.upper)
		multiply(s.lower)
	} else {
		multiply(func(m Mem, r VecVirtual) { VMOVUPS(m, r) })
	}
	ADDQ(bs, b)
	DECQ(k)
	JNZ(LabelRef("loop"))
	Label("last")
	if t == halves {
		TESTQ(U32(1), address(Param("k")))
		JZ(LabelRef("store"))
		multiply(s.upper)
	}
	Label("store")
	C = newRows(c, ldc, mr) // again: the loop needs the registers
	for i := range acc {
		for j := range acc[i] {
			VMOVUPS(acc[i][j], C.at(i, j*s.bytes()))
		}
	}
	restore()
	end()
}

// widen turns n rows of 48 pairs into twice as many rows of 48 float32.
func widen(s isa) {
	s.fn("Widen", "(n int, y, x *float32)")
	n, ps := Load(Param("n"), GP64()), pointers("y", "x")
	TESTQ(n, n)
	JZ(LabelRef("done"))
	Label("loop")
	for i := range 48 / s.lanes {
		at, upper, lower := i*s.bytes(), s.reg(), s.reg()
		s.upper(Mem{Base: ps[1], Disp: at}, upper)
		s.lower(Mem{Base: ps[1], Disp: at}, lower)
		VMOVUPS(upper, Mem{Base: ps[0], Disp: at})
		VMOVUPS(lower, Mem{Base: ps[0], Disp: 4*48 + at})
	}
	ADDQ(U32(2*4*48), ps[0])
	ADDQ(U32(4*48), ps[1])
	DECQ(n)
	JNZ(LabelRef("loop"))
	Label("done")
	end()
}

// transpose8 turns eight rows of eight by unpacking pairs, shuffling fours and exchanging halves. Where swap is set, the words
// are two bfloat16 as a file holds them, and become pairs, the earlier one in the upper half.
func transpose8(s isa, name string, swap bool) {
	s.fn(name, "(n int, src *float32, lds int, dst *float32, ldd int)")
	n, ps := Load(Param("n"), GP64()), pointers("src", "dst")
	lds, ldd := Load(Param("lds"), GP64()), Load(Param("ldd"), GP64())
	SHLQ(Imm(2), lds)
	SHLQ(Imm(2), ldd)
	src, dst := newRows(ps[0], lds, 8), newRows(ps[1], ldd, 8)
	SHRQ(Imm(3), n)
	JZ(LabelRef("done"))
	down := GP64()
	MOVQ(ldd, down)
	SHLQ(Imm(3), down)
	Label("loop")
	var r, t, u [8]VecVirtual
	for i := range r {
		r[i] = YMM()
		VMOVUPS(src.at(i, 0), r[i])
		if swap {
			up := YMM()
			VPSLLD(Imm(16), r[i], up)
			VPSRLD(Imm(16), r[i], r[i])
			VPOR(up, r[i], r[i])
		}
	}
	for i := 0; i < 8; i += 2 {
		t[i], t[i+1] = YMM(), YMM()
		VUNPCKLPS(r[i+1], r[i], t[i])
		VUNPCKHPS(r[i+1], r[i], t[i+1])
	}
	for h := 0; h < 8; h += 4 {
		for q := range 4 {
			u[h+q] = YMM()
			VSHUFPS(Imm(uint64(0x44+q%2*0xAA)), t[h+2+q/2], t[h+q/2], u[h+q])
		}
	}
	for q := range 4 {
		lo, hi := YMM(), YMM()
		VPERM2F128(Imm(0x20), u[q+4], u[q], lo)
		VPERM2F128(Imm(0x31), u[q+4], u[q], hi)
		VMOVUPS(lo, dst.at(q, 0))
		VMOVUPS(hi, dst.at(q+4, 0))
	}
	src.advance(Imm(32))
	dst.advance(down)
	DECQ(n)
	JNZ(LabelRef("loop"))
	Label("done")
	end()
}
