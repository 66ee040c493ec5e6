//go:build gpu

package cuda_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"croco/engine/trainer"
	"croco/kernels"
	"croco/kernels/cuda"
	"croco/model"
	"croco/sampler"
)

// TestGraphsInModels: answers, their log-probabilities and trained adapters are bit for bit those of a device that hands every
// piece of work to the driver by itself. Prompts, batches and so shapes differ from step to step.
func TestGraphsInModels(t *testing.T) {
	var answers [2][]sampler.Answer
	var adapters [2][]byte
	for i, off := range []bool{true, false} {
		d, err := cuda.New(cuda.Options{Arithmetic: kernels.BF16, NoGraphs: off})
		if err != nil && os.Getenv("REQUIRE_CUDA") == "" {
			t.Skip(err)
		}
		require.NoError(t, err)
		m, err := model.Open(fixtureModel, model.Options{Device: d})
		require.NoError(t, err)
		jobs := []sampler.Job{{Prompt: []int32{5, 6, 7, 8}, N: 3}, {Prompt: []int32{5, 6, 9}, N: 2}, {Prompt: []int32{77}, N: 1}}
		keep := func(_ int, some []sampler.Answer) error {
			answers[i] = append(answers[i], some...)
			return nil
		}
		require.NoError(t, sampler.New(m).Generate(context.Background(), jobs, sampler.Params{Temperature: 1, MaxNewTokens: 24}, keep))
		require.NoError(t, m.Close())

		a := trainer.Defaults(trainer.DPO)
		a.ModelNameOrPath, a.TrainFile, a.OutputDir = fixtureModel, "../../engine/trainer/testdata/training/pairs-llama.jsonl", t.TempDir()
		a.MaxSteps, a.PerDeviceTrainBatchSize, a.GradientAccumulationSteps, a.NumTrainEpochs = 4, 2, 2, 100
		a.UsePEFT, a.SaveStrategy, a.ReportTo = true, "no", "none"
		_, err = trainer.Run(context.Background(), trainer.Job{Kind: trainer.DPO, Args: a, Device: d})
		require.NoError(t, err)
		adapters[i], err = os.ReadFile(filepath.Join(a.OutputDir, "adapter_model.safetensors"))
		require.NoError(t, err)
	}
	require.Len(t, answers[0], 6)
	require.Equal(t, answers[0], answers[1])
	require.Equal(t, adapters[0], adapters[1])
}
