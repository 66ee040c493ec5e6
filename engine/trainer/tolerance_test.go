package trainer

import (
	"math"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"croco/kernels"
	plain "croco/kernels/reference"
	"croco/model/safetensors"
)

// tolerance is how far a run may be from another of the same job.
type tolerance struct {
	loss, reward float64 // absolute
	logp         float64 // of mean log-probabilities of answers: absolute, and in bfloat16 relative too
	logpShare    float64
	gradNorm     float64 // relative
	gradient     float64 // of an entry, relative to the norm of all
	counted      float64 // of shares of pairs and tokens
	tokens       float64
	weight       float64 // of each final weight, or
	moved        float64 // of all together: relative to how far training moved them
}

// toleranceOf is the distance from TRL's runs and from float64.
//
// In bfloat16 a log-probability of a token is off by some 2 % of the spread of its logits (limits of package model), an answer's
// by less, since its tokens' errors are independent: 0.1 % of it, and 2⁻⁸ is allowed. Rewards are differences of two such sums times beta.
// A pair whose margin is nearly 0 may count on either side. Adam moves a weight by its rate whatever the size of the
// gradient, so where a gradient is nearly 0 its sign decides, and a weight by itself is off by its whole way; all weights
// together are off by 4 % to 10 % of the way they went.
func toleranceOf(a kernels.DType) tolerance {
	if a == kernels.BF16 {
		return tolerance{loss: 0x1p-6, reward: 0x1p-5, logpShare: 0x1p-8, gradNorm: 0x1p-5, gradient: 0x1p-6, counted: 0.5, tokens: 0x1p-4, moved: 0x1p-2}
	}
	return tolerance{loss: 1e-5, reward: 1e-4, logp: 2e-4, gradNorm: 1e-4, gradient: 1e-5, counted: 1e-7, tokens: 1e-4, weight: 1e-4}
}

// together is the distance from the first step of a run on the reference in the same arithmetic: see package model. Later steps
// are no nearer than those of another arithmetic, since Adam's first step goes by the sign of a gradient.
func together(d kernels.Device) tolerance {
	if d.Name() == "cpu" {
		return tolerance{loss: 0x1p-10, reward: 0x1p-9, logpShare: 0x1p-12, gradNorm: 0x1p-8, counted: 0.5, tokens: 0x1p-5}
	}
	return tolerance{loss: 0x1p-8, reward: 0x1p-7, logpShare: 0x1p-10, gradNorm: 0x1p-6, counted: 0.5, tokens: 0x1p-5}
}

func (l tolerance) logProb(want float64) float64 { return l.logp + l.logpShare*math.Abs(want) }

// logs compares every value of every step.
func (l tolerance) logs(t *testing.T, want, got []map[string]float64) {
	t.Helper()
	require.GreaterOrEqual(t, len(got), len(want))
	for i, step := range want {
		for key, w := range step {
			require.Contains(t, got[i], key, "step %d", i+1)
			limit := l.reward
			switch key {
			case "loss":
				limit = l.loss
			case "grad_norm":
				limit = l.gradNorm * w
			case "step", "learning_rate":
				limit = 1e-7
			case "rewards/accuracies", "accuracy":
				limit = l.counted
			case "mean_token_accuracy":
				limit = l.tokens
			case "logps/chosen", "logps/rejected":
				limit = l.logProb(w)
			}
			require.InDelta(t, w, got[i][key], limit, "step %d, %s", i+1, key)
		}
	}
}

// weightsOf are the tensors of a folder that holds a model or an adapter.
func weightsOf(t *testing.T, dir string) safetensors.Source {
	t.Helper()
	if f, err := safetensors.OpenFolder(dir); err == nil {
		return f
	}
	f, err := safetensors.Open(filepath.Join(dir, "adapter_model.safetensors"))
	require.NoError(t, err)
	return f
}

// weights compares final weights, given those that training began with.
func (l tolerance) weights(t *testing.T, want, got, initial safetensors.Source) {
	t.Helper()
	require.ElementsMatch(t, want.Names(), got.Names())
	floats := func(s safetensors.Source, name string, like []int) []float32 {
		x, ok := s.Tensor(name)
		require.True(t, ok, name)
		require.Equal(t, like, x.Shape, name)
		values, err := x.Floats()
		require.NoError(t, err)
		return values
	}
	worst, off, way := 0.0, 0.0, 0.0
	for _, name := range want.Names() {
		x, _ := want.Tensor(name)
		a, b, begin := floats(want, name, x.Shape), floats(got, name, x.Shape), floats(initial, name, x.Shape)
		for i := range a {
			d, w := float64(a[i])-float64(b[i]), float64(a[i])-float64(begin[i])
			worst, off, way = max(worst, math.Abs(d)), off+d*d, way+w*w
		}
	}
	if l.weight > 0 {
		require.Less(t, worst, l.weight, "largest difference of final weights")
	} else {
		require.Less(t, math.Sqrt(off/way), l.moved, "difference of final weights, relative to how far they moved")
	}
}

// A run in bfloat16 begins as that of the reference in bfloat16.
func TestFixturesTrainingAgainstReference(t *testing.T) {
	runs, err := filepath.Glob(filepath.Join(fixtures(t, "training"), "*", "run.json"))
	require.NoError(t, err)
	for system, d := range systems() {
		if d.Arithmetic() == kernels.F32 {
			continue // TestFixturesTraining is as near to float64
		}
		for _, path := range runs {
			dir := filepath.Dir(path)
			t.Run(system+"/"+filepath.Base(dir)+"/reference", func(t *testing.T) {
				var r recorded
				load(t, path, &r)
				here, there := r.job(t, dir), r.job(t, dir)
				here.Args.MaxSteps, there.Args.MaxSteps = 1, 1
				here.Device, there.Device = d, plain.WithArithmetic(d.Arithmetic())
				want, got := history(t, there), history(t, here)
				for _, step := range want { // how long it took
					for _, key := range []string{"runtime", "tokens_per_second"} {
						delete(step, key)
					}
				}
				together(d).logs(t, want, got)
			})
		}
	}
}
