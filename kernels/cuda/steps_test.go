//go:build gpu

package cuda_test

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"croco/engine/trainer"
	"croco/kernels"
	"croco/kernels/cuda"
	"croco/kernels/cuda/driver"
	"croco/model"
	"croco/sampler"
)

var update = flag.Bool("update", false, "write testdata/steps.json")

// counted is what one step costs: calls of the driver, those that start graphs and those that set a node of one, kernels, bytes copied,
// matrix instructions, and what must be zero.
type counted struct {
	Calls     int `json:"calls"`
	Graphs    int `json:"graphs"`
	Updates   int `json:"updates"`
	Kernels   int `json:"kernels"`
	Syncs     int `json:"syncs"`
	Allocs    int `json:"allocs"`
	H2D       int `json:"h2d"`
	D2H       int `json:"d2h"`
	D2D       int `json:"d2d"`
	MMA       int `json:"mma"`
	WGMMA     int `json:"wgmma"`
	Conflicts int `json:"bank_conflicts"`
}

// count runs f on a fresh device and adds up the counters.
func count(t *testing.T, d kernels.Device, f func()) counted {
	driver.Emulator.Reset()
	f()
	require.NoError(t, d.Sync())
	s := driver.Emulator.Stats()
	c := counted{Calls: s.Calls, Graphs: s.GraphLaunches, Updates: s.GraphUpdates, Syncs: s.Syncs, Allocs: s.Allocs, H2D: s.H2D, D2H: s.D2H, D2D: s.D2D}
	for _, k := range s.Kernels {
		c.Kernels += k.Launches
		c.MMA, c.WGMMA, c.Conflicts = c.MMA+k.MMA, c.WGMMA+k.WGMMA, c.Conflicts+k.Conflicts
	}
	return c
}

// less is the cost of the steps that a has more than b.
func (a counted) less(b counted) counted {
	return counted{a.Calls - b.Calls, a.Graphs - b.Graphs, a.Updates - b.Updates, a.Kernels - b.Kernels, a.Syncs - b.Syncs, a.Allocs - b.Allocs, a.H2D - b.H2D, a.D2H - b.D2H, a.D2D - b.D2D,
		a.MMA - b.MMA, a.WGMMA - b.WGMMA, a.Conflicts - b.Conflicts}
}

const fixtureModel = "../../model/testdata/models/llama-untied-rope3" // two layers

// decode is the cost of one step of a sampler: 4 answers to a prompt, in the middle of a page.
func decode(t *testing.T, d kernels.Device) counted {
	m, err := model.Open(fixtureModel, model.Options{Device: d})
	require.NoError(t, err)
	generate := func(tokens int) {
		p := sampler.Params{Temperature: 1, MaxNewTokens: tokens, MinNewTokens: tokens}
		jobs := []sampler.Job{{Prompt: []int32{5, 6, 7, 8}, N: 4}}
		require.NoError(t, sampler.New(m).Generate(context.Background(), jobs, p, func(int, []sampler.Answer) error { return nil }))
	}
	for range 2 { // makes the graphs
		generate(10)
		generate(11)
	}
	short, long := count(t, d, func() { generate(10) }), count(t, d, func() { generate(11) })
	require.NoError(t, m.Close())
	return long.less(short)
}

// train is the cost of one optimizer step of LoRA DPO: two pairs, the same in every step.
func train(t *testing.T, d kernels.Device) counted {
	raw, err := os.ReadFile("../../engine/trainer/testdata/training/pairs-llama.jsonl")
	require.NoError(t, err)
	pairs := filepath.Join(t.TempDir(), "pairs.jsonl")
	require.NoError(t, os.WriteFile(pairs, bytes.Join(bytes.SplitAfter(raw, []byte("\n"))[:2], nil), 0o644))
	run := func(steps int) func() {
		return func() {
			a := trainer.Defaults(trainer.DPO)
			a.ModelNameOrPath, a.TrainFile, a.OutputDir = fixtureModel, pairs, t.TempDir()
			a.MaxSteps, a.PerDeviceTrainBatchSize, a.GradientAccumulationSteps, a.NumTrainEpochs = steps, 2, 1, 100
			a.UsePEFT, a.Shuffle, a.SaveStrategy, a.ReportTo, a.GradientCheckpointing, a.DisableDropout = true, false, "no", "none", new(false), true
			a.LoggingSteps = 1000
			_, err := trainer.Run(context.Background(), trainer.Job{Kind: trainer.DPO, Args: a, Device: d})
			require.NoError(t, err)
		}
	}
	for range 4 { // until all graphs are made
		run(2)()
	}
	short, long := count(t, d, run(3)), count(t, d, run(4))
	return long.less(short)
}

// TestSteps holds the cost of a decode step and of a training step to testdata/steps.json: calls, kernels, waits, bytes between
// host and GPU, matrix instructions. Memory is asked for in no step, and no load of a matrix has bank conflicts. Fewer is
// better: write the file anew with -update.
func TestSteps(t *testing.T) {
	if !driver.Emulator.Present() {
		t.Skip("only the emulated driver counts")
	}
	const file = "testdata/steps.json"
	got := map[string]counted{}
	for _, capability := range []string{"80", "90"} {
		t.Setenv("CROCO_EMU_CC", capability)
		for _, arithmetic := range []kernels.DType{kernels.F32, kernels.BF16} {
			d, err := cuda.New(cuda.Options{Arithmetic: arithmetic})
			require.NoError(t, err)
			name := "sm_" + capability + " " + arithmetic.String()
			got[name+" decode"], got[name+" train"] = decode(t, d), train(t, d)
			if d, err = cuda.New(cuda.Options{Arithmetic: arithmetic, NoGraphs: true}); capability == "90" {
				require.NoError(t, err)
				got[name+" decode, node by node"], got[name+" train, node by node"] = decode(t, d), train(t, d)
			}
		}
	}
	for name, c := range got {
		t.Logf("%-30s %+v", name, c)
		require.Zero(t, c.Allocs, name)
		require.Zero(t, c.Conflicts, name)
	}
	if *update {
		raw, err := json.MarshalIndent(got, "", " ")
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(file, append(raw, '\n'), 0o644))
		return
	}
	raw, err := os.ReadFile(file)
	require.NoError(t, err)
	var want map[string]counted
	require.NoError(t, json.Unmarshal(raw, &want))
	require.Equal(t, want, got, "run the test with -update where this is better or meant")
}
