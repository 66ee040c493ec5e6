package cpu

import (
	"testing"

	"github.com/stretchr/testify/require"

	"croco/kernels"
	"croco/kernels/optest"
)

// every runs a test on all instruction sets of the machine with several threads; under the race detector, only on what has
// most to race.
func every(t *testing.T, f func(t *testing.T, d *Device)) {
	for _, c := range supported() {
		t.Run(c.key, func(t *testing.T) { f(t, newDevice(3, c.set)) })
		if raceEnabled {
			return
		}
	}
}

func TestOperations(t *testing.T) {
	every(t, func(t *testing.T, d *Device) { optest.Run(t, d) })
}

func TestGradients(t *testing.T) {
	if raceEnabled {
		t.Skip("numerics: without the race detector")
	}
	optest.RunGradients(t, newDevice(2, supported()[0].set))
}

// All instruction sets and all numbers of threads agree bit for bit.
func TestSame(t *testing.T) {
	if raceEnabled {
		t.Skip("numerics: without the race detector")
	}
	oracle := newDevice(1, supported()[0].set)
	every(t, func(t *testing.T, d *Device) { optest.RunSame(t, oracle, d) })
}

func TestChoice(t *testing.T) {
	for _, c := range supported() {
		t.Setenv("CROCO_CPU", c.key)
		d, err := New(2)
		require.NoError(t, err)
		require.Equal(t, c.set.name+", 2 threads", d.Info())
	}
	t.Setenv("CROCO_CPU", "mmx")
	_, err := New(0)
	require.ErrorContains(t, err, "CROCO_CPU=mmx: this machine offers")
	_, err = New(-1)
	require.ErrorContains(t, err, "-1 threads")
}

func TestMemory(t *testing.T) {
	d := newDevice(1, &portable)
	a := d.New(3, 100)
	p := &a.Host[0]
	d.Free(a, nil)
	b := d.New(290) // of the same size class
	require.Same(t, p, &b.Host[0])
	require.PanicsWithValue(t, "cpu: Free of a tensor of shape [3 100] that New did not give out, or that was freed before", func() { d.Free(a) })
	require.Zero(t, d.New(0, 5).Len())
	require.Panics(t, func() { d.Linear(b, b, d.NewWeight("w", 3, 100, kernels.F32, make([]byte, 1200), false), nil, nil) })
}

// A linear layer allocates nothing once it runs.
func TestLinearAllocatesNothing(t *testing.T) {
	for _, threads := range []int{1, 2} {
		d := newDevice(threads, supported()[0].set)
		w := d.NewWeight("w", 96, 64, kernels.BF16, make([]byte, 2*96*64), false)
		b := d.NewWeight("b", 96, 16, kernels.F32, make([]byte, 4*96*16), true)
		x, y, bias := d.New(40, 64), d.New(40, 96), d.New(96)
		extra := &kernels.Extra{X: d.New(40, 16), B: b}
		require.Zero(t, testing.AllocsPerRun(50, func() {
			d.Linear(y, x, w, bias, extra)
			d.LinearBackwardInput(x, y, w, true)
		}))
	}
}
