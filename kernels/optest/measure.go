package optest

import (
	"math"
	"slices"
	"time"

	"croco/kernels"
	"croco/kernels/forest"
)

// Result is one measured operation.
type Result struct {
	Op, Size     string
	DType        string
	Rows         int
	FLOPs, Bytes float64 // of one call
	Seconds      float64 // of one call: the median of several
}

// Workloads are the operations at the sizes of a small real model: C = 576, F = 1536, 9 query heads over 3 key/value
// heads of width 64, a vocabulary of 49152; decoding steps of 1 and 16 rows, a prompt of 64, and a training batch of 512.
func Workloads() []Case {
	const C, F, V = 576, 1536, 49152
	a := kernels.Attn{H: 9, G: 3, D: 64}
	prompt := grow(nil, 1, 200)
	var answers [][]int32
	for i := range 4 {
		answers = append(answers, grow(prompt, 2+i, 78))
	}
	var cases []Case
	for _, T := range []int{1, 16, 64, 512} {
		for _, dtype := range []kernels.DType{kernels.F32, kernels.BF16} {
			cases = append(cases, linear(T, C, a.G*a.D, 0, false, dtype), linear(T, C, F, 0, false, dtype), linear(T, F, C, 0, false, dtype))
		}
		cases = append(cases, linear(T, C, C, 16, false, kernels.F32), normalize(T, C, true, kernels.Norm{Eps: 1e-5}),
			rotate(T, a.H, a.D, a.D, false, false), gate(T, F, kernels.SiLU), add(T, C))
	}
	return append(cases, attend("512 rows in 4 answers", forest.Build(answers), a), attendCache(a),
		logprobs(64, C, V, 64, kernels.Logits{}, kernels.BF16), sample("top-p", 16, V, kernels.Draw{Temperature: 1, TopP: 0.9, Forced: -1}),
		embed(512, 8192, C, 1, kernels.BF16), adamw(1<<20, kernels.AdamW{LR: 1e-3, Beta1: 0.9, Beta2: 0.999, Eps: 1e-8, Step: 2, GradScale: 1}),
		sumSquares(1024, 1024))
}

// Large are the operations at the sizes of a model of some 8 billion parameters, for GPUs: C = 4096, F = 14336, 32 query heads over 8 of
// width 128; decoding steps of 1, 16 and 64 rows, and batches of 512 and 4096.
func Large() []Case {
	const C, F = 4096, 14336
	a := kernels.Attn{H: 32, G: 8, D: 128}
	var cases []Case
	for _, T := range []int{1, 16, 64, 512, 4096} {
		cases = append(cases, linear(T, C, C, 0, false, kernels.BF16))
	}
	prompt := grow(nil, 1, 1024)
	var answers [][]int32
	for i := range 8 {
		answers = append(answers, grow(prompt, 3+i, 256))
	}
	return append(cases, linear(512, C, F, 0, false, kernels.BF16), linear(2048, C, C, 0, false, kernels.F32), linear(512, C, C, 16, false, kernels.BF16),
		attend("T=2048", forest.Build([][]int32{grow(nil, 1, 2048)}), a), attend("8 answers of 256 to a prompt of 1024", forest.Build(answers), a),
		normalize(2048, C, true, kernels.Norm{Eps: 1e-5}), gate(2048, 8192, kernels.SiLU),
		adamw(1<<23, kernels.AdamW{LR: 1e-3, Beta1: 0.9, Beta2: 0.999, Eps: 1e-8, Step: 2, GradScale: 1}))
}

// Tiny are a few operations that even the emulated GPU does in no time, to see that measuring works.
func Tiny() []Case {
	a := kernels.Attn{H: 2, G: 1, D: 64}
	return []Case{linear(16, 64, 64, 0, false, kernels.BF16), linear(16, 64, 64, 0, false, kernels.F32),
		attend("T=64", forest.Build([][]int32{grow(nil, 1, 64)}), a), normalize(16, 64, true, kernels.Norm{Eps: 1e-5})}
}

// Measure times the steps of a case: after one call to warm up, batches of calls for at least the given time. The median
// batch counts.
func Measure(d kernels.Device, c Case, atLeast time.Duration) ([]Result, error) {
	s := NewScope(d, c.In)
	defer s.Close()
	b := c.Bind(s)
	var results []Result
	for _, step := range append([]Step{b.Forward}, b.Backward...) {
		seconds, err := median(d, step, atLeast)
		if err != nil {
			return nil, err
		}
		results = append(results, Result{Op: step.Name, Size: c.Size, DType: c.DType.String(), Rows: c.Rows, FLOPs: step.FLOPs, Bytes: step.Bytes, Seconds: seconds})
	}
	return results, nil
}

func median(d kernels.Device, step Step, atLeast time.Duration) (float64, error) {
	batch := func(n int) (float64, error) {
		start := time.Now()
		for range n {
			step.Run()
		}
		err := d.Sync()
		return time.Since(start).Seconds() / float64(n), err
	}
	first, err := batch(1)
	if err != nil {
		return 0, err
	}
	n := max(1, int(math.Ceil(atLeast.Seconds()/9/max(first, 1e-9))))
	var times []float64
	for start := time.Now(); len(times) < 3 || time.Since(start) < atLeast; {
		t, err := batch(min(n, 1<<16))
		if err != nil {
			return 0, err
		}
		times = append(times, t)
	}
	slices.Sort(times)
	return times[len(times)/2], nil
}
