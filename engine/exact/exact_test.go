package exact

import (
	"context"
	"math"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"croco/kernels"
	"croco/kernels/cpu"
)

var models = filepath.Join("..", "..", "model", "testdata", "models")

// broken is a device whose arithmetic has a fault.
type broken struct {
	kernels.Device
	linear func(rows int) bool // which products are off by the last bit, as another order of additions would be
	sample bool                // log-probabilities of draws are off by the last bit
}

func (b broken) Linear(y, x *kernels.Tensor, w *kernels.Weight, bias *kernels.Tensor, extra *kernels.Extra) {
	b.Device.Linear(y, x, w, bias, extra)
	if b.linear == nil || !b.linear(x.Height()) {
		return
	}
	values := make([]float32, y.Len())
	b.Read(values, y)
	for i := range values {
		values[i] = math.Nextafter32(values[i], 9)
	}
	b.Write(y, values)
}

func (b broken) Sample(tokens []int32, logp []float32, logits *kernels.Tensor, draws []kernels.Draw) {
	b.Device.Sample(tokens, logp, logits, draws)
	for i := range logp {
		if b.sample {
			logp[i] = math.Nextafter32(logp[i], -9)
		}
	}
}

// verdicts runs the check with devices that fault makes of good ones: + a promise that holds, - a broken one, . one that
// does not apply.
func verdicts(t *testing.T, model, adapter string, fault func(threads int, d kernels.Device) kernels.Device) (string, Report) {
	t.Helper()
	r, err := Run(context.Background(), Options{Model: filepath.Join(models, model), Adapter: adapter, Scratch: t.TempDir(),
		Open: func(threads int) (kernels.Device, error) {
			d, err := cpu.New(threads)
			if fault == nil {
				return d, err
			}
			return fault(threads, d), err
		}})
	require.NoError(t, err)
	all := ""
	for _, p := range r.Promises {
		switch {
		case p.Skipped != "":
			all += "."
		case p.Broken != "":
			all += "-"
		default:
			all += "+"
		}
	}
	return all, r
}

func TestPromisesHold(t *testing.T) {
	for model, want := range map[string]string{"gemma3": "+++++", "qwen2-bf16": "+++++", "qwen3-seqcls": "...++"} {
		t.Run(model, func(t *testing.T) {
			got, r := verdicts(t, model, "", nil)
			require.Equal(t, want, got, "%s", r)
			require.True(t, r.OK())
		})
	}
}

func TestPromisesHoldInBFloat16(t *testing.T) {
	got, r := verdicts(t, "qwen3", "", func(threads int, _ kernels.Device) kernels.Device {
		d, err := cpu.WithArithmetic(threads, kernels.BF16)
		require.NoError(t, err)
		return d
	})
	require.Equal(t, "+++++", got, "%s", r)
	require.Contains(t, r.Title, "bfloat16 products")
}

func TestPromisesHoldWithAnAdapter(t *testing.T) {
	adapter := filepath.Join("..", "trainer", "testdata", "training", "dpo-qwen3", "final")
	got, r := verdicts(t, "qwen3", adapter, nil)
	require.Equal(t, "+++++", got, "%s", r)
}

func TestFaultsAreFound(t *testing.T) {
	for _, c := range []struct {
		name, want string
		fault      func(threads int, d kernels.Device) kernels.Device
	}{
		{"another order of additions by two threads", "-----", func(threads int, d kernels.Device) kernels.Device {
			return broken{Device: d, linear: func(int) bool { return threads == 2 }}
		}},
		{"another order of additions for many rows", "---+-", func(_ int, d kernels.Device) kernels.Device {
			return broken{Device: d, linear: func(rows int) bool { return rows > 71 }}
		}},
		{"another kernel for a single row", "---+-", func(_ int, d kernels.Device) kernels.Device {
			return broken{Device: d, linear: func(rows int) bool { return rows == 1 }}
		}},
		{"log-probabilities of draws that are not those of the head", "+--++", func(_ int, d kernels.Device) kernels.Device {
			return broken{Device: d, sample: true}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, r := verdicts(t, "qwen3", "", c.fault)
			require.Equal(t, c.want, got, "%s", r)
			require.False(t, r.OK())
			require.Contains(t, r.String(), "FAILED")
		})
	}
}

func TestNothingToCheckIsNotOK(t *testing.T) {
	require.False(t, Report{}.OK())
	require.False(t, Report{Promises: []Promise{{Skipped: "no"}}}.OK())
}

func TestFirstDifference(t *testing.T) {
	for _, c := range []struct {
		want, got string
		row       int
		same      bool
	}{{"a\nb\n", "a\nb\n", 0, true}, {"a\nb\n", "a\nc\n", 2, false}, {"a\nb\n", "a\n", 2, false}, {"a\n", "a\nb\n", 2, false}, {"", "", 0, true}} {
		row, same := firstDifference([]byte(c.want), []byte(c.got))
		require.Equal(t, c.same, same, "%q %q", c.want, c.got)
		if !same {
			require.Equal(t, c.row, row)
		}
	}
}
