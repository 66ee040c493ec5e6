//go:build gpu

package cuda

import (
	"encoding/binary"
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"croco/kernels"
	"croco/kernels/cuda/driver"
	"croco/kernels/reference"
)

// layer is a linear layer with its gradients on one device: y and dx begin from something, dw goes on.
type layer struct {
	T, K, N, R int
}

func (l layer) String() string { return fmt.Sprintf("T=%d K=%d N=%d R=%d", l.T, l.K, l.N, l.R) }

// noise are n values of about ±1 that depend on the seed; every seventh is zero.
func noise(seed uint64, n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		if i%7 != 3 {
			x[i] = float32(2*kernels.Uniform(seed, uint64(i)) - 1)
		}
	}
	return x
}

func littleEndian(x []float32) []byte {
	var raw []byte
	for _, v := range x {
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(v))
	}
	return raw
}

// compute returns y, dx and dw.
func (l layer) compute(d kernels.Device) (y, dx, dw []float32) {
	tensor := func(seed uint64, shape ...int) *kernels.Tensor {
		t := d.New(shape...)
		d.Write(t, noise(seed, t.Len()))
		return t
	}
	weight := func(seed uint64, out, in int) *kernels.Weight {
		return d.NewWeight("w", out, in, kernels.F32, littleEndian(noise(seed, out*in)), false)
	}
	x, w, bias, dy := tensor(1, l.T, l.K), weight(2, l.N, l.K), tensor(3, l.N), tensor(4, l.T, l.N)
	var extra *kernels.Extra
	if l.R > 0 {
		extra = &kernels.Extra{X: tensor(5, l.T, l.R), B: weight(6, l.N, l.R)}
	}
	out, back, grad := d.New(l.T, l.N), tensor(7, l.T, l.K), tensor(8, l.N, l.K)
	d.Linear(out, x, w, bias, extra)
	d.LinearBackwardInput(back, dy, w, true)
	d.LinearBackwardWeight(grad, dy, x)
	read := func(t *kernels.Tensor) []float32 {
		values := make([]float32, t.Len())
		d.Read(values, t)
		return values
	}
	return read(out), read(back), read(grad)
}

// TestLinearTiles: layers of several tiles in each direction, and of tiles of every shape, against the reference and under
// other orders of threads.
func TestLinearTiles(t *testing.T) {
	layers := []layer{{150, 140, 300, 20}, {200, 72, 24, 8}, {9, 300, 70, 16}, {140, 16, 130, 0}, {129, 8, 257, 3}}
	onArchs(t, func(t *testing.T) {
		for _, arithmetic := range []kernels.DType{kernels.F32, kernels.BF16} {
			t.Run(arithmetic.String(), func(t *testing.T) {
				d := open(t, Options{Arithmetic: arithmetic, Guarded: true})
				for _, l := range layers {
					t.Run(l.String(), func(t *testing.T) { l.check(t, d) })
				}
			})
		}
	})
}

func (l layer) check(t *testing.T, d *Device) {
	t.Cleanup(func() { scheduled{d, "0"}.New(1) })
	wantY, wantX, wantW := l.compute(reference.WithArithmetic(d.Arithmetic()))
	y, dx, dw := l.compute(scheduled{d, "0"})
	tol := 1e-6 * math.Sqrt(float64(max(l.T, l.K+l.R, l.N)))
	require.NoError(t, d.Sync())
	require.InDeltaSlice(t, wantY, y, tol, "y")
	require.InDeltaSlice(t, wantX, dx, tol, "dx")
	require.InDeltaSlice(t, wantW, dw, tol, "dw")
	for _, schedule := range []string{"1", "7", "8"} {
		y2, dx2, dw2 := l.compute(scheduled{d, schedule})
		require.Equal(t, y, y2, "y, schedule %s", schedule)
		require.Equal(t, dx, dx2, "dx, schedule %s", schedule)
		require.Equal(t, dw, dw2, "dw, schedule %s", schedule)
	}
}

// TestLinearBlocks: where blocks are fewer than tiles, each takes several in turn, with the same result.
func TestLinearBlocks(t *testing.T) {
	if !driver.Emulator.Present() {
		t.Skip("a real GPU has as many multiprocessors as it has")
	}
	t.Setenv("CROCO_EMU_CC", "90")
	d := open(t, Options{Arithmetic: kernels.BF16, Guarded: true})
	l := layer{T: 300, K: 80, N: 330, R: 8}
	y, dx, dw := l.compute(d)
	d.context.SMs = 2
	for _, schedule := range []string{"0", "1", "7"} {
		y2, dx2, dw2 := l.compute(scheduled{d, schedule})
		require.NoError(t, d.Sync())
		require.Equal(t, y, y2, "y, schedule %s", schedule)
		require.Equal(t, dx, dx2, "dx, schedule %s", schedule)
		require.Equal(t, dw, dw2, "dw, schedule %s", schedule)
	}
	scheduled{d, "0"}.New(1)
}

// TestLinearWork counts what the tensor cores do for a layer of whole tiles: no product twice, and no two addresses of an
// ldmatrix in one bank.
func TestLinearWork(t *testing.T) {
	const side = 256
	onArchs(t, func(t *testing.T) {
		d := open(t, Options{Arithmetic: kernels.BF16})
		if !driver.Emulator.Present() {
			t.Skip("only the emulated driver counts")
		}
		driver.Emulator.Reset()
		layer{T: side, K: side, N: side}.compute(d)
		stats := driver.Emulator.Stats().Kernels
		for _, form := range []string{"nt", "nn", "tn"} {
			if d.hopper() {
				k := stats["linear_sm90_"+form+"_wide"]
				require.Equal(t, side*side*side/(64*256*16), k.WGMMA, form)
				require.Equal(t, 3*2*side*side, k.TMALoad, form) // A once, B for each of two tiles
				continue
			}
			k := stats["linear_bf16_"+form+"_wide"]
			require.Equal(t, side*side*side/(16*8*16), k.MMA, form)
			require.Zero(t, k.Conflicts, form)
		}
	})
}
