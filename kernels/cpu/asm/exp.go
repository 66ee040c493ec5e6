package main

import (
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// The constants of kernels/cpu/scalar.go.
const (
	expLow, expHigh = -87.33654, 88.73
	log2e           = math.Log2E
	ln2High         = 0.693147182464599609375
	ln2Low          = -1.904654299957768e-09
	geluLinear      = -1.5957691216057308
	geluCubic       = geluLinear * 0.044715
)

// reduce splits x, which becomes r, into n·ln 2 + r.
func (s isa) reduce(x VecVirtual) (n VecVirtual) {
	n = s.reg()
	VMULPS(constant(log2e), x, n)
	if s.wide() {
		VRNDSCALEPS(Imm(0), n, n)
	} else {
		VROUNDPS(Imm(0), n, n)
	}
	VFNMADD231PS(constant(ln2High), n, x)
	VFNMADD231PS(constant(ln2Low), n, x)
	return n
}

// expTail is (eʳ − 1) / r.
func (s isa) expTail(r VecVirtual) VecVirtual {
	q := s.held(1.0 / 5040)
	for _, c := range []float64{1.0 / 720, 1.0 / 120, 1.0 / 24, 1.0 / 6, 1.0 / 2, 1} {
		VFMADD213PS(constant(c), r, q)
	}
	return q
}

// pow2 turns the whole numbers n into 2ⁿ.
func (s isa) pow2(n VecVirtual) {
	VCVTPS2DQ(n, n)
	VPADDD(bits(127), n, n)
	VPSLLD(Imm(23), n, n)
}

// exp replaces x by eˣ.
func (s isa) exp(x VecVirtual) {
	var keep Op
	if s.wide() {
		keep = K()
	} else {
		keep = s.reg()
	}
	VCMPPS(Imm(5), constant(expLow), x, keep) // not less than
	high := s.held(expHigh)
	VMINPS(x, high, x)
	n := s.reduce(x)
	q := s.expTail(x)
	VFMADD213PS(constant(1), x, q)
	s.pow2(n)
	if s.wide() {
		VMULPS_Z(n, q, keep, x)
	} else {
		VMULPS(n, q, x)
		VANDPS(keep, x, x)
	}
}

// tanh replaces x.
func (s isa) tanh(x VecVirtual) {
	sign, high := s.reg(), s.held(10)
	s.and(bits(1<<31), x, sign)
	s.and(bits(1<<31-1), x, x)
	VMINPS(x, high, x)
	VADDPS(x, x, x)
	n := s.reduce(x)
	q := s.expTail(x)
	VMULPS(x, q, q)
	s.pow2(n)
	less := s.reg()
	VADDPS(constant(-1), n, less)
	VFMADD213PS(less, n, q)
	VADDPS(constant(2), q, x)
	VDIVPS(x, q, x)
	s.or(sign, x, x)
}

func (s isa) and(a, b, c Op) {
	if s.wide() {
		VPANDD(a, b, c)
	} else {
		VANDPS(a, b, c)
	}
}

func (s isa) or(a, b, c Op) {
	if s.wide() {
		VPORD(a, b, c)
	} else {
		VORPS(a, b, c)
	}
}

// sigmoidOfNegative replaces z by 1 / (1 + eᶻ).
func (s isa) sigmoidOfNegative(z VecVirtual) {
	s.exp(z)
	VADDPS(constant(1), z, z)
	one := s.held(1)
	VDIVPS(z, one, z)
}
