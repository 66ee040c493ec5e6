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

// ahead is how far, in bytes, B is fetched before it is needed: it may come from memory.
const ahead = 3072

// kind is what a tile multiplies: its name, the type of B, and log₂ of the bytes of an element of B.
type kind struct {
	name, b string
	size    uint64
}

var (
	floats = kind{"Tile", "float32", 2}
	halves = kind{"TileBF16", "uint16", 1}
	pairs  = kind{"TilePairs", "float32", 2} // A and B are pairs of bfloat16
)

// What beta says, as in kernels/cpu/isa.go.
const fromC, flush = 1, 2

// tile is a block of mr rows and nv registers of C: it takes up its accumulators from C, goes over k, and puts them back. A is
// read by broadcast with any strides, B by registers.
func tile(s isa, mr, nv int, t kind) {
	full := fmt.Sprintf("%s%s%dx%d", s.name, t.name, mr, nv*s.lanes)
	TEXT(full, NOSPLIT, fmt.Sprintf("func(k int, a *float32, rs, ks int, b *%s, bs int, c *float32, ldc, beta int)", t.b))
	Doc(fmt.Sprintf("%s equals go%s for %d rows and %d columns.", full, t.name, mr, nv*s.lanes))
	k := Load(Param("k"), GP64())
	a, rs := Load(Param("a"), GP64()), Load(Param("rs"), GP64())
	ks := Load(Param("ks"), GP64())
	b, bs := Load(Param("b"), GP64()), Load(Param("bs"), GP64())
	c, ldc := Load(Param("c"), GP64()), Load(Param("ldc"), GP64())
	SHLQ(Imm(2), rs)
	SHLQ(Imm(2), ks)
	SHLQ(Imm(t.size), bs)
	SHLQ(Imm(2), ldc)
	A, C := newRows(a, rs, mr), newRows(c, ldc, mr)

	acc := make([][]VecVirtual, mr)
	for i := range acc {
		acc[i] = make([]VecVirtual, nv)
		for j := range acc[i] {
			acc[i][j] = s.zero()
		}
	}
	restore := flushing(t)
	TESTQ(U32(fromC), address(Param("beta")))
	JZ(LabelRef("start"))
	for i := range acc {
		for j := range acc[i] {
			VMOVUPS(C.at(i, j*s.bytes()), acc[i][j])
		}
	}
	Label("start")
	TESTQ(k, k)
	JZ(LabelRef("store"))
	Label("loop")
	bv := make([]VecVirtual, nv)
	for j := range bv {
		bv[j] = s.reg()
		m := Mem{Base: b, Disp: j * s.lanes << t.size}
		if t == halves {
			VPMOVZXWD(m, bv[j])
			VPSLLD(Imm(16), bv[j], bv[j])
		} else {
			VMOVUPS(m, bv[j])
		}
	}
	for line := 0; line < nv*s.lanes<<t.size; line += 64 {
		PREFETCHT0(Mem{Base: b, Disp: ahead + line})
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
	ADDQ(bs, b)
	DECQ(k)
	JNZ(LabelRef("loop"))
	Label("store")
	for i := range acc {
		for j := range acc[i] {
			VMOVUPS(acc[i][j], C.at(i, j*s.bytes()))
		}
	}
	restore()
	end()
}

func widen(s isa) {
	s.fn("Widen", "(n int, y *float32, x *uint16)")
	n, ps := Load(Param("n"), GP64()), pointers("y", "x")
	TESTQ(n, n)
	JZ(LabelRef("done"))
	Label("loop")
	for h := range s.halves() {
		r := s.reg()
		VPMOVZXWD(Mem{Base: ps[1], Disp: h * s.bytes() / 2}, r)
		VPSLLD(Imm(16), r, r)
		VMOVUPS(r, Mem{Base: ps[0], Disp: h * s.bytes()})
	}
	ADDQ(Imm(64), ps[0])
	ADDQ(Imm(32), ps[1])
	SUBQ(Imm(16), n)
	JG(LabelRef("loop"))
	Label("done")
	end()
}

// transpose8 turns eight rows of eight by unpacking pairs, shuffling fours and exchanging halves.
func transpose8(s isa) {
	s.fn("Transpose8", "(n int, src *float32, lds int, dst *float32, ldd int)")
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
