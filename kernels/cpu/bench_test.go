package cpu

import (
	"fmt"
	"testing"

	"croco/kernels"
	"croco/kernels/optest"
)

// The products of SmolLM2-135M: C = 576, F = 1536, V = 49152.
var shapes = []struct {
	name string
	n, k int
}{{"q", 576, 576}, {"kv", 192, 576}, {"up", 1536, 576}, {"down", 576, 1536}, {"head", 49152, 576}, {"lora A", 16, 576}}

func BenchmarkLinear(b *testing.B) {
	for _, dtype := range []kernels.DType{kernels.F32, kernels.BF16} {
		for _, s := range shapes {
			for _, rows := range []int{1, 16, 64, 512} {
				b.Run(fmt.Sprintf("%s/%v/%d", s.name, dtype, rows), func(b *testing.B) {
					d, _ := New(0)
					w := d.NewWeight("w", s.n, s.k, dtype, make([]byte, s.n*s.k*dtype.Size()), false)
					x, y := filled(d, rows, s.k), d.New(rows, s.n)
					rate(b, rows*s.n*s.k, s.n*s.k*dtype.Size(), func() { d.Linear(y, x, w, nil, nil) })
				})
			}
		}
	}
}

func BenchmarkLinearBackward(b *testing.B) {
	const rows = 512
	for _, s := range shapes[:4] {
		d, _ := New(0)
		w := d.NewWeight("w", s.n, s.k, kernels.BF16, make([]byte, 2*s.n*s.k), false)
		x, dy, dw := filled(d, rows, s.k), filled(d, rows, s.n), filled(d, s.n, s.k)
		b.Run("input/"+s.name, func(b *testing.B) {
			rate(b, rows*s.n*s.k, 2*s.n*s.k, func() { d.LinearBackwardInput(x, dy, w, false) })
		})
		b.Run("weight/"+s.name, func(b *testing.B) {
			rate(b, rows*s.n*s.k, 4*s.n*s.k, func() { d.LinearBackwardWeight(dw, dy, x) })
		})
	}
}

// rate reports GFLOP/s of multiply-adds, and GB/s of weights.
func rate(b *testing.B, fmas, bytes int, f func()) {
	f()
	for b.Loop() {
		f()
	}
	seconds := b.Elapsed().Seconds() / float64(b.N)
	b.ReportMetric(2*float64(fmas)/seconds/1e9, "GFLOP/s")
	b.ReportMetric(float64(bytes)/seconds/1e9, "GB/s")
}

func filled(d *Device, shape ...int) *kernels.Tensor {
	t := d.New(shape...)
	for i := range t.Host {
		t.Host[i] = float32(kernels.Uniform(1, uint64(i))) - 0.5
	}
	return t
}

func BenchmarkOperations(b *testing.B) {
	d, _ := New(0)
	optest.Bench(b, d)
}
