package trainer

import (
	"bytes"
	"context"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"

	"croco/kernels"
	"croco/kernels/cpu"
)

// Log-probabilities that were recorded in bfloat16 are no reference of a training in float32; in its own arithmetic they are.
func TestARecordOfAnotherArithmeticIsNoReference(t *testing.T) {
	half, err := cpu.WithArithmetic(1, kernels.BF16)
	require.NoError(t, err)
	job := small(t, DPO)
	job.Args.TestSize, job.Args.EvalStrategy, job.Args.LoggingSteps, job.Args.DisableDropout, job.Args.MaxSteps = 0, "no", 1, true, 1
	recorded := job
	recorded.Device = half
	job.Args.TrainFile = withRecord(t, recorded, nil)
	for want, device := range map[string]kernels.Device{"from_record=0 computed=12": job.Device, "from_record=12 computed=0": half} {
		var log bytes.Buffer
		job.Log, job.Device, job.Args.OutputDir = slog.New(slog.NewTextHandler(&log, nil)), device, t.TempDir()
		_, err := Run(context.Background(), job)
		require.NoError(t, err)
		require.Contains(t, log.String(), want)
		require.InDelta(t, 0.693147, firstStep(t, job.Args.OutputDir)["loss"], 1e-6)
	}
}

func TestBF16InsistsOnItsArithmetic(t *testing.T) {
	job := small(t, DPO)
	job.Args.BF16 = true
	_, err := Run(context.Background(), job)
	require.ErrorContains(t, err, "bf16: the device multiplies float32: expected bfloat16, which --dtype bfloat16")
}
