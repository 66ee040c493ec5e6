package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/ir"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// dotPairs is VDPBF16PS (Intel SDM vol. 2, EVEX.512.F3.0F38.W0 52 /r): in every lane, acc takes up two products of bfloat16,
// first that of the upper halves, then that of the lower ones, each by a fused multiply-add; numbers below the normal
// range count as zero. Neither avo nor Go's assembler knows the instruction, so it is written as its six bytes, which can be told
// once registers have been allocated: when it is printed.
func dotPairs(b, a, acc reg.VecVirtual) {
	i := &ir.Instruction{Opcode: "LONG", Inputs: []Op{b, a, acc}, Outputs: []Op{acc}, ISA: []string{"AVX512_BF16"}}
	i.Operands = []Op{encoded{i: i}}
	Instruction(i)
}

// encoded is the operand of the LONG that holds the first four bytes; to avo it is a number.
type encoded struct {
	U32
	i *ir.Instruction
}

func (e encoded) Asm() string {
	n := func(op Op) byte { return byte(reg.ToPhysical(op.(reg.Register)).PhysicalIndex()) }
	b, a, acc := e.i.Inputs[0], e.i.Inputs[1], e.i.Inputs[2]
	c := vdpbf16ps(n(b), n(a), n(acc))
	return fmt.Sprintf("$0x%02x%02x%02x%02x; WORD $0x%02x%02x // VDPBF16PS %s, %s, %s", c[3], c[2], c[1], c[0], c[5], c[4], b.Asm(), a.Asm(), acc.Asm())
}

// vdpbf16ps encodes VDPBF16PS by the numbers of its registers Z0 … Z31. The prefix holds the upper bits of the numbers, inverted.
func vdpbf16ps(b, a, acc byte) [6]byte {
	bit := func(n byte, i int) byte { return ^n >> i & 1 }
	return [6]byte{
		0x62,
		bit(acc, 3)<<7 | bit(b, 4)<<6 | bit(b, 3)<<5 | bit(acc, 4)<<4 | 2, // R X B R' 0, map 0F38
		^a&15<<3 | 1<<2 | 2, // W = 0, vvvv, 1, prefix F3
		2<<5 | bit(a, 4)<<3, // 512 bits, V'
		0x52,
		3<<6 | acc&7<<3 | b&7,
	}
}

// flushing makes a tile of float32 multiply as VDPBF16PS does where its beta says so: numbers below the normal range, operands
// and results, are zero. What it returns ends that.
func flushing(t kind) (restore func()) {
	if t == pairs {
		return func() {}
	}
	saved, beta := AllocLocal(8), address(Param("beta"))
	TESTQ(U32(flush), beta)
	JZ(LabelRef("normal"))
	STMXCSR(saved)
	LDMXCSR(bits(0x9fc0)) // no exceptions, to the nearest, denormals are zeros, flush to zero
	Label("normal")
	return func() {
		TESTQ(U32(flush), beta)
		JZ(LabelRef("end"))
		LDMXCSR(saved)
		Label("end")
	}
}

// rounding turns float32 into bfloat16, to the nearest, ties to even: as float32 again, and as pairs.
func rounding(s isa) {
	s.fn("Round", "(n int, y, x *float32)")
	n, ps := Load(Param("n"), GP64()), pointers("y", "x")
	s.loop(n, ps, func(p *part) {
		x := s.rounded(p.load(ps[1]))
		s.and(bits(0xffff0000), x, x)
		p.store(x, ps[0])
	})
	end()

	// Of each two elements, the earlier goes to the upper half of a pair. n is a multiple of 16.
	s.fn("Pair", "(n int, y, x *float32)")
	n, ps = Load(Param("n"), GP64()), pointers("y", "x")
	earlier := GLOBL("earlier", RODATA|NOPTR)
	for i := range 8 {
		DATA(8*i, U64(0xffff0000))
	}
	SHRQ(Imm(4), n)
	JZ(LabelRef("done"))
	Label("loop")
	for h := range s.halves() {
		x, later := s.reg(), s.reg()
		VMOVUPS(Mem{Base: ps[1], Disp: h * s.bytes()}, x)
		x = s.rounded(x)
		VPSRLQ(Imm(48), x, later)
		s.and(earlier, x, x)
		s.or(later, x, x)
		if s.wide() {
			VPMOVQD(x, Mem{Base: ps[0]})
		} else {
			VPSHUFD(Imm(0x08), x, x)
			VPERMQ(Imm(0x08), x, x)
			VMOVUPS(x.AsX(), Mem{Base: ps[0], Disp: 16 * h})
		}
	}
	ADDQ(Imm(32), ps[0])
	ADDQ(Imm(64), ps[1])
	DECQ(n)
	JNZ(LabelRef("loop"))
	Label("done")
	end()
}

// pairRows pairs the elements of two rows: x goes to the upper halves, next to the lower ones.
func pairRows(s isa) {
	s.fn("PairRows", "(n int, y, x, next *float32)")
	n, ps := Load(Param("n"), GP64()), pointers("y", "x", "next")
	s.loop(n, ps, func(p *part) {
		x, next := s.rounded(p.load(ps[1])), s.rounded(p.load(ps[2]))
		s.and(bits(0xffff0000), x, x)
		VPSRLD(Imm(16), next, next)
		s.or(next, x, x)
		p.store(x, ps[0])
	})
	end()
}

// pairHalves pairs two rows of bfloat16, whose numbers are a multiple of 16.
func pairHalves(s isa) {
	s.fn("PairHalves", "(n int, y *float32, x, next *uint16)")
	n, ps := Load(Param("n"), GP64()), pointers("y", "x", "next")
	SHRQ(Imm(4), n)
	JZ(LabelRef("done"))
	Label("loop")
	for h := range s.halves() {
		x, next := s.reg(), s.reg()
		VPMOVZXWD(Mem{Base: ps[1], Disp: h * s.bytes() / 2}, x)
		VPMOVZXWD(Mem{Base: ps[2], Disp: h * s.bytes() / 2}, next)
		VPSLLD(Imm(16), x, x)
		s.or(next, x, x)
		VMOVUPS(x, Mem{Base: ps[0], Disp: h * s.bytes()})
	}
	ADDQ(Imm(64), ps[0])
	ADDQ(Imm(32), ps[1])
	ADDQ(Imm(32), ps[2])
	DECQ(n)
	JNZ(LabelRef("loop"))
	Label("done")
	end()
}

// upper and lower read the earlier and the later numbers of pairs.
func (s isa) upper(m Mem, r reg.VecVirtual) {
	VMOVUPS(m, r)
	s.and(bits(0xffff0000), r, r)
}

func (s isa) lower(m Mem, r reg.VecVirtual) {
	VMOVUPS(m, r)
	VPSLLD(Imm(16), r, r)
}

// rounded has the bfloat16 nearest to x in its upper half, and something else in the lower one. A NaN stays one.
func (s isa) rounded(x reg.VecVirtual) reg.VecVirtual {
	up, nan := s.reg(), s.reg()
	s.or(bits(1<<22), x, nan)
	VPSRLD(Imm(16), x, up)
	s.and(bits(1), up, up)
	VPADDD(bits(0x7fff), up, up)
	VPADDD(x, up, up)
	if s.wide() {
		k := K()
		VCMPPS(Imm(3), x, x, k) // unordered
		VMOVAPS(nan, k, up)
		return up
	}
	k := s.reg()
	VCMPPS(Imm(3), x, x, k)
	VBLENDVPS(k, nan, up, up)
	return up
}
