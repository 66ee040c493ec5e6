package cpu

import (
	"encoding/binary"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"croco/kernels"
	"croco/kernels/forest"
)

// The op table keeps its matrices small. These are as large as the blocks: several per chain, in rows, columns and depth.

func normal(d *Device, seed uint64, shape ...int) *kernels.Tensor {
	t := d.New(shape...)
	for i := range t.Host {
		t.Host[i] = float32(kernels.Uniform(seed, uint64(2*i)) + kernels.Uniform(seed, uint64(2*i+1)) - 1)
	}
	return t
}

func bytesOf(x []float32, t kernels.DType) []byte {
	var raw []byte
	for _, v := range x {
		if t == kernels.BF16 {
			raw = binary.LittleEndian.AppendUint16(raw, uint16(math.Float32bits(v)>>16))
		} else {
			raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(v))
		}
	}
	return raw
}

func devices() []*Device {
	if raceEnabled {
		return []*Device{newDevice(2, supported()[0].set)}
	}
	var ds []*Device
	for _, c := range supported() {
		ds = append(ds, newDevice(2, c.set))
	}
	return append(ds, newDevice(1, ds[0].isa))
}

func TestLinearOverBlocks(t *testing.T) {
	const n, k, rows = 100, 1100, 500
	sizes := []int{rows, 33, 7, 1}
	var want, wantWide []float32
	for _, d := range devices() {
		x := normal(d, 1, rows, k)
		values := normal(d, 2, n, k).Host
		for i := range values { // as bfloat16 holds them
			values[i] = math.Float32frombits(math.Float32bits(values[i]) &^ 0xffff)
		}
		for _, dtype := range []kernels.DType{kernels.F32, kernels.BF16} {
			w := d.NewWeight("w", n, k, dtype, bytesOf(values, dtype), false)
			for _, r := range sizes {
				y := d.New(r, n)
				d.Linear(y, x.Rows(0, r), w, nil, nil)
				if want == nil {
					want = append(want, y.Host...)
				}
				require.Equal(t, want[:r*n], y.Host, "%s, %v, %d rows", d.Info(), dtype, r)

				dx := d.New(r, k)
				d.LinearBackwardInput(dx, y, w, false)
				if wantWide == nil {
					wantWide = append(wantWide, dx.Host...)
				}
				require.Equal(t, wantWide[:r*k], dx.Host, "backward: %s, %v, %d rows", d.Info(), dtype, r)
			}
		}
	}
	chain := float32(0) // the definition, for one element
	d := newDevice(1, &portable)
	x, w := normal(d, 1, rows, k), normal(d, 2, n, k)
	for i := range k {
		chain = fma(x.Host[3*k+i], math.Float32frombits(math.Float32bits(w.Host[70*k+i])&^0xffff), chain)
	}
	require.Equal(t, chain, want[3*n+70])
}

func TestWeightGradientOverBlocks(t *testing.T) {
	const n, k, rows = 75, 110, 600
	var want []float32
	for _, d := range devices() {
		x, dy, dw := normal(d, 1, rows, k), normal(d, 2, rows, n), normal(d, 3, n, k)
		d.LinearBackwardWeight(dw, dy, x)
		if want == nil {
			want = dw.Host
		}
		require.Equal(t, want, dw.Host, d.Info())
		pieces := normal(d, 3, n, k)
		for lo := 0; lo < rows; lo += 250 {
			hi := min(rows, lo+250)
			d.LinearBackwardWeight(pieces, dy.Rows(lo, hi), x.Rows(lo, hi))
		}
		require.Equal(t, want, pieces.Host, d.Info())
	}
}

// Long paths, with and without a window and a soft cap: packed, and the last rows alone, as when decoding.
func TestAttentionOverTiles(t *testing.T) {
	trunk := make([]int32, 150)
	var sequences [][]int32
	for i := range int32(4) {
		branch := append([]int32(nil), trunk...)
		for j := range 10 + 60*i {
			branch = append(branch, i+1+j)
		}
		sequences = append(sequences, branch)
	}
	f := forest.Build(sequences)
	plan, rows := f.Plan(), f.Rows()
	for _, a := range []kernels.Attn{
		{H: 6, G: 2, D: 32, Scale: 0.4},
		{H: 2, G: 2, D: 20, Scale: 0.4, Window: 100, Softcap: 3},
	} {
		var want, wantGrad []float32
		for _, d := range devices() {
			q, k, v := normal(d, 1, rows, a.H*a.D), normal(d, 2, rows, a.G*a.D), normal(d, 3, rows, a.G*a.D)
			out, lse := d.New(rows, a.H*a.D), d.New(rows, a.H)
			d.Attend(out, lse, q, k, v, plan, a)
			dout, dq, dk, dv := normal(d, 4, rows, a.H*a.D), d.New(rows, a.H*a.D), d.New(rows, a.G*a.D), d.New(rows, a.G*a.D)
			d.AttendBackward(dq, dk, dv, dout, out, lse, q, k, v, plan, a)
			grad := append(append(append([]float32(nil), dq.Host...), dk.Host...), dv.Host...)
			if want == nil {
				want, wantGrad = out.Host, grad
			}
			require.Equal(t, want, out.Host, d.Info())
			require.Equal(t, wantGrad, grad, d.Info())

			last := &forest.Plan{Segments: plan.Segments}
			for s, seg := range plan.Segments {
				last.Runs = append(last.Runs, forest.Run{Row: seg.Start + seg.Len - 1, Segment: s, First: seg.Len - 1, Len: 1})
			}
			alone := d.New(rows, a.H*a.D)
			d.Attend(alone, nil, q, k, v, last, a)
			for _, r := range last.Runs {
				require.Equal(t, want[r.Row*a.H*a.D:(r.Row+1)*a.H*a.D], alone.Host[r.Row*a.H*a.D:(r.Row+1)*a.H*a.D], d.Info())
			}
		}
	}
}
