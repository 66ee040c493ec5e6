package main

import (
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

func (s isa) accumulators() []VecVirtual {
	acc := make([]VecVirtual, s.halves())
	for i := range acc {
		acc[i] = s.zero()
	}
	return acc
}

func (s isa) result(x VecVirtual) {
	VMOVSS(x, address(ReturnIndex(0)))
	end()
}

func reductions(s isa) {
	s.fn("Sum", "(n int, x *float32) float32")
	n, ps := Load(Param("n"), GP64()), pointers("x")
	acc := s.accumulators()
	s.loop(n, ps, func(p *part) {
		VADDPS(p.load(ps[0]), acc[p.half], acc[p.half])
	})
	s.result(s.fold(acc, add))

	s.fn("Dot", "(n int, x, y *float32) float32")
	n, ps = Load(Param("n"), GP64()), pointers("x", "y")
	acc = s.accumulators()
	s.loop(n, ps, func(p *part) {
		VFMADD231PS(p.load(ps[0]), p.load(ps[1]), acc[p.half])
	})
	s.result(s.fold(acc, add))

	s.fn("Dot3", "(n int, x, y, z *float32) float32")
	n, ps = Load(Param("n"), GP64()), pointers("x", "y", "z")
	acc = s.accumulators()
	s.loop(n, ps, func(p *part) {
		x := p.load(ps[0])
		VMULPS(p.load(ps[1]), x, x)
		VFMADD231PS(p.load(ps[2]), x, acc[p.half])
	})
	s.result(s.fold(acc, add))

	s.fn("Max", "(n int, x *float32) float32")
	n, ps = Load(Param("n"), GP64()), pointers("x")
	for i := range acc {
		acc[i] = s.held(math.Inf(-1))
	}
	s.loop(n, ps, func(p *part) {
		VMAXPS(acc[p.half], p.lower(p.load(ps[0])), acc[p.half])
	})
	s.result(s.fold(acc, top))
}

// sumSquares has 16 lanes of float64: two registers of AVX-512, four of AVX2.
func sumSquares(s isa) {
	s.fn("SumSquares", "(n int, x *float32) float64")
	n, ps := Load(Param("n"), GP64()), pointers("x")
	acc := make([]VecVirtual, 2*s.halves())
	for i := range acc {
		acc[i] = s.zero()
	}
	s.loop(n, ps, func(p *part) {
		x, high := p.load(ps[0]), p.reg()
		lo, hi := p.reg(), p.reg()
		if s.wide() {
			VEXTRACTF64X4(Imm(1), x, high.AsY())
			VCVTPS2PD(x.AsY(), lo)
			VCVTPS2PD(high.AsY(), hi)
		} else {
			VEXTRACTF128(Imm(1), x, high.AsX())
			VCVTPS2PD(x.AsX(), lo)
			VCVTPS2PD(high.AsX(), hi)
		}
		VFMADD231PD(lo, lo, acc[2*p.half])
		VFMADD231PD(hi, hi, acc[2*p.half+1])
	})
	y := YMM()
	if s.wide() {
		VADDPD(acc[1], acc[0], acc[0])
		VEXTRACTF64X4(Imm(1), acc[0], y)
		VADDPD(y, acc[0].AsY(), y)
	} else {
		VADDPD(acc[2], acc[0], acc[0])
		VADDPD(acc[3], acc[1], acc[1])
		VADDPD(acc[1], acc[0], y)
	}
	x, t := XMM(), XMM()
	if s.wide() {
		VEXTRACTF32X4(Imm(1), y, x)
	} else {
		VEXTRACTF128(Imm(1), y, x)
	}
	VADDPD(x, y.AsX(), x)
	VPERMILPD(Imm(1), x, t)
	VADDPD(t, x, x)
	VMOVSD(x, address(ReturnIndex(0)))
	end()
}

func expSum(s isa) {
	s.fn("ExpSum", "(n int, y, x *float32, s, m float32) float32")
	n, ps := Load(Param("n"), GP64()), pointers("y", "x")
	f, m := s.broadcast("s"), s.broadcast("m")
	acc := s.accumulators()
	s.loop(n, ps, func(p *part) {
		x := p.load(ps[1])
		VMULPS(f, x, x)
		VSUBPS(m, x, x)
		s.exp(x)
		p.clear(x)
		VADDPS(x, acc[p.half], acc[p.half])
		p.store(x, ps[0])
	})
	s.result(s.fold(acc, add))
}

// softmaxTile goes twice over its 64 scores: scale and maximum, then exp and sum.
func softmaxTile(s isa) {
	s.fn("SoftmaxTile", "(score *float32, s float32, state *float32)")
	ps := pointers("score", "state")
	f := s.broadcast("s")
	at := func(i int) Mem { return Mem{Base: ps[0], Disp: i * s.bytes()} }
	old := s.reg()
	VBROADCASTSS(Mem{Base: ps[1]}, old)
	highest := make([]VecVirtual, s.halves())
	for i := range highest {
		highest[i] = s.reg()
		VMOVAPS(old, highest[i])
	}
	for i := range 64 / s.lanes {
		x, h := s.reg(), highest[i%s.halves()]
		VMULPS(at(i), f, x)
		VMOVUPS(x, at(i))
		VMAXPS(h, x, h)
	}
	one := s.fold(highest, top)
	VMOVSS(one, Mem{Base: ps[1]})
	m := s.reg()
	s.spread(one, m)
	acc := s.accumulators()
	for i := range 64 / s.lanes {
		x, a := s.reg(), acc[i%s.halves()]
		VMOVUPS(at(i), x)
		VSUBPS(m, x, x)
		s.exp(x)
		VMOVUPS(x, at(i))
		VADDPS(x, a, a)
	}
	sum := s.fold(acc, add)
	VSUBPS(m, old, old)
	s.exp(old)
	VMOVSS(old.AsX(), Mem{Base: ps[1], Disp: 8})
	l := XMM()
	VMOVSS(Mem{Base: ps[1], Disp: 4}, l)
	VMULSS(old.AsX(), l, l)
	VADDSS(sum, l, l)
	VMOVSS(l, Mem{Base: ps[1], Disp: 4})
	end()
}
