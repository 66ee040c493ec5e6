package trainer

import (
	"context"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"croco/dpo"
)

func TestNaNNamesTheRowAndKeepsTheLastCheckpoint(t *testing.T) {
	job := small(t, SFT)
	job.Args.LearningRate, job.Args.WarmupSteps, job.Args.MaxGradNorm = 1e25, 0, 0
	job.Args.SaveStrategy, job.Args.SaveSteps, job.Args.TestSize, job.Args.EvalStrategy = "steps", 1, 0, "no"
	_, err := Run(context.Background(), job)
	require.ErrorIs(t, err, ErrNotFinite)
	require.ErrorContains(t, err, "step ")
	require.ErrorContains(t, err, "pairs-qwen3.jsonl:")
	require.ErrorContains(t, err, "the last checkpoint is ")
	steps, err := checkpoints(job.Args.OutputDir)
	require.NoError(t, err)
	require.NotEmpty(t, steps)
	require.NoFileExists(t, filepath.Join(job.Args.OutputDir, "adapter_model.safetensors"))
}

// poison gives one example a gradient that is not a number.
type poison struct {
	Objective
	example int
}

type poisoned struct{ Batch }

func (p poison) Batch(examples []int) Batch {
	for _, e := range examples {
		if e == p.example {
			return poisoned{p.Objective.Batch(examples)}
		}
	}
	return p.Objective.Batch(examples)
}

func (p poisoned) Loss(out []float32, stats *dpo.Stats, scale float64) (float64, []float32, map[string]float64, error) {
	loss, dout, m, err := p.Batch.Loss(out, stats, scale)
	dout[0] = float32(math.NaN())
	return loss, dout, m, err
}

func TestNaNInAGradientNamesTheRow(t *testing.T) {
	job := small(t, DPO)
	job.Args.Reference = "none"
	m, err := openModel(DPO, &job.Args, job.Device)
	require.NoError(t, err)
	defer m.Close()
	tr := &trainer{args: &job.Args, model: m, log: quiet()}
	_, err = tr.load(job)
	require.NoError(t, err)
	tr.optimizer, tr.plan = newAdamW(m, tr.args), newPlan(tr.args, tr.trained)
	o, err := tr.newObjective(t.Context(), DPO)
	require.NoError(t, err)
	micros, _ := tr.plan.step(0)
	tr.objective = poison{o, micros[1][0]}
	_, err = tr.step(0)
	require.ErrorIs(t, err, ErrNotFinite)
	require.ErrorContains(t, err, tr.examples[micros[1][0]].Where())
	require.ErrorContains(t, err, "gradient's norm is NaN")
}

func TestBadArgumentsNameTheKey(t *testing.T) {
	for want, change := range map[string]func(*Args){
		"model_name_or_path: expected the folder": func(a *Args) { a.ModelNameOrPath = "" },
		"lr_scheduler_type: expected one of":      func(a *Args) { a.LRSchedulerType = "polynomial" },
		"eval_strategy steps: there is nothing":   func(a *Args) { a.EvalStrategy = "steps" },
		"per_device_train_batch_size: expected":   func(a *Args) { a.PerDeviceTrainBatchSize = 0 },
		"loss_weights: expected 1":                func(a *Args) { a.LossWeights = []float64{1, 2} },
		"loss_type: unknown loss":                 func(a *Args) { a.LossType = []string{"sigmoidd"} },
		"has no use for an adapter":               func(a *Args) { a.UsePEFT, a.Adapter = false, "x" },
		"only one of the two":                     func(a *Args) { a.EvalFile, a.TestSize = "x", 0.5 },
		"reference base: without an adapter":      func(a *Args) { a.UsePEFT, a.Reference = false, "base" },
		"num_train_epochs: expected above 0":      func(a *Args) { a.NumTrainEpochs = 0 },
	} {
		a := Defaults(DPO)
		a.ModelNameOrPath, a.TrainFile, a.OutputDir = "m", "t", "o"
		require.NoError(t, a.Validate(DPO))
		change(&a)
		require.ErrorContains(t, a.Validate(DPO), want)
	}
}

func TestAModelOfTheWrongKindIsRefused(t *testing.T) {
	job := small(t, SFT)
	job.Args.ModelNameOrPath = filepath.Join(fixtures(t, "models"), "qwen3-seqcls")
	_, err := Run(context.Background(), job)
	require.ErrorContains(t, err, "needs a language model, found a classifier")
}

func TestTextWithoutATokenizerIsRefused(t *testing.T) {
	job := small(t, SFT)
	job.Args.TrainFile = filepath.Join(t.TempDir(), "text.jsonl")
	require.NoError(t, os.WriteFile(job.Args.TrainFile, []byte(`{"text":"hello"}`), 0o644))
	_, err := Run(context.Background(), job)
	require.ErrorContains(t, err, "text.jsonl:1: the model folder has no tokenizer")
}

func TestALanguageModelLearnsToScore(t *testing.T) {
	job := small(t, Reward)
	job.Args.ModelNameOrPath = filepath.Join(fixtures(t, "models"), "qwen3")
	job.Args.DisableDropout, job.Args.MaxSteps, job.Args.LoggingSteps, job.Args.LearningRate = true, 12, 1, 1e-2
	job.Args.TestSize, job.Args.EvalStrategy = 0, "no"
	r, err := Run(context.Background(), job)
	require.NoError(t, err)
	require.Less(t, r.TrainLoss, math.Ln2)
}

func TestAnUnwritableFolderIsNamed(t *testing.T) {
	job := small(t, SFT)
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o644))
	job.Args.OutputDir = filepath.Join(file, "out")
	_, err := Run(context.Background(), job)
	require.ErrorContains(t, err, file)
}
