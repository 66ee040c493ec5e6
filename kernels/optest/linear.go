package optest

import (
	"fmt"

	"croco/kernels"
)

// linear is y (T,N) = x (T,K) · W (N,K)ᵀ with an optional bias and R columns of LoRA.
func linear(T, K, N, R int, bias bool, dtype kernels.DType) Case {
	in := Arrays{}
	in.normal("x", 1, T, K)
	in.normal("w", 1, N, K)
	in.normal("dy", 1, T, N)
	c := Case{Op: "linear", Size: fmt.Sprintf("T=%d K=%d N=%d", T, K, N), DType: dtype, Rows: T, In: in, Tol: chain(max(K+R, N, T), 1)}
	if bias {
		c.Size += " bias"
		in.normal("b", 1, N)
		in.normal("db", 1, N)
	}
	if R > 0 {
		c.Size += fmt.Sprintf(" R=%d", R)
		in.normal("X", 1, T, R)
		in.normal("B", 1, N, R)
	}
	if dtype == kernels.F32 {
		in.normal("dw", 1, N, K) // the gradient so far; a half weight is frozen
	}
	c.Bind = func(s *Scope) Bound {
		x, w, b, dy := s.upload("x"), s.pack("w", dtype, false), s.upload("b"), s.upload("dy")
		y, dx := s.blank(T, N), s.blank(T, K)
		var extra *kernels.Extra
		if R > 0 {
			extra = &kernels.Extra{X: s.upload("X"), B: s.pack("B", kernels.F32, true)}
		}
		flops, bytes := 2*float64(T)*float64(N)*float64(K+R), float64(4*(T*K+T*N)+dtype.Size()*N*K)
		bound := Bound{
			Forward:  Step{"linear", flops, bytes, func() { s.Linear(y, x, w, b, extra) }},
			Backward: []Step{{"linear backward input", flops, bytes, func() { s.LinearBackwardInput(dx, dy, w, false) }}},
			Out:      Outputs{"y": s.device(y)},
			Grad:     Outputs{"dx": s.device(dx)},
		}
		if dtype == kernels.F32 {
			dw := s.gradient("dw", N, K)
			bound.Grad["dw"] = s.device(dw)
			bound.Backward = append(bound.Backward, Step{"linear backward weight", flops, bytes + float64(4*N*K), func() { s.LinearBackwardWeight(dw, dy, x) }})
		}
		if bias {
			db := s.gradient("db", N)
			bound.Grad["db"] = s.device(db)
			bound.Backward = append(bound.Backward, Step{"bias backward", float64(T * N), float64(4 * T * N), func() { s.BiasBackward(db, dy) }})
		}
		if R > 0 {
			dX, dB := s.blank(T, R), s.gradient("dB", N, R)
			bound.Grad["dX"], bound.Grad["dB"] = s.device(dX), s.device(dB)
			bound.Backward = append(bound.Backward, Step{"lora backward", 4 * float64(T*N*R), float64(8 * (T*R + N*R)), func() {
				s.LinearBackwardInput(dX, dy, extra.B, false)
				s.LinearBackwardWeight(dB, dy, extra.X)
			}})
		}
		return bound
	}
	return c
}

func linearCases() []Case {
	var cases []Case
	for _, T := range []int{1, 7, 33, 65} {
		cases = append(cases, linear(T, 64, 49, 0, false, kernels.F32), linear(T, 37, 96, 0, true, kernels.F32))
	}
	for _, dtype := range []kernels.DType{kernels.F32, kernels.BF16, kernels.F16} {
		cases = append(cases,
			linear(5, 1, 49, 0, false, dtype), linear(7, 1, 1, 0, true, dtype), linear(1, 100, 1, 0, true, dtype),
			linear(33, 48, 48, 16, false, dtype), linear(7, 40, 130, 1, true, dtype), linear(65, 17, 3, 5, false, dtype))
	}
	return append(cases, accumulated(7, 40, 50), refreshed(5, 20, 53, kernels.F32), refreshed(5, 20, 53, kernels.BF16), refreshed(5, 32, 53, kernels.F32), linear(0, 8, 5, 2, true, kernels.F32), linear(3, 700, 100, 8, true, kernels.F32))
}

// accumulated is the gradient of x where x also went elsewhere: dx holds that part already.
func accumulated(T, K, N int) Case {
	c := linear(T, K, N, 0, false, kernels.F32)
	c.Size += " dx+="
	c.In.normal("dx", 1, T, K)
	plain := c.Bind
	c.Bind = func(s *Scope) Bound {
		bound := plain(s)
		dx, dy, w := s.upload("dx"), s.upload("dy"), s.pack("w", kernels.F32, false)
		bound.Backward[0].Run = func() { s.LinearBackwardInput(dx, dy, w, true) }
		bound.Grad["dx"] = s.device(dx)
		return bound
	}
	return c
}

// refreshed is a layer whose weight was trained after it was packed: both directions use the new values.
func refreshed(T, K, N int, dtype kernels.DType) Case {
	in := Arrays{}
	in.normal("x", 1, T, K)
	in.normal("old", 1, N, K)
	in.normal("w", 0.5, N, K)
	in.normal("dy", 1, T, N)
	return Case{
		Op: "refresh", Size: fmt.Sprintf("T=%d K=%d N=%d", T, K, N), DType: dtype, Rows: T, In: in, Tol: chain(max(K, N), 1),
		Bind: func(s *Scope) Bound {
			x, dy, w := s.upload("x"), s.upload("dy"), s.pack("old", dtype, true)
			y, dx, dw, before := s.blank(T, N), s.blank(T, K), s.gradient("dw", N, K), s.blank(N, K)
			s.Linear(y, x, w, nil, nil)
			s.LinearBackwardInput(dx, dy, w, false)
			return Bound{
				Forward: Step{"refresh", float64(2 * T * N * K), float64(8 * N * K), func() {
					s.Copy(before, w.Master)
					s.Write(w.Master, s.in["w"].Data)
					s.Refresh(w)
					s.Linear(y, x, w, nil, nil)
				}},
				Backward: []Step{{"refresh backward", float64(4 * T * N * K), float64(8 * N * K), func() {
					s.LinearBackwardInput(dx, dy, w, false)
					s.LinearBackwardWeight(dw, dy, x)
				}}},
				Out:  Outputs{"y": s.device(y), "before": s.device(before)},
				Grad: Outputs{"dx": s.device(dx), "dw": s.device(dw)},
			}
		},
	}
}

// embed is y (T,C) = scale · table (V,C)[ids].
func embed(T, V, C int, scale float32, dtype kernels.DType) Case {
	in := Arrays{}
	in.normal("table", 1, V, C)
	in.normal("dy", 1, T, C)
	in.normal("dtable", 1, V, C)
	ids := uniform(uint64(T), T, V)
	return Case{
		Op: "embed", Size: fmt.Sprintf("T=%d V=%d C=%d scale=%g", T, V, C, scale), DType: dtype, Rows: T, In: in, Tol: chain(T, 1),
		Bind: func(s *Scope) Bound {
			table, dy, y, dtable := s.pack("table", dtype, false), s.upload("dy"), s.blank(T, C), s.gradient("dtable", V, C)
			bytes := float64(T * C * (4 + dtype.Size()))
			bound := Bound{
				Forward: Step{"embed", float64(T * C), bytes, func() { s.Embed(y, table, ids, scale) }},
				Out:     Outputs{"y": s.device(y)},
			}
			if dtype == kernels.F32 {
				bound.Backward = []Step{{"embed backward", float64(2 * T * C), bytes, func() { s.EmbedBackward(dtable, dy, ids, scale) }}}
				bound.Grad = Outputs{"dtable": s.device(dtable)}
			}
			return bound
		},
	}
}

func embedCases() []Case {
	var cases []Case
	for _, dtype := range []kernels.DType{kernels.F32, kernels.BF16, kernels.F16} {
		cases = append(cases, embed(1, 5, 1, 1, dtype), embed(33, 11, 49, 2.5, dtype), embed(7, 300, 64, 1, dtype))
	}
	return append(cases, paddedEmbed())
}

// paddedEmbed has rows whose gradient is left out: their id is negative in the backward pass.
func paddedEmbed() Case {
	const T, V, C = 9, 4, 10
	c := embed(T, V, C, 1, kernels.F32)
	c.Op, c.Size = "embed backward", "T=9 V=4 C=10 negative ids"
	delete(c.In, "table")
	c.Bind = func(s *Scope) Bound {
		dy, dtable := s.upload("dy"), s.gradient("dtable", V, C)
		ids := []int32{2, -1, 0, 2, -1, -1, 3, 0, 2}
		return Bound{
			Forward: Step{"embed backward", 2 * T * C, 8 * T * C, func() { s.EmbedBackward(dtable, dy, ids, 1) }},
			Out:     Outputs{"dtable": s.device(dtable)},
		}
	}
	return c
}
