package main

import (
	"fmt"
	"log"
	"math"

	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/gotypes"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// isa is an instruction set by the lanes of its registers: 16 (AVX-512) or 8 (AVX2).
type isa struct {
	name  string
	lanes int
}

func (s isa) wide() bool { return s.lanes == 16 }

// bytes of a register.
func (s isa) bytes() int { return 4 * s.lanes }

// halves is how many registers make 16 lanes.
func (s isa) halves() int { return 16 / s.lanes }

func (s isa) reg() VecVirtual {
	if s.wide() {
		return ZMM()
	}
	return YMM()
}

func (s isa) zero() VecVirtual {
	r := s.reg()
	if s.wide() {
		VPXORD(r, r, r)
	} else {
		VXORPS(r, r, r)
	}
	return r
}

// fn begins a function whose stub says which Go loop it equals.
func (s isa) fn(name, sig string) {
	TEXT(s.name+name, NOSPLIT, "func"+sig)
	Doc(fmt.Sprintf("%s%s equals go%s.", s.name, name, name))
}

// broadcast fills a register with a scalar parameter. (avo's Load would be a MOVSS of the old encoding, which costs a
// transition of some 70 cycles where the upper halves of registers are in use.)
func (s isa) broadcast(param string) VecVirtual {
	r := s.reg()
	VBROADCASTSS(address(Param(param)), r)
	return r
}

func address(c gotypes.Component) Mem {
	b, err := c.Resolve()
	if err != nil {
		log.Fatal(err)
	}
	return b.Addr
}

// spread copies lane 0 of x to all lanes of r.
func (s isa) spread(x, r Op) { VBROADCASTSS(x, r) }

var constants = map[uint32]Mem{}

// bits is a constant in memory, 16 times over.
func bits(u uint32) Mem {
	if m, ok := constants[u]; ok {
		return m
	}
	m := GLOBL(fmt.Sprintf("lanes%08x", u), RODATA|NOPTR)
	for i := range 16 {
		DATA(4*i, U32(u))
	}
	constants[u] = m
	return m
}

func constant(x float64) Mem { return bits(math.Float32bits(float32(x))) }

// held loads a constant.
func (s isa) held(x float64) VecVirtual {
	r := s.reg()
	VMOVUPS(constant(x), r)
	return r
}

// part is 16 elements, or one half of them, inside a loop.
type part struct {
	isa
	half   int
	masked bool
	k      Op // the mask: an opmask register, or a vector
}

func (p *part) disp() int { return p.half * p.bytes() }

func (p *part) at(base Register) Mem { return Mem{Base: base, Disp: p.disp()} }

// load reads elements; those beyond the end are 0.
func (p *part) load(base Register) VecVirtual {
	r := p.reg()
	switch {
	case !p.masked:
		VMOVUPS(p.at(base), r)
	case p.wide():
		VMOVUPS_Z(p.at(base), p.k, r)
	default:
		VMASKMOVPS(p.at(base), p.k, r)
	}
	return r
}

func (p *part) store(v VecVirtual, base Register) {
	switch {
	case !p.masked:
		VMOVUPS(v, p.at(base))
	case p.wide():
		VMOVUPS(v, p.k, p.at(base))
	default:
		VMASKMOVPS(v, p.k, p.at(base))
	}
}

// clear sets the elements beyond the end to 0.
func (p *part) clear(v VecVirtual) {
	switch {
	case !p.masked:
	case p.wide():
		VMOVAPS_Z(v, p.k, v)
	default:
		VANDPS(v, p.k, v)
	}
}

// lower sets the elements beyond the end to −∞.
func (p *part) lower(v VecVirtual) VecVirtual {
	if !p.masked {
		return v
	}
	r := p.held(math.Inf(-1))
	if p.wide() {
		VMOVAPS(v, p.k, r)
	} else {
		VBLENDVPS(p.k, v, r, r)
	}
	return r
}

// loop runs body over n elements, 16 at a time and then the rest under a mask; pointers advance. n is used up.
func (s isa) loop(n Register, pointers []Register, body func(p *part)) {
	CMPQ(n, Imm(16))
	JL(LabelRef("rest"))
	Label("loop")
	for h := range s.halves() {
		body(&part{isa: s, half: h})
	}
	for _, p := range pointers {
		ADDQ(Imm(64), p)
	}
	SUBQ(Imm(16), n)
	CMPQ(n, Imm(16))
	JGE(LabelRef("loop"))
	Label("rest")
	TESTQ(n, n)
	JZ(LabelRef("done"))
	for h := range s.halves() {
		body(&part{isa: s, half: h, masked: true, k: s.mask(n, h)})
	}
	Label("done")
}

// mask selects the first n of 16 elements, or what of them lies in half h.
func (s isa) mask(n Register, h int) Op {
	if s.wide() {
		ones, k := GP32(), K()
		MOVL(U32(0xffff), ones)
		BZHIL(n.(GPVirtual).As32(), ones, ones)
		KMOVW(ones, k)
		return k
	}
	base, i, limit, m := GP64(), GP64(), GP64(), YMM()
	MOVQ(n, i)
	if h == 1 {
		XORQ(limit, limit)
		SUBQ(Imm(8), i)
		CMOVQLT(limit, i)
	} else {
		MOVQ(U32(8), limit)
		CMPQ(i, limit)
		CMOVQGT(limit, i)
	}
	NEGQ(i)
	LEAQ(steps(), base)
	VMOVUPS(Mem{Base: base, Index: i, Scale: 4, Disp: 32}, m)
	return m
}

var stepTable *Mem

// steps is eight words of ones, then eight of zeros.
func steps() Mem {
	if stepTable == nil {
		m := GLOBL("steps", RODATA|NOPTR)
		for i := range 16 {
			u := ^uint32(0)
			if i >= 8 {
				u = 0
			}
			DATA(4*i, U32(u))
		}
		stepTable = &m
	}
	return *stepTable
}

// pointers loads pointer parameters.
func pointers(names ...string) []Register {
	rs := make([]Register, len(names))
	for i, n := range names {
		rs[i] = Load(Param(n), GP64())
	}
	return rs
}

func end() {
	VZEROUPPER()
	RET()
}

// fold reduces 16 lanes by halves: i with i+8, i+4, i+2, i+1. op is VADDPS or VMAXPS.
func (s isa) fold(acc []VecVirtual, op func(ops ...Op)) VecVirtual {
	y := YMM()
	if s.wide() {
		VEXTRACTF64X4(Imm(1), acc[0], y)
		op(y, acc[0].AsY(), y)
	} else {
		op(acc[1], acc[0], y)
	}
	x, t := XMM(), XMM()
	if s.wide() {
		VEXTRACTF32X4(Imm(1), y, x)
	} else {
		VEXTRACTF128(Imm(1), y, x)
	}
	op(x, y.AsX(), x)
	VPERMILPS(Imm(0x4E), x, t)
	op(t, x, x)
	VPERMILPS(Imm(0xB1), x, t)
	op(t, x, x)
	return x
}

func add(ops ...Op) { VADDPS(ops...) }
func top(ops ...Op) { VMAXPS(ops...) }
