package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

func elementwise(s isa) {
	s.fn("Add", "(n int, y, x *float32)")
	n, ps := Load(Param("n"), GP64()), pointers("y", "x")
	s.loop(n, ps, func(p *part) {
		y, x := p.load(ps[0]), p.load(ps[1])
		VADDPS(x, y, y)
		p.store(y, ps[0])
	})
	end()

	s.fn("Scale", "(n int, y, x *float32, s float32)")
	n, ps = Load(Param("n"), GP64()), pointers("y", "x")
	f := s.broadcast("s")
	s.loop(n, ps, func(p *part) {
		x := p.load(ps[1])
		VMULPS(f, x, x)
		p.store(x, ps[0])
	})
	end()

	s.fn("Axpy", "(n int, y, x *float32, a float32)")
	n, ps = Load(Param("n"), GP64()), pointers("y", "x")
	f = s.broadcast("a")
	s.loop(n, ps, func(p *part) {
		y, x := p.load(ps[0]), p.load(ps[1])
		VFMADD231PS(f, x, y)
		p.store(y, ps[0])
	})
	end()

	s.fn("ScoreBack", "(n int, ds, p, dp *float32, delta, scale float32)")
	n, ps = Load(Param("n"), GP64()), pointers("ds", "p", "dp")
	delta, scale := s.broadcast("delta"), s.broadcast("scale")
	s.loop(n, ps, func(p *part) {
		prob, dp := p.load(ps[1]), p.load(ps[2])
		VSUBPS(delta, dp, dp)
		VMULPS(dp, prob, dp)
		VMULPS(scale, dp, dp)
		p.store(dp, ps[0])
	})
	end()

	s.fn("Softcap", "(n int, y, x *float32, limit float32)")
	n, ps = Load(Param("n"), GP64()), pointers("y", "x")
	limit := s.broadcast("limit")
	s.loop(n, ps, func(p *part) {
		x := p.load(ps[1])
		VDIVPS(limit, x, x)
		s.tanh(x)
		VMULPS(limit, x, x)
		p.store(x, ps[0])
	})
	end()

	s.fn("Norm", "(n int, y, x, w *float32, inv float32)")
	n, ps = Load(Param("n"), GP64()), pointers("y", "x", "w")
	inv := s.broadcast("inv")
	s.loop(n, ps, func(p *part) {
		x, w := p.load(ps[1]), p.load(ps[2])
		VMULPS(inv, x, x)
		VMULPS(w, x, x)
		p.store(x, ps[0])
	})
	end()

	s.fn("NormBack", "(n int, dx, dy, x, w *float32, inv, c float32)")
	n, ps = Load(Param("n"), GP64()), pointers("dx", "dy", "x", "w")
	inv, c := s.broadcast("inv"), s.broadcast("c")
	s.loop(n, ps, func(p *part) {
		dy, x, w := p.load(ps[1]), p.load(ps[2]), p.load(ps[3])
		VMULPS(w, dy, dy)
		VMULPS(inv, dy, dy)
		VFMADD231PS(c, x, dy)
		p.store(dy, ps[0])
	})
	end()

	s.fn("Rotate", "(n int, a, b, cos, sin *float32, sign float32)")
	n, ps = Load(Param("n"), GP64()), pointers("a", "b", "cos", "sin")
	sign := s.broadcast("sign")
	s.loop(n, ps, func(p *part) {
		a, b, cos, sin := p.load(ps[0]), p.load(ps[1]), p.load(ps[2]), p.load(ps[3])
		VMULPS(sign, sin, sin)
		bs := s.reg()
		VMULPS(sin, b, bs)
		VMULPS(sin, a, sin)
		VFMSUB231PS(cos, a, bs)
		VFMADD231PS(cos, b, sin)
		p.store(bs, ps[0])
		p.store(sin, ps[1])
	})
	end()

	s.fn("AdamW", "(n int, p, grad, m, v, c *float32)")
	n, ps = Load(Param("n"), GP64()), pointers("p", "grad", "m", "v")
	k := Load(Param("c"), GP64())
	s.loop(n, ps, func(p *part) {
		by := func(i int) VecVirtual {
			r := s.reg()
			VBROADCASTSS(Mem{Base: k, Disp: 4 * i}, r)
			return r
		}
		w, g, m, v := p.load(ps[0]), p.load(ps[1]), p.load(ps[2]), p.load(ps[3])
		VMULPS(by(0), g, g)
		t := s.reg()
		VMULPS(by(2), g, t)
		VFMADD213PS(t, by(1), m)
		p.store(m, ps[2])
		VMULPS(g, g, g)
		VMULPS(by(4), g, g)
		VFMADD213PS(g, by(3), v)
		p.store(v, ps[3])
		VMULPS(by(7), v, v)
		VSQRTPS(v, v)
		VADDPS(by(8), v, v)
		VMULPS(by(6), m, m)
		VDIVPS(v, m, m)
		VMULPS(by(5), w, w)
		VSUBPS(m, w, w)
		p.store(w, ps[0])
	})
	end()
}

// gates are the gated activations: gate · σ · up, where σ is the sigmoid of the gate (SiLU) or of 2u (GELU), and backward.
func gates(s isa) {
	for _, gelu := range []bool{false, true} {
		name := "Silu"
		if gelu {
			name = "Gelu"
		}
		// sigma is σ of x, and for GELU x².
		sigma := func(x VecVirtual) (z, x2 VecVirtual) {
			z = s.reg()
			if gelu {
				x2 = s.reg()
				VMULPS(x, x, x2)
				VMOVUPS(constant(geluCubic), z)
				linear := s.held(geluLinear)
				VFMADD213PS(linear, x2, z)
				VMULPS(x, z, z)
			} else if s.wide() {
				VPXORD(bits(1<<31), x, z)
			} else {
				VXORPS(bits(1<<31), x, z)
			}
			s.sigmoidOfNegative(z)
			return z, x2
		}
		s.fn(name, "(n int, y, gate, up *float32)")
		n, ps := Load(Param("n"), GP64()), pointers("y", "gate", "up")
		s.loop(n, ps, func(p *part) {
			x, up := p.load(ps[1]), p.load(ps[2])
			z, _ := sigma(x)
			VMULPS(z, x, x)
			VMULPS(up, x, x)
			p.store(x, ps[0])
		})
		end()

		s.fn(name+"Back", "(n int, dgate, dup, dy, gate, up *float32)")
		n, ps = Load(Param("n"), GP64()), pointers("dgate", "dup", "dy", "gate", "up")
		s.loop(n, ps, func(p *part) {
			dy, x, up := p.load(ps[2]), p.load(ps[3]), p.load(ps[4])
			z, x2 := sigma(x)
			VMULPS(z, x, x) // act
			VMULPS(dy, up, up)
			VMULPS(x, dy, dy)
			rest := s.held(1)
			VSUBPS(z, rest, rest)
			if gelu {
				VMULPS(rest, x, x)
				slope := s.held(-3 * geluCubic)
				linear := s.held(-geluLinear)
				VFMADD213PS(linear, x2, slope)
				VFMADD231PS(slope, x, z)
			} else {
				VFMADD231PS(rest, x, z)
			}
			VMULPS(z, up, up)
			p.store(up, ps[0])
			p.store(dy, ps[1])
		})
		end()
	}
}
