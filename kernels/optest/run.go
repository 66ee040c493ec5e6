package optest

import (
	"time"

	"croco/kernels"
)

// T is what Run needs of *testing.T.
type T[Self any] interface {
	Helper()
	Run(name string, f func(Self)) bool
	Fatal(args ...any)
}

// Run tests a device: every case against the reference, and every exactness promise.
func Run[Test T[Test]](t Test, d kernels.Device) {
	t.Helper()
	each(t, Cases(), func(c Case) error { return Check(c, d) })
	for _, p := range Promises(d) {
		t.Run("exact/"+p.Name, func(t Test) { fail(t, p.Keep(d)) })
	}
}

// RunGradients tests every backward function of a device against finite differences of its forward function.
func RunGradients[Test T[Test]](t Test, d kernels.Device) {
	t.Helper()
	each(t, Cases(), func(c Case) error { return Gradient(c, d) })
}

// RunSame tests that two devices agree bit for bit.
func RunSame[Test T[Test]](t Test, a, b kernels.Device) {
	t.Helper()
	each(t, Cases(), func(c Case) error { return Same(c, a, b) })
}

func each[Test T[Test]](t Test, cases []Case, check func(c Case) error) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.Name(), func(t Test) { fail(t, check(c)) })
	}
}

func fail[Test T[Test]](t Test, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// B is what Bench needs of *testing.B.
type B[Self any] interface {
	Run(name string, f func(Self)) bool
	Fatal(args ...any)
	Loop() bool
	Elapsed() time.Duration
	ReportMetric(n float64, unit string)
}

// Bench times every workload on a device; the metrics are GFLOP/s and GB/s.
func Bench[Bm B[Bm]](b Bm, d kernels.Device) {
	for _, c := range Workloads() {
		s := NewScope(d, c.In)
		bound := c.Bind(s)
		for _, step := range append([]Step{bound.Forward}, bound.Backward...) {
			b.Run(step.Name+"/"+c.size(), func(b Bm) {
				step.Run() // memory and packings are made by the first call
				runs := 0.0
				for b.Loop() {
					step.Run()
					runs++
				}
				if err := d.Sync(); err != nil {
					b.Fatal(err)
				}
				seconds := b.Elapsed().Seconds() / runs
				b.ReportMetric(step.FLOPs/seconds/1e9, "GFLOP/s")
				b.ReportMetric(step.Bytes/seconds/1e9, "GB/s")
			})
		}
		s.Close()
	}
}
