package optest

import (
	"fmt"
	"slices"

	"croco/kernels"
)

// Promise is a set of ways to compute the same numbers, which must agree bit for bit. Keep returns the first difference.
type Promise struct {
	Name string
	Keep func(d kernels.Device) error
}

// Promises are those of package kernels that concern one device; Same compares two.
func Promises(d kernels.Device) []Promise {
	promises := []Promise{
		{"linear: rows", pieces(520, func(T int) Case { return linear(T, 96, 130, 16, true, kernels.F32) })},
		{"linear: rows, a long chain", pieces(70, func(T int) Case { return linear(T, 1100, 49, 0, false, kernels.F32) })},
		{"linear: rows, many outputs", pieces(70, func(T int) Case { return linear(T, 5, 3200, 0, false, kernels.F32) })},
		{"linear bfloat16: rows, a long chain", pieces(70, func(T int) Case { return linear(T, 1100, 130, 0, false, kernels.BF16) })},
		{"linear bfloat16: rows", pieces(70, func(T int) Case { return linear(T, 100, 49, 0, false, kernels.BF16) })},
		{"linear float16: rows", pieces(70, func(T int) Case { return linear(T, 100, 49, 3, true, kernels.F16) })},
		{"rmsnorm: rows", pieces(70, func(T int) Case { return normalize(T, 49, true, kernels.Norm{Eps: 1e-5}) })},
		{"layernorm: rows", pieces(70, func(T int) Case { return normalize(T, 130, true, kernels.Norm{LayerNorm: true, Eps: 1e-5}) })},
		{"gate silu: rows", pieces(70, func(T int) Case { return gate(T, 49, kernels.SiLU) })},
		{"gate gelu_tanh: rows", pieces(70, func(T int) Case { return gate(T, 49, kernels.GELUTanh) })},
		{"softcap: rows", pieces(70, softcap49)},
		{"linear: an adapter with B = 0", zeroAdapter},
		{"attention: packed, alone, in chunks, token by token", attentionFourWays},
		{"attention backward: beside other trees", gradientBesideOthers},
		{"logprobs: picks and rows", logprobsInPieces},
		{"logprobs: sample", logprobsOfSample},
		{"every operation: a second time", secondTime},
	}
	if d.Name() != "reference" { // which rounds a float64 sum once per call
		promises = append(promises, Promise{"linear backward weight: pieces", gradientInPieces})
	}
	return promises
}

func softcap49(T int) Case {
	return element("softcap", T, 49, pointwise, func(s *Scope, y *kernels.Tensor) { s.Softcap(y, 2.5) }, nil)
}

// perRow are the arrays of a case that have one row per token.
var perRow = []string{"x", "X", "y", "dy", "dx", "dX", "gate", "up", "dgate", "dup"}

// pieces promises that a case of T rows has the same bits when it is computed in pieces of 33, 7 and 1 rows.
func pieces(T int, of func(T int) Case) func(d kernels.Device) error {
	return func(d kernels.Device) error {
		whole, all := of(T), func(c Case) (map[string][]float32, error) {
			out, grad, err := compute(c, d, c.In)
			for name, g := range grad {
				out[name] = g
			}
			return out, err
		}
		want, err := all(whole)
		if err != nil {
			return err
		}
		for _, size := range []int{33, 7, 1} {
			piece := of(size)
			for lo := 0; lo < T; lo += size {
				hi := min(lo+size, T)
				if hi-lo < size {
					piece = of(hi - lo)
				}
				for name := range piece.In {
					piece.In[name] = whole.In[name]
					if slices.Contains(perRow, name) {
						piece.In[name] = rowsOf(whole.In[name], lo, hi)
					}
				}
				got, err := all(piece)
				if err != nil {
					return err
				}
				for _, name := range sorted(got) {
					if !slices.Contains(perRow, name) {
						continue
					}
					width := len(want[name]) / T
					if err := identical(got[name], want[name][lo*width:hi*width]); err != nil {
						return fmt.Errorf("%s, rows %d:%d of %d alone: %s: %w", whole.Name(), lo, hi, T, name, err)
					}
				}
			}
		}
		return nil
	}
}

func rowsOf(a Array, lo, hi int) Array {
	width := a.Shape[1]
	return Array{Shape: []int{hi - lo, width}, Data: a.Data[lo*width : hi*width]}
}

// zeroAdapter: x·Wᵀ alone, and with LoRA columns of any rank whose B is zero.
func zeroAdapter(d kernels.Device) error {
	for _, dtype := range []kernels.DType{kernels.F32, kernels.BF16} {
		plain := linear(33, 100, 130, 0, true, dtype)
		want, _, err := compute(plain, d, plain.In)
		if err != nil {
			return err
		}
		for _, R := range []int{1, 8, 16, 17, 64} {
			with := linear(33, 100, 130, R, true, dtype)
			clear(with.In["B"].Data)
			got, _, err := compute(with, d, with.In)
			if err != nil {
				return err
			}
			if err := identical(got["y"], want["y"]); err != nil {
				return fmt.Errorf("%s with B = 0: %w", with.Name(), err)
			}
		}
	}
	return nil
}

// gradientInPieces: dw += dyᵀ·x and db over all rows, and over pieces of the rows one after the other. In bfloat16 the
// matrix units of a GPU add the products of 16 rows at a time: there the promise is of pieces of whole groups of 16.
func gradientInPieces(d kernels.Device) error {
	const T, K, N = 1100, 50, 70
	c := linear(T, K, N, 0, true, kernels.F32)
	_, want, err := compute(c, d, c.In)
	if err != nil {
		return err
	}
	sizes := []int{33, 7, 1}
	if d.Arithmetic() == kernels.BF16 {
		sizes = []int{48, 16}
	}
	for _, size := range sizes {
		s := NewScope(d, c.In)
		x, dy, dw, db := s.upload("x"), s.upload("dy"), s.upload("dw"), s.upload("db")
		for lo := 0; lo < T; lo += size {
			hi := min(lo+size, T)
			s.LinearBackwardWeight(dw, dy.Rows(lo, hi), x.Rows(lo, hi))
			s.BiasBackward(db, dy.Rows(lo, hi))
		}
		gotW, gotB := s.device(dw)(), s.device(db)()
		s.Close()
		if err := identical(gotW, want["dw"]); err != nil {
			return fmt.Errorf("dw by %d rows: %w", size, err)
		}
		if err := identical(gotB, want["db"]); err != nil {
			return fmt.Errorf("db by %d rows: %w", size, err)
		}
	}
	return nil
}

// secondTime: every case twice on the same device.
func secondTime(d kernels.Device) error {
	for _, c := range Cases() {
		if err := Same(c, d, d); err != nil {
			return err
		}
	}
	return nil
}
