package optest

import (
	"fmt"

	"croco/kernels"
)

// element is an operation y = f(x) on (T,C) that computes in place, with its gradient.
func element(op string, T, C int, tol Tolerance, forward, backward func(s *Scope, y *kernels.Tensor)) Case {
	in := Arrays{}
	in.normal("x", 3, T, C)
	in.normal("dy", 1, T, C)
	return Case{
		Op: op, Size: fmt.Sprintf("T=%d C=%d", T, C), Rows: T, In: in, Tol: tol,
		Bind: func(s *Scope) Bound {
			x, dy, y, dx := s.upload("x"), s.upload("dy"), s.blank(T, C), s.blank(T, C)
			run := func(to, from *kernels.Tensor, f func(*Scope, *kernels.Tensor)) func() {
				return func() {
					s.Copy(to, from)
					f(s, to)
				}
			}
			b := Bound{Forward: Step{op, float64(T * C), float64(8 * T * C), run(y, x, forward)}, Out: Outputs{"y": s.device(y)}}
			if backward != nil {
				b.Backward = []Step{{op + " backward", float64(T * C), float64(8 * T * C), run(dx, dy, backward)}}
				b.Grad = Outputs{"dx": s.device(dx)}
			}
			return b
		},
	}
}

func elementCases() []Case {
	var cases []Case
	for _, size := range [][2]int{{1, 1}, {7, 49}, {33, 64}, {65, 17}} {
		T, C := size[0], size[1]
		scale := func(s *Scope, y *kernels.Tensor) { s.Scale(y, -0.75) }
		drop := func(s *Scope, y *kernels.Tensor) { s.Dropout(y, y, 0.3, 11) }
		cases = append(cases, add(T, C),
			element("scale", T, C, Tolerance{Rel: 1e-7, Why: "one float32 product"}, scale, scale),
			element("softcap", T, C, pointwise, func(s *Scope, y *kernels.Tensor) { s.Softcap(y, 2.5) }, nil),
			element("dropout", T, C, Tolerance{Rel: 3e-7, Why: "one float32 product or quotient"}, drop, drop),
			element("zero", T, C, exactly, func(s *Scope, y *kernels.Tensor) { s.Zero(y) }, nil),
			sumSquares(T, C))
	}
	return cases
}

// add is y += x.
func add(T, C int) Case {
	in := Arrays{}
	in.normal("x", 1, T, C)
	in.normal("z", 1, T, C)
	return Case{
		Op: "add", Size: fmt.Sprintf("T=%d C=%d", T, C), Rows: T, In: in, Tol: Tolerance{Rel: 1e-7, Why: "one float32 sum"},
		Bind: func(s *Scope) Bound {
			x, y := s.upload("x"), s.upload("z")
			return Bound{
				Forward: Step{"add", float64(T * C), float64(12 * T * C), func() { s.Add(y, x) }},
				Out:     Outputs{"y": s.device(y)},
			}
		},
	}
}

// sumSquares is Σ x².
func sumSquares(T, C int) Case {
	in := Arrays{}
	in.normal("x", 1, T, C)
	return Case{
		Op: "sum squares", Size: fmt.Sprintf("T=%d C=%d", T, C), Rows: T, In: in, Tol: Tolerance{Rel: 1e-6, Why: "compared as float32"},
		Bind: func(s *Scope) Bound {
			x, sum := s.upload("x"), make([]float32, 1)
			return Bound{
				Forward: Step{"sum squares", float64(2 * T * C), float64(4 * T * C), func() { sum[0] = float32(s.SumSquares(x)) }},
				Out:     Outputs{"sum": s.host(sum)},
			}
		},
	}
}

// gather is y = x[rows], whose gradient is scatter.
func gather(T, C int, rows []int32) Case {
	n := len(rows)
	in := Arrays{}
	in.normal("x", 1, T, C)
	in.normal("dy", 1, n, C)
	return Case{
		Op: "gather", Size: fmt.Sprintf("T=%d C=%d rows=%d", T, C, n), Rows: n, In: in, Tol: chain(n, 1),
		Bind: func(s *Scope) Bound {
			x, dy, y, dx := s.upload("x"), s.upload("dy"), s.blank(n, C), s.blank(T, C)
			return Bound{
				Forward:  Step{"gather", 0, float64(8 * n * C), func() { s.GatherRows(y, x, rows) }},
				Backward: []Step{{"scatter", float64(n * C), float64(8 * n * C), func() { s.ScatterRows(dx, dy, rows) }}},
				Out:      Outputs{"y": s.device(y)}, Grad: Outputs{"dx": s.device(dx)},
			}
		},
	}
}

// put is y[rows] = x, the other rows staying.
func put(T, C int, rows []int32) Case {
	in := Arrays{}
	in.normal("x", 1, len(rows), C)
	in.normal("cache", 1, T, C)
	return Case{
		Op: "put", Size: fmt.Sprintf("T=%d C=%d rows=%d", T, C, len(rows)), Rows: len(rows), In: in, Tol: exactly,
		Bind: func(s *Scope) Bound {
			x, y := s.upload("x"), s.upload("cache")
			return Bound{
				Forward: Step{"put", 0, float64(8 * len(rows) * C), func() { s.PutRows(y, x, rows) }},
				Out:     Outputs{"y": s.device(y)},
			}
		},
	}
}

// copied is a block of rows moved between two tensors.
func copied(T, C, lo, hi int) Case {
	in := Arrays{}
	in.normal("x", 1, T, C)
	return Case{
		Op: "copy", Size: fmt.Sprintf("T=%d C=%d rows %d:%d", T, C, lo, hi), Rows: hi - lo, In: in, Tol: exactly,
		Bind: func(s *Scope) Bound {
			x, y := s.upload("x"), s.blank(T, C)
			return Bound{
				Forward: Step{"copy", 0, float64(8 * (hi - lo) * C), func() {
					s.Zero(y)
					s.Copy(y.Rows(T-hi, T-lo), x.Rows(lo, hi))
				}},
				Out: Outputs{"y": s.device(y)},
			}
		},
	}
}

func rowCases() []Case {
	return []Case{
		copied(9, 7, 2, 8), copied(65, 33, 0, 65), copied(3, 5, 1, 1),
		gather(1, 1, []int32{0}), gather(9, 49, []int32{8, 0, 0, 3, 8, 8, 1}), gather(40, 16, uniform(3, 65, 40)), gather(3, 5, nil),
		put(1, 1, []int32{0}), put(9, 49, []int32{8, 0, 3}), put(65, 12, []int32{64, 1, 0, 33, 32, 31, 7}), put(3, 5, nil),
	}
}
