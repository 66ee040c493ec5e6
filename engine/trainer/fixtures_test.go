package trainer

import (
	"cmp"
	"context"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"croco/dpo"
	"croco/engine/data"
	"croco/kernels"
	devices "croco/kernels/device"
	"croco/model"
	"croco/model/safetensors"
)

// device is where the tests compute: the host, or what CROCO_TEST_DEVICE names.
var device = sync.OnceValue(func() kernels.Device {
	d, err := devices.Open(cmp.Or(os.Getenv("CROCO_TEST_DEVICE"), "cpu"), devices.Options{DType: "float32"})
	if err != nil {
		panic(err)
	}
	return d
})

// fixtures is a folder of fixtures: that of CROCO_FIXTURES, which may lack a kind, or the copies beside the tests.
func fixtures(t testing.TB, kind string) string {
	t.Helper()
	if root := os.Getenv("CROCO_FIXTURES"); root != "" {
		dir := filepath.Join(root, kind)
		if !exists(dir) {
			t.Skipf("%s is not there", dir)
		}
		return dir
	}
	for _, dir := range []string{filepath.Join("testdata", kind), filepath.Join("..", "..", "model", "testdata", kind), filepath.Join("..", "..", "..", "shared", "fixtures", kind)} {
		if exists(dir) {
			return dir
		}
	}
	t.Fatalf("no fixtures of kind %s", kind)
	return ""
}

// recorded is a run.json: a run of TRL in float32, and the same written out in float64.
type recorded struct {
	Model, Data string
	Kind        Kind
	Lora        *struct {
		R             int      `json:"r"`
		LoraAlpha     float64  `json:"lora_alpha"`
		TargetModules []string `json:"target_modules"`
	}
	Args    json.RawMessage
	TRL     []map[string]float64 `json:"trl"`
	Float64 []map[string]float64

	ReferenceChosen   []float64 `json:"reference_logps_chosen"`
	ReferenceRejected []float64 `json:"reference_logps_rejected"`
	FinalChosen       []float64 `json:"final_logps_chosen"`
	FinalRejected     []float64 `json:"final_logps_rejected"`
}

func load(t testing.TB, path string, into any) {
	t.Helper()
	raw, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(raw, into), path)
}

// job is the run that a fixture describes.
func (r recorded) job(t testing.TB, dir string) Job {
	t.Helper()
	a := Defaults(r.Kind)
	d := yaml.NewDecoder(strings.NewReader(string(r.Args))) // JSON is YAML
	d.KnownFields(true)
	require.NoError(t, d.Decode(&a))
	a.ModelNameOrPath = filepath.Join(fixtures(t, "models"), r.Model)
	a.TrainFile = filepath.Join(filepath.Dir(dir), r.Data)
	a.OutputDir = t.TempDir()
	a.Shuffle, a.LoggingSteps, a.SaveStrategy, a.ReportTo, a.GradientCheckpointing = false, 1, "no", "none", false
	a.UsePEFT = r.Lora != nil
	if r.Lora != nil {
		a.Adapter = filepath.Join(dir, "initial")
	}
	return Job{Kind: r.Kind, Args: a, Device: device()}
}

func TestFixturesTraining(t *testing.T) {
	runs, err := filepath.Glob(filepath.Join(fixtures(t, "training"), "*", "run.json"))
	require.NoError(t, err)
	require.NotEmpty(t, runs)
	for _, path := range runs {
		dir := filepath.Dir(path)
		t.Run("trl/"+filepath.Base(dir)+"/run", func(t *testing.T) {
			var want recorded
			load(t, path, &want)
			job := want.job(t, dir)
			_, err := Run(context.Background(), job)
			require.NoError(t, err)
			s, err := readState(job.Args.OutputDir)
			require.NoError(t, err)
			compareLogs(t, want.TRL, s.LogHistory)
			compareLogs(t, want.Float64, s.LogHistory)
			compareWeights(t, filepath.Join(dir, "final"), job.Args.OutputDir)
			if want.FinalChosen != nil {
				compareLogps(t, want, job)
			}
		})
	}
}

// compareLogs holds every value of every step to the tolerance of its kind.
func compareLogs(t *testing.T, want []map[string]float64, got []entry) {
	t.Helper()
	require.GreaterOrEqual(t, len(got), len(want))
	for i, step := range want {
		for key, w := range step {
			require.Contains(t, got[i], key, "step %d", i+1)
			g, err := got[i][key].(json.Number).Float64()
			require.NoError(t, err)
			limit := 1e-4 // rewards, log-probabilities
			switch key {
			case "loss":
				limit = 1e-5
			case "grad_norm":
				limit = 1e-4 * w
			case "step", "learning_rate", "rewards/accuracies", "accuracy":
				limit = 1e-7
			case "logps/chosen", "logps/rejected":
				limit = 2e-4
			}
			require.InDelta(t, w, g, limit, "step %d, %s", i+1, key)
		}
	}
}

// compareWeights compares the safetensors file of two folders.
func compareWeights(t *testing.T, want, got string) {
	t.Helper()
	a, err := safetensors.OpenFolder(want)
	if err != nil {
		f, err := safetensors.Open(filepath.Join(want, "adapter_model.safetensors"))
		require.NoError(t, err)
		g, err := safetensors.Open(filepath.Join(got, "adapter_model.safetensors"))
		require.NoError(t, err)
		require.Equal(t, f.Names(), g.Names())
		compareTensors(t, f, g)
		return
	}
	b, err := safetensors.OpenFolder(got)
	require.NoError(t, err)
	compareTensors(t, a, b)
}

func compareTensors(t *testing.T, want, got safetensors.Source) {
	t.Helper()
	worst := 0.0
	for _, name := range want.Names() {
		x, _ := want.Tensor(name)
		y, ok := got.Tensor(name)
		require.True(t, ok, name)
		require.Equal(t, x.Shape, y.Shape, name)
		a, err := x.Floats()
		require.NoError(t, err)
		b, err := y.Floats()
		require.NoError(t, err)
		for i := range a {
			worst = max(worst, math.Abs(float64(a[i]-b[i])))
		}
	}
	require.Less(t, worst, 1e-4, "largest difference of final weights")
}

// compareLogps compares the log-probabilities of every pair before and after training.
func compareLogps(t *testing.T, want recorded, job Job) {
	rows, err := data.Read(job.Args.TrainFile)
	require.NoError(t, err)
	examples, _, err := data.Preferences(rows, data.Options{MaxLength: job.Args.MaxLength})
	require.NoError(t, err)
	o, err := job.Args.dpoObjective()
	require.NoError(t, err)
	for adapter, w := range map[string][2][]float64{job.Args.Adapter: {want.ReferenceChosen, want.ReferenceRejected}, job.Args.OutputDir: {want.FinalChosen, want.FinalRejected}} {
		m, err := model.Open(job.Args.ModelNameOrPath, model.Options{Device: job.Device})
		require.NoError(t, err)
		require.NoError(t, m.LoadAdapter(adapter, false))
		var pairs []dpo.Pair
		for _, e := range examples {
			pairs = append(pairs, dpo.Pair{Prompt: e.Prompt, Chosen: e.Chosen, Rejected: e.Rejected})
		}
		b := o.NewBatch(pairs)
		h := m.Forward(b.Forest, false)
		sums := b.Sums(m.LogProbs(h, b.Picks, nil))
		h.Free()
		for i := range pairs {
			require.InDelta(t, w[0][i], sums[2*i], 5e-4, "pair %d, %s", i, adapter)
			require.InDelta(t, w[1][i], sums[2*i+1], 5e-4, "pair %d, %s", i, adapter)
		}
		require.NoError(t, m.Close())
	}
}
