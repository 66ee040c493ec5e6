package bench

import (
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"croco/kernels"
	"croco/kernels/cpu"
	"croco/kernels/forest"
)

// counter is a device that counts work: seconds of a shared machine say little, but a row that is computed twice, or a call
// more for every token, is a loss on any.
type counter struct {
	kernels.Device
	calls                       int            // of forward operations and of linear layers' backward ones
	rows, backInput             map[string]int // that went through a weight, forward and backward
	queries                     int
	forwardFLOPs, backwardFLOPs float64 // of linear layers
}

func newCounter(t *testing.T) *counter {
	d, err := cpu.New(1)
	require.NoError(t, err)
	return &counter{Device: d, rows: map[string]int{}, backInput: map[string]int{}}
}

func (c *counter) Linear(y, x *kernels.Tensor, w *kernels.Weight, bias *kernels.Tensor, extra *kernels.Extra) {
	c.calls++
	c.rows[w.Name] += x.Height()
	c.forwardFLOPs += 2 * float64(x.Height()*w.Out*w.In)
	c.Device.Linear(y, x, w, bias, extra)
}

func (c *counter) LinearBackwardInput(dx, dy *kernels.Tensor, w *kernels.Weight, accumulate bool) {
	c.calls++
	c.backInput[w.Name] += dy.Height()
	c.backwardFLOPs += 2 * float64(dy.Height()*w.Out*w.In)
	c.Device.LinearBackwardInput(dx, dy, w, accumulate)
}

func (c *counter) LinearBackwardWeight(dw, dy, x *kernels.Tensor) {
	c.calls++
	c.backwardFLOPs += 2 * float64(dy.Height()*dy.Width()*x.Width())
	c.Device.LinearBackwardWeight(dw, dy, x)
}

func (c *counter) Attend(out, lse, q, k, v *kernels.Tensor, plan *forest.Plan, a kernels.Attn) {
	c.calls++
	for _, r := range plan.Runs {
		c.queries += r.Len
	}
	c.Device.Attend(out, lse, q, k, v, plan, a)
}

func (c *counter) Normalize(y, x, w *kernels.Tensor, n kernels.Norm) {
	c.calls++
	c.Device.Normalize(y, x, w, n)
}

func (c *counter) Rotate(x *kernels.Tensor, heads int, positions []int32, r kernels.Rope, inverse bool) {
	c.calls++
	c.Device.Rotate(x, heads, positions, r, inverse)
}

func (c *counter) Gate(y, gate, up *kernels.Tensor, act kernels.Activation) {
	c.calls++
	c.Device.Gate(y, gate, up, act)
}

func (c *counter) Add(y, x *kernels.Tensor) {
	c.calls++
	c.Device.Add(y, x)
}

var toy = filepath.Join("..", "model", "testdata", "models", "llama-tied") // 3 layers

// shape is small, and counts each work twice: once to warm up, once as the measurement.
var shape = Shape{Samples: 3, Prompt: 5, New: 4, Batch: 2, Length: 9, Answer: 4, Steps: 2, Rank: 2, Repeats: 1, Threads: 1}

// count runs a work on a fresh counter.
func count(t *testing.T, work func(string, kernels.Device, Shape) (Result, error), s Shape) *counter {
	t.Helper()
	c := newCounter(t)
	_, err := work(toy, c, s)
	require.NoError(t, err)
	return c
}

// inLayers checks that every linear layer of the base model had so many rows.
func inLayers(t *testing.T, rows map[string]int, want int) {
	t.Helper()
	seen := 0
	for name, n := range rows {
		if strings.HasPrefix(name, "model.layers.") {
			require.Equal(t, want, n, name)
			seen++
		}
	}
	require.Equal(t, 3*7, seen)
}

// A prompt is read once for all its answers, and the logits after it are made once; the last token of an answer is not read.
func TestGenerateComputesWhatItMust(t *testing.T) {
	c := count(t, Generate, shape) // twice up to the first token, twice whole
	inLayers(t, c.rows, 2*5+2*(5+3*3))
	require.Equal(t, 2*1+2*(1+3*3), c.rows["model.embed_tokens.weight"])
	require.Equal(t, 2*3*5+2*3*(5+3*3), c.queries)

	longer := shape
	longer.New++
	perStep := 3*(7+1+2+2+1+2) + 2 // layers: linears, attention, norms, rotations, gate, additions; the last norm and the head
	require.Equal(t, 2*perStep, count(t, Generate, longer).calls-c.calls)
}

// What conversations begin with is computed once.
func TestScoreComputesWhatItMust(t *testing.T) {
	inLayers(t, count(t, Score, shape).rows, 2*(5+2*4))
	unshared := shape
	unshared.Prompt = 0
	inLayers(t, count(t, Score, unshared).rows, 2*2*9)
}

// Both answers of a pair share their prompt, forward and backward; the reference is one forward pass. The first layer's
// inputs are frozen, so nothing is sent back through its queries, keys and values.
func TestDPOComputesWhatItMust(t *testing.T) {
	c := count(t, DPO, shape)
	const rows = 3 * 2 * (5 + 4 + 4) // steps, pairs
	inLayers(t, c.rows, 2*rows)
	for name, n := range c.backInput {
		require.Equal(t, rows, n, name)
	}
	for _, name := range []string{"q_proj", "k_proj", "v_proj"} {
		require.NotContains(t, c.backInput, "model.layers.0.self_attn."+name+".weight")
		require.Contains(t, c.backInput, "model.layers.1.self_attn."+name+".weight")
	}
	layers := 3 * 2 * float64(32*32+2*32*16+32*32+3*32*64) // multiply-adds of a row in all layers, times two
	adapters := c.forwardFLOPs - 2*rows*layers
	require.Less(t, adapters, 0.1*c.forwardFLOPs)
	require.Less(t, c.backwardFLOPs, 1.25*rows*layers)
}

// Memory that a decoding step takes from the heap does not grow with the text: few small objects per token.
func TestDecodingAllocatesLittle(t *testing.T) {
	d, err := cpu.New(1)
	require.NoError(t, err)
	bytes := func(n int) float64 {
		s := shape
		s.New = n
		_, err := Generate(toy, d, s) // so that the device has its buffers
		require.NoError(t, err)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err = Generate(toy, d, s)
		require.NoError(t, err)
		runtime.ReadMemStats(&after)
		return float64(after.TotalAlloc - before.TotalAlloc)
	}
	perToken := (bytes(40) - bytes(8)) / float64(2*3*32)
	t.Logf("%.0f bytes a token", perToken)
	require.Less(t, perToken, 8192.0)
}
