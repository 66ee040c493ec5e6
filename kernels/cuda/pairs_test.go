//go:build gpu

package cuda

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"croco/kernels"
	"croco/kernels/reference"
)

// logistic is −log σ(0.1·(chosen − rejected − constant)).
var logistic = kernels.Tape{Inputs: 5, Steps: []kernels.Step{{Op: kernels.OpSub, A: 0, B: 1}, {Op: kernels.OpSub, A: 5, B: 4},
	{Op: kernels.OpTimes, A: 6, K: -0.1}, {Op: kernels.OpSoftplus, A: 7}}}

// TestPairLossIsFloat64: losses are sums in float64 in the order of the host, not only to the precision of float32, and come with
// the next wait for whatever else.
func TestPairLossIsFloat64(t *testing.T) {
	const B, P = 7, 3000
	p, logp := kernels.Pairs{Tail: 0.5}, noise(1, P)
	for i := range P {
		p.Owner = append(p.Owner, int32(i*i%(2*B)))
	}
	for i := range B {
		p.Constants = append(p.Constants, float64(i)/3)
	}
	compute := func(d kernels.Device) (losses []float64, dlogp []float32) {
		losses, dlogp = make([]float64, B), make([]float32, P)
		at, grad := d.New(P), d.New(P)
		d.Write(at, logp)
		d.PairLoss(losses, grad, at, p, logistic, 3)
		d.Read(dlogp, grad)
		return losses, dlogp
	}
	d := open(t, Options{Guarded: true})
	want, wantGrad := compute(reference.New())
	losses, dlogp := compute(d)
	require.NoError(t, d.Sync())
	for i := range want {
		require.InEpsilon(t, want[i], losses[i], 1e-14)
	}
	require.InDeltaSlice(t, wantGrad, dlogp, 1e-9)
}

// TestFirstPairLossIsLn2: where chosen − rejected is the constant.
func TestFirstPairLossIsLn2(t *testing.T) {
	d := open(t, Options{Guarded: true})
	losses, logp := make([]float64, 1), d.New(2)
	d.Write(logp, []float32{-1.5, -2})
	d.PairLoss(losses, d.New(2), logp, kernels.Pairs{Owner: []int32{0, 1}, Constants: []float64{0.5}, Tail: 1}, logistic, 1)
	require.Zero(t, losses[0], "before the wait")
	require.NoError(t, d.Sync())
	require.Equal(t, math.Ln2, losses[0])
}

// TestReadLater: more than pinned memory holds, in pieces, while other copies go to and fro.
func TestReadLater(t *testing.T) {
	d := open(t, Options{})
	const n, pieces = halfSize / 4 / 3, 11
	var got [pieces][]float32
	for i := range got {
		x := d.New(n)
		d.Write(x, noise(uint64(i), n))
		got[i] = make([]float32, n)
		d.ReadLater(got[i], x)
		d.Zero(x) // behind the copy
		d.Free(x)
	}
	require.NoError(t, d.Sync())
	for i := range got {
		require.Equal(t, noise(uint64(i), n), got[i], "piece %d", i)
	}
}
