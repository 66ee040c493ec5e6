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
)

// device is where the tests compute: the host, or what CROCO_TEST_DEVICE names, in float32 or the arithmetic of CROCO_TEST_DTYPE.
var device = sync.OnceValue(func() kernels.Device { return opened(cmp.Or(os.Getenv("CROCO_TEST_DTYPE"), "float32")) })

func opened(dtype string) kernels.Device {
	d, err := devices.Open(cmp.Or(os.Getenv("CROCO_TEST_DEVICE"), "cpu"), devices.Options{DType: dtype})
	if err != nil {
		panic(err)
	}
	return d
}

// systems are what the fixtures' cases run on, by the first part of their names: both arithmetics, unless one was asked for.
var systems = sync.OnceValue(func() map[string]kernels.Device {
	if device().Arithmetic() == kernels.BF16 {
		return map[string]kernels.Device{"trl-bfloat16": device()}
	}
	all := map[string]kernels.Device{"trl": device()}
	if os.Getenv("CROCO_TEST_DTYPE")+os.Getenv("CROCO_TEST_DEVICE") == "" && !testing.Short() {
		all["trl-bfloat16"] = opened("bfloat16")
	}
	return all
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
	a.Shuffle, a.LoggingSteps, a.SaveStrategy, a.ReportTo, a.GradientCheckpointing = false, 1, "no", "none", new(false)
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
	for system, d := range systems() {
		for _, path := range runs {
			dir := filepath.Dir(path)
			t.Run(system+"/"+filepath.Base(dir)+"/run", func(t *testing.T) {
				var want recorded
				load(t, path, &want)
				job := want.job(t, dir)
				job.Device = d
				got, l := history(t, job), toleranceOf(d.Arithmetic())
				l.logs(t, want.TRL, got)
				l.logs(t, want.Float64, got)
				if want.Kind == DPO && want.Float64[0]["loss"] == math.Ln2 {
					require.Equal(t, math.Ln2, got[0]["loss"], "the policy is its own reference: both have the same bits")
				}
				final, base := filepath.Join(dir, "final"), job.Args.ModelNameOrPath
				if want.Lora != nil {
					base = job.Args.Adapter
				}
				l.weights(t, weightsOf(t, final), weightsOf(t, job.Args.OutputDir), weightsOf(t, base))
				if want.FinalChosen != nil {
					compareLogps(t, want, job)
				}
			})
		}
	}
}

// history runs a job and returns what it logged of each step.
func history(t *testing.T, job Job) (steps []map[string]float64) {
	t.Helper()
	_, err := Run(context.Background(), job)
	require.NoError(t, err)
	s, err := readState(job.Args.OutputDir)
	require.NoError(t, err)
	for _, e := range s.LogHistory {
		step := map[string]float64{}
		for key, value := range e {
			if n, ok := value.(json.Number); ok {
				if step[key], err = n.Float64(); err != nil {
					t.Fatal(err)
				}
			}
		}
		steps = append(steps, step)
	}
	return steps
}

// compareLogps compares the log-probabilities of every pair before and after training.
func compareLogps(t *testing.T, want recorded, job Job) {
	rows, err := data.Read(job.Args.TrainFile)
	require.NoError(t, err)
	examples, _, err := data.Preferences(rows, data.Options{MaxLength: job.Args.MaxLength})
	require.NoError(t, err)
	o, err := job.Args.dpoObjective()
	require.NoError(t, err)
	l := toleranceOf(job.Device.Arithmetic())
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
		sums := b.Sums(m.LogProbs(h, b.Picks))
		h.Free()
		for i := range pairs {
			for k, want := range []float64{w[0][i], w[1][i]} { // of one answer, not the mean of several
				require.InDelta(t, want, sums[2*i+k], 2.5*l.logProb(want), "pair %d, %s", i, adapter)
			}
		}
		require.NoError(t, m.Close())
	}
}
