package trainer

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// small is a short run on a fixture's model and data, with everything on that keeps a state: shuffled epochs with a short
// last step, dropout, a log window longer than a step, a held-out share, warm-up.
func small(t *testing.T, kind Kind) Job {
	t.Helper()
	a := Defaults(kind)
	name := map[Kind]string{DPO: "qwen3", SFT: "qwen3", Reward: "qwen3-seqcls"}[kind]
	a.ModelNameOrPath = filepath.Join(fixtures(t, "models"), name)
	a.TrainFile = filepath.Join("testdata", "training", "pairs-qwen3.jsonl")
	a.OutputDir = filepath.Join(t.TempDir(), "out")
	a.PerDeviceTrainBatchSize, a.GradientAccumulationSteps, a.LearningRate, a.WarmupSteps = 2, 2, 5e-3, 0.2
	a.MaxSteps, a.LoggingSteps, a.ReportTo, a.LoraR = 7, 3, "none", 4
	a.TestSize, a.EvalStrategy, a.EvalSteps, a.SaveStrategy = 0.2, "steps", 2, "no"
	a.DisableDropout, a.LoraDropout = false, 0.3
	return Job{Kind: kind, Args: a, Device: device()}
}

// stopAfter cancels a run's context while a step is running.
func stopAfter(job Job, step int) (Job, context.Context) {
	ctx, cancel := context.WithCancel(context.Background())
	job.Progress = func(s Status) {
		if s.Step == step {
			cancel()
		}
	}
	return job, ctx
}

// result are the files of a run that must not depend on where it was stopped.
func result(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	for _, name := range []string{"adapter_model.safetensors", "adapter_config.json", "model.safetensors", "trainer_state.json"} {
		raw, err := os.ReadFile(filepath.Join(dir, name))
		if !errors.Is(err, os.ErrNotExist) {
			require.NoError(t, err)
			files[name] = string(raw)
		}
	}
	require.GreaterOrEqual(t, len(files), 2)
	return files
}

func TestStoppedAndResumedIsNeverStopped(t *testing.T) {
	for name, job := range map[string]Job{"dpo": small(t, DPO), "sft": small(t, SFT), "reward": small(t, Reward), "full": func() Job {
		j := small(t, SFT)
		j.Args.UsePEFT = false
		return j
	}()} {
		t.Run(name, func(t *testing.T) {
			_, err := Run(context.Background(), job)
			require.NoError(t, err)
			want := result(t, job.Args.OutputDir)
			for step := 1; step < job.Args.MaxSteps; step++ {
				job.Args.OutputDir, job.Args.ResumeFromCheckpoint = filepath.Join(t.TempDir(), "out"), "newest"
				first, ctx := stopAfter(job, step)
				_, err := Run(ctx, first)
				require.ErrorIs(t, err, ErrInterrupted)
				_, err = Run(context.Background(), job)
				require.NoError(t, err)
				require.Equal(t, want, result(t, job.Args.OutputDir), "stopped after step %d", step)
			}
		})
	}
}

func TestCheckpointsOfAWholeRunResumeToo(t *testing.T) {
	job := small(t, DPO)
	job.Args.SaveStrategy, job.Args.SaveSteps = "steps", 2
	_, err := Run(context.Background(), job)
	require.NoError(t, err)
	steps, err := checkpoints(job.Args.OutputDir)
	require.NoError(t, err)
	require.Equal(t, []int{2, 4, 6, 7}, steps)
	want := result(t, job.Args.OutputDir)
	require.Equal(t, want["adapter_model.safetensors"], result(t, checkpointDir(job.Args.OutputDir, 7))["adapter_model.safetensors"])
	for _, step := range steps {
		again := job
		again.Args.ResumeFromCheckpoint = checkpointDir(job.Args.OutputDir, step)
		again.Args.OutputDir = filepath.Join(t.TempDir(), "out")
		_, err := Run(context.Background(), again)
		require.NoError(t, err)
		require.Equal(t, want, result(t, again.Args.OutputDir), "from step %d", step)
	}
}

func TestSaveTotalLimitKeepsTheNewest(t *testing.T) {
	job := small(t, SFT)
	job.Args.SaveStrategy, job.Args.SaveSteps, job.Args.SaveTotalLimit = "steps", 1, 2
	_, err := Run(context.Background(), job)
	require.NoError(t, err)
	steps, err := checkpoints(job.Args.OutputDir)
	require.NoError(t, err)
	require.Equal(t, []int{6, 7}, steps)
}

func TestResumeRefusesWhatDoesNotFit(t *testing.T) {
	job := small(t, DPO)
	job.Args.TestSize, job.Args.EvalStrategy = 0, "no"
	first, ctx := stopAfter(job, 2)
	_, err := Run(ctx, first)
	require.ErrorIs(t, err, ErrInterrupted)
	_, err = Run(context.Background(), job)
	require.ErrorContains(t, err, "holds checkpoint-2 of an earlier run")

	for want, change := range map[string]func(*Args){
		"seed was 42 and is 43":                    func(a *Args) { a.Seed = 43; a.Adapter = "" },
		"per_device_train_batch_size was 2 and is": func(a *Args) { a.PerDeviceTrainBatchSize = 1 },
		"shuffle was true and is false":            func(a *Args) { a.Shuffle = false },
		"the training data was":                    func(a *Args) { a.MaxLength = 12 },
		"expected true, newest or":                 func(a *Args) { a.ResumeFromCheckpoint = "nowhere" },
		"the model that training starts from": func(a *Args) {
			a.ModelNameOrPath = filepath.Join(fixtures(t, "models"), "qwen3")
			a.LoraR = 4
			a.Adapter = filepath.Join("testdata", "training", "dpo-qwen3", "final")
		},
	} {
		again := job
		again.Args.ResumeFromCheckpoint = "newest"
		change(&again.Args)
		_, err := Run(context.Background(), again)
		require.ErrorContains(t, err, want)
	}
}

func TestDamagedCheckpointsAreRefused(t *testing.T) {
	job := small(t, SFT)
	first, ctx := stopAfter(job, 3)
	_, err := Run(ctx, first)
	require.ErrorIs(t, err, ErrInterrupted)
	job.Args.ResumeFromCheckpoint = "newest"
	dir := checkpointDir(job.Args.OutputDir, 3)
	for name, damage := range map[string]func([]byte) []byte{
		"optimizer.safetensors": func(b []byte) []byte { return b[:len(b)-4] },
		"data_state.json":       func(b []byte) []byte { return b[:len(b)/2] },
		"trainer_state.json":    func(b []byte) []byte { return nil },
	} {
		path := filepath.Join(dir, name)
		whole, err := os.ReadFile(path)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(path, damage(whole), 0o644))
		_, err = Run(context.Background(), job)
		require.ErrorContains(t, err, name)
		require.NoError(t, os.WriteFile(path, whole, 0o644))
	}
	_, err = Run(context.Background(), job)
	require.NoError(t, err)
}

func TestAFolderAppearsWholeOrNotAtAll(t *testing.T) {
	out := t.TempDir()
	boom := errors.New("no space left on device")
	err := writeFolder(filepath.Join(out, "checkpoint-1"), func(dir string) error {
		require.NoError(t, os.WriteFile(filepath.Join(dir, "half"), nil, 0o644))
		return boom
	})
	require.ErrorIs(t, err, boom)
	require.ErrorContains(t, err, "checkpoint-1")
	entries, err := os.ReadDir(out)
	require.NoError(t, err)
	require.Empty(t, entries)
}

// What a killed process left half-written is removed by the next run.
func TestSweepRemovesHalfWrittenFiles(t *testing.T) {
	out := t.TempDir()
	for _, name := range []string{".tmp-checkpoint-7-123/adapter_model.safetensors", ".adapter_model.safetensors.99", "checkpoint-7/trainer_state.json", "notes.txt"} {
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(out, name)), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(out, name), nil, 0o644))
	}
	require.NoError(t, sweep(out))
	entries, err := os.ReadDir(out)
	require.NoError(t, err)
	require.Len(t, entries, 2)
}
