//go:build gpu

package cuda

import (
	"testing"

	"github.com/stretchr/testify/require"

	"croco/kernels"
	"croco/kernels/cuda/driver"
)

// TestRounded: products that read one tensor round it once, and none reads what was rounded before the tensor changed,
// however it changed.
func TestRounded(t *testing.T) {
	d := open(t, Options{Arithmetic: kernels.BF16})
	if !driver.Emulator.Present() {
		t.Skip("only the emulated driver counts")
	}
	const T, K, N = 6, 24, 8
	tensor := func(seed uint64, shape ...int) *kernels.Tensor {
		x := d.New(shape...)
		d.Write(x, noise(seed, x.Len()))
		return x
	}
	w := d.NewWeight("w", N, K, kernels.F32, littleEndian(noise(9, N*K)), false)
	x, other, long, y, dw := tensor(1, T, K), tensor(2, T, K), tensor(3, 3*T, K), d.New(T, N), tensor(4, N, K)
	linear := func(x *kernels.Tensor) { d.Linear(y, x, w, nil, nil) }
	read := func(x *kernels.Tensor) []float32 {
		values := make([]float32, x.Len())
		d.Read(values, x)
		return values
	}
	narrows := func(what func()) int {
		require.NoError(t, d.Sync())
		driver.Emulator.Reset()
		what()
		require.NoError(t, d.Sync())
		return driver.Emulator.Stats().Kernels["narrow"].Launches
	}
	linear(x) // rounds the weight
	require.Equal(t, 1, narrows(func() { linear(x); linear(x) }))
	require.Equal(t, 3, narrows(func() { linear(x); linear(other); linear(x); d.LinearBackwardWeight(dw, y, x) }))

	for name, change := range map[string]func(){
		"write":     func() { d.Write(x, noise(3, T*K)) },
		"rows":      func() { d.Write(x.Rows(4, 5), noise(4, K)) },
		"copy":      func() { d.Copy(x, other) },
		"zero":      func() { d.Zero(x.Rows(1, 2)) },
		"in place":  func() { d.Scale(x, 3) },
		"row add":   func() { d.Add(x.Rows(2, 3), other.Rows(0, 1)) },
		"free, new": func() { d.Free(x); x = d.New(T, K); d.Copy(x, other) },
		"part":      func() { linear(long.Rows(T, 2*T)); d.Copy(x, long.Rows(T, 2*T)) },
		"many": func() {
			for range 2 * keptRounded {
				z := d.New(T, K)
				d.Copy(z, other)
				linear(z)
				defer d.Free(z)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			linear(x)
			change()
			linear(x)
			got := read(y) // after which nothing is kept
			require.Empty(t, d.rounded)
			linear(x)
			require.Equal(t, read(y), got)
		})
	}
	t.Run("parts", func(t *testing.T) { // are not found again: the whole may change
		linear(long.Rows(T, 2*T))
		d.Scale(long, 2)
		linear(long.Rows(T, 2*T))
		got := read(y)
		linear(long.Rows(T, 2*T))
		require.Equal(t, read(y), got)
	})
	linear(x)
	d.wait() // as in the middle of a product for which memory runs out: the copy is in use
	require.Len(t, d.rounded, 1)
	d.Free(x)
	require.Empty(t, d.rounded)
}
