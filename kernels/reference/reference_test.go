package reference

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"croco/kernels"
	"croco/kernels/forest"
)

// Forward operations are held to numbers made by hand, or by a formula that the code does not use. Backward operations are
// held to finite differences of these by package optest.

var dev = New()

func tensor(values []float32, shape ...int) *kernels.Tensor {
	t := dev.New(shape...)
	dev.Write(t, values)
	return t
}

func weight(values []float32, out, in int) *kernels.Weight {
	w := dev.NewWeight("w", out, in, kernels.F32, make([]byte, 4*out*in), true)
	dev.Write(w.Master, values)
	dev.Refresh(w)
	return w
}

func near(t *testing.T, want []float64, got *kernels.Tensor) {
	t.Helper()
	read := make([]float32, got.Len())
	dev.Read(read, got)
	nearly(t, want, read)
}

func nearly(t *testing.T, want []float64, got []float32) {
	t.Helper()
	require.Len(t, got, len(want))
	for i, w := range want {
		require.InDelta(t, w, float64(got[i]), 1e-6*(1+math.Abs(w)), "element %d", i)
	}
}

func TestLinear(t *testing.T) {
	x, w, y := tensor([]float32{1, 2, 3, 4}, 2, 2), weight([]float32{1, 0, 0, 1, 10, 100}, 3, 2), dev.New(2, 3)
	dev.Linear(y, x, w, nil, nil)
	near(t, []float64{1, 2, 210, 3, 4, 430}, y)
	dev.Linear(y, x, w, tensor([]float32{0.5, 0, -1}, 3), &kernels.Extra{X: tensor([]float32{2, -1}, 2, 1), B: weight([]float32{1, 2, 3}, 3, 1)})
	near(t, []float64{3.5, 6, 215, 2.5, 2, 426}, y)
	require.PanicsWithValue(t, "kernels: linear: y has shape [2 2], expected [2 3]", func() { dev.Linear(x, x, w, nil, nil) })

	dx := tensor([]float32{1, 1, 1, 1}, 2, 2)
	dev.LinearBackwardInput(dx, tensor([]float32{1, 2, 0, 0, 0, 1}, 2, 3), w, true)
	near(t, []float64{2, 3, 11, 101}, dx)
}

func TestEmbed(t *testing.T) {
	y := dev.New(3, 2)
	table := weight([]float32{1, 2, 3, 4}, 2, 2)
	dev.Embed(y, table, []int32{1, 0, 1}, 2)
	near(t, []float64{6, 8, 2, 4, 6, 8}, y)
	require.PanicsWithValue(t, "kernels: embed: id 2 at row 1, the table has 2 rows", func() { dev.Embed(y, table, []int32{0, 2, 0}, 1) })
}

// √(mean of 3², 4²) is √12.5; the deviations of 3 and 5 from their mean are ∓1, with variance 1.
func TestNormalize(t *testing.T) {
	y := dev.New(1, 2)
	dev.Normalize(y, tensor([]float32{3, 4}, 1, 2), tensor([]float32{1, 2}, 2), kernels.Norm{})
	near(t, []float64{3 / math.Sqrt(12.5), 8 / math.Sqrt(12.5)}, y)
	dev.Normalize(y, tensor([]float32{3, 4}, 1, 2), tensor([]float32{1, 2}, 2), kernels.Norm{Eps: 12.5, Offset: 1})
	near(t, []float64{6.0 / 5, 12.0 / 5}, y)
	dev.Normalize(y, tensor([]float32{3, 5}, 1, 2), nil, kernels.Norm{LayerNorm: true, Eps: 3})
	near(t, []float64{-0.5, 0.5}, y)
}

// A quarter turn takes (a, b) to (−b, a), its inverse to (b, −a); the last dimension is not rotated.
func TestRotate(t *testing.T) {
	rope := kernels.Rope{Cos: tensor([]float32{1, 1, 0, 0}, 2, 2), Sin: tensor([]float32{0, 0, 1, 1}, 2, 2), Dim: 4}
	x := []float32{1, 2, 3, 4, 9}
	for _, c := range []struct {
		interleaved, inverse bool
		want                 []float64
	}{{false, false, []float64{-3, -4, 1, 2, 9}}, {true, false, []float64{-2, 1, -4, 3, 9}}, {false, true, []float64{3, 4, -1, -2, 9}}} {
		y := tensor(append(x, x...), 2, 5)
		rope.Interleaved = c.interleaved
		dev.Rotate(y, 1, []int32{0, 1}, rope, c.inverse)
		near(t, append([]float64{1, 2, 3, 4, 9}, c.want...), y)
	}
}

// σ(ln 3) = 3/4. GELU by tanh is within 5e-4 of z·Φ(z), which the error function gives.
func TestGate(t *testing.T) {
	y := dev.New(1, 2)
	dev.Gate(y, tensor([]float32{float32(math.Log(3)), 0}, 1, 2), tensor([]float32{2, 5}, 1, 2), kernels.SiLU)
	near(t, []float64{1.5 * math.Log(3), 0}, y)
	for z := -4.0; z <= 4; z += 0.25 {
		one := dev.New(1, 1)
		dev.Gate(one, tensor([]float32{float32(z)}, 1, 1), tensor([]float32{1}, 1, 1), kernels.GELUTanh)
		require.InDelta(t, z*(1+math.Erf(z/math.Sqrt2))/2, float64(one.Host[0]), 5e-4)
	}
}

// Scores ln 1, ln 2, ln 5 give the weights 1/8, 2/8, 5/8. A window of two leaves 2/7, 5/7.
func TestAttend(t *testing.T) {
	ln := func(x float64) float32 { return float32(math.Log(x)) }
	plan := forest.Build([][]int32{{1, 2, 3}}).Plan()
	q, k, v := tensor([]float32{1, 1, 2}, 3, 1), tensor([]float32{0, ln(2), ln(5)}, 3, 1), tensor([]float32{8, 16, 56}, 3, 1)
	out, lse := dev.New(3, 1), dev.New(3, 1)
	a := kernels.Attn{H: 1, G: 1, D: 1, Scale: 1}
	dev.Attend(out, lse, q, k, v, plan, a)
	near(t, []float64{8, 40.0 / 3, (8 + 4*16 + 25*56) / 30.0}, out)
	near(t, []float64{0, math.Log(3), math.Log(30)}, lse)
	a.Window, a.Scale = 2, 0.5
	dev.Attend(out, lse, q, k, v, plan, a)
	require.InDelta(t, (2*16+5*56)/7.0, float64(out.Host[2]), 1e-4)
	a.Window, a.Scale, a.Softcap = 0, 1, 0.5
	dev.Attend(out, lse, q, k, v, plan, a)
	require.InDelta(t, math.Log(1+math.Exp(0.5*math.Tanh(2*math.Log(2)))), float64(lse.Host[1]), 1e-6)
}

// Query heads 0 and 1 read key/value head 0, heads 2 and 3 read head 1; a branch does not see its sibling.
func TestAttendReadsItsOwnPath(t *testing.T) {
	plan := forest.Build([][]int32{{1, 2}, {1, 3}}).Plan()
	q, k := tensor(make([]float32, 12), 3, 4), tensor(make([]float32, 6), 3, 2)
	v := tensor([]float32{2, 20, 4, 40, 6, 60}, 3, 2)
	out := dev.New(3, 4)
	dev.Attend(out, nil, q, k, v, plan, kernels.Attn{H: 4, G: 2, D: 1, Scale: 1})
	near(t, []float64{2, 2, 20, 20, 3, 3, 30, 30, 4, 4, 40, 40}, out)
}

// Logits ln 1, ln 3, ln 4 have the probabilities 1/8, 3/8, 4/8.
func TestLogProbs(t *testing.T) {
	h, w := tensor([]float32{9, 1}, 2, 1), weight([]float32{0, float32(math.Log(3)), float32(math.Log(4))}, 3, 1)
	logp, stats := dev.New(2), &kernels.HeadStats{Entropy: dev.New(2), MeanLogit: dev.New(2), Argmax: dev.New(2), Collision: dev.New(2)}
	p := kernels.Picks{Rows: []int32{1, 1}, Tokens: []int32{0, 2}}
	dev.LogProbs(logp, stats, h, w, p, kernels.Logits{})
	near(t, []float64{math.Log(1.0 / 8), math.Log(1.0 / 2)}, logp)
	entropy := math.Log(8)/8 + math.Log(8.0/3)*3/8 + math.Log(2)/2
	near(t, []float64{entropy, entropy}, stats.Entropy)
	near(t, []float64{math.Log(12) / 3, math.Log(12) / 3}, stats.MeanLogit)
	near(t, []float64{2, 2}, stats.Argmax)
	near(t, []float64{math.Log(26.0 / 64), math.Log(26.0 / 64)}, stats.Collision)
	dev.LogProbs(logp, nil, h, w, p, kernels.Logits{Scale: 2})
	near(t, []float64{math.Log(1.0 / 26), math.Log(16.0 / 26)}, logp)
	dev.LogProbs(logp, nil, h, w, p, kernels.Logits{Softcap: 1})
	z := 1 + math.Exp(math.Tanh(math.Log(3))) + math.Exp(math.Tanh(math.Log(4)))
	require.InDelta(t, -math.Log(z), float64(logp.Host[0]), 1e-6)
	dev.LogProbs(logp, &kernels.HeadStats{Argmax: stats.Argmax}, h, weight([]float32{1, 2, 2}, 3, 1), p, kernels.Logits{})
	near(t, []float64{1, 1}, stats.Argmax) // the lowest id among equals
	p.Rows = []int32{1, 0}
	require.Panics(t, func() { dev.LogProbs(logp, nil, h, w, p, kernels.Logits{}) }, "rows out of order")
}

// The first step of AdamW is lr in the direction of the gradient's sign, whatever its size.
func TestAdamW(t *testing.T) {
	p, g, m, v := tensor([]float32{1, -2}, 2), tensor([]float32{8, -0.02}, 2), tensor([]float32{0, 0}, 2), tensor([]float32{0, 0}, 2)
	dev.AdamW(p, g, m, v, kernels.AdamW{LR: 0.1, Beta1: 0.9, Beta2: 0.99, Eps: 1e-12, Step: 1, GradScale: 0.5, WeightDecay: 0.5})
	near(t, []float64{0.95 - 0.1, -1.9 + 0.1}, p)
	near(t, []float64{0.4, -0.001}, m)
	near(t, []float64{0.16, 1e-6}, v)
	dev.AdamW(p, g, m, v, kernels.AdamW{LR: 0.1, Beta1: 0.9, Beta2: 0.99, Eps: 4, Step: 2, GradScale: 0.5})
	near(t, []float64{0.85 - 0.1*4/(4+4), -1.8 + 0.1*0.01/(0.01+4)}, p) // equal gradients: m̂ = g, v̂ = g²
	require.InDelta(t, 64.0004, dev.SumSquares(g), 1e-6)
}

func TestRows(t *testing.T) {
	x, y := tensor([]float32{1, 2, 3, 4}, 2, 2), dev.New(3, 2)
	dev.GatherRows(y, x, []int32{1, 0, 1})
	near(t, []float64{3, 4, 1, 2, 3, 4}, y)
	dev.ScatterRows(x, y, []int32{1, 1, 1})
	near(t, []float64{0, 0, 7, 10}, x)
	dev.PutRows(y, x, []int32{2, 0})
	near(t, []float64{7, 10, 1, 2, 0, 0}, y)
	dev.Add(y, y)
	dev.Scale(y, 0.25)
	near(t, []float64{3.5, 5, 0.5, 1, 0, 0}, y)
	dev.Softcap(y, 2)
	near(t, []float64{2 * math.Tanh(1.75), 2 * math.Tanh(2.5), 2 * math.Tanh(0.25), 2 * math.Tanh(0.5), 0, 0}, y)
	require.PanicsWithValue(t, "kernels: gather: row 2 of 2", func() { dev.GatherRows(y, x, []int32{0, 2, 0}) })
}

// A fraction p of the elements is dropped, the rest is raised so that the mean stays.
func TestDropout(t *testing.T) {
	const n, p = 20000, 0.3
	ones := dev.New(n)
	for i := range ones.Host {
		ones.Host[i] = 1
	}
	y, other := dev.New(n), dev.New(n)
	dev.Dropout(y, ones, p, 5)
	dev.Dropout(other, ones, p, 6)
	kept, both, neighbours := 0, 0, 0
	for i, v := range y.Host {
		if v != 0 {
			kept++
			require.InDelta(t, 1/0.7, float64(v), 1e-6)
			if other.Host[i] != 0 {
				both++
			}
			if y.Host[(i+1)%n] != 0 {
				neighbours++
			}
		}
	}
	require.InDelta(t, 0.7, float64(kept)/n, 0.015)
	require.InDelta(t, 0.49, float64(both)/n, 0.015, "another seed drops others")
	require.InDelta(t, 0.49, float64(neighbours)/n, 0.015, "every element has a draw of its own")
}

// 1 + 2⁻⁸ lies halfway between two bfloat16 numbers and goes to the even one; a product of rounded operands is exact.
func TestArithmeticRoundsOperands(t *testing.T) {
	d := WithArithmetic(kernels.BF16)
	require.Equal(t, kernels.BF16, d.Arithmetic())
	x, y, w := d.New(1, 2), d.New(1, 1), d.NewWeight("w", 1, 2, kernels.F32, make([]byte, 8), true)
	d.Write(x, []float32{1 + 0x1p-8, 1 + 0x3p-8})
	d.Write(w.Master, []float32{1, 256 * (1 + 0x1p-9)})
	d.Linear(y, x, w, nil, nil)
	require.Equal(t, float32(1+256*(1+0x4p-8)), y.Host[0])
	require.Panics(t, func() { WithArithmetic(kernels.F16) })
}
