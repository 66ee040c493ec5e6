package trainer

import (
	"testing"

	"github.com/stretchr/testify/require"

	"croco/kernels"
)

// roomy is a device with memory of its own.
type roomy struct {
	kernels.Device
	free int64
}

func (r roomy) Memory() (free, total int64) { return r.free, 1 << 40 }

// Activations are kept where they fit, unless something else is said; what does not fit is refused, with what to lower.
func TestMemoryDecides(t *testing.T) {
	run := func(free int64, say *bool) (s Summary, err error) {
		job := small(t, DPO)
		job.Args.GradientCheckpointing, job.Args.MaxSteps, job.Args.TestSize, job.Args.EvalStrategy = say, 1, 0, "no"
		if free > 0 {
			job.Device = roomy{job.Device, free}
		}
		job.Ready = func(summary Summary) { s = summary }
		_, err = Run(t.Context(), job)
		return s, err
	}
	s, err := run(0, nil)
	require.NoError(t, err)
	require.True(t, s.Checkpointing, "as TRL does, where the device has no memory of its own")
	again := s.Needs.ToCome()
	s, err = run(1<<40, nil)
	require.NoError(t, err)
	require.False(t, s.Checkpointing)
	kept := s.Needs.ToCome()
	require.Greater(t, kept, again)

	s, err = run(1<<40, new(true))
	require.NoError(t, err)
	require.True(t, s.Checkpointing)
	s, err = run(kept-1, nil)
	require.NoError(t, err)
	require.True(t, s.Checkpointing)
	require.Equal(t, again, s.Needs.ToCome())
	_, err = run(kept-1, new(false))
	require.ErrorContains(t, err, "leave gradient_checkpointing out or true, or lower per_device_train_batch_size")
	_, err = run(kept, new(false))
	require.NoError(t, err)
	for _, say := range []*bool{nil, new(true)} {
		_, err = run(again-1, say)
		require.ErrorContains(t, err, "a step with the longest 2 examples")
		require.ErrorContains(t, err, "free: lower per_device_train_batch_size (with more gradient_accumulation_steps) or max_length, so that there are about ")
	}
}

// A batch for evaluation has to fit, too.
func TestMemoryOfEvaluation(t *testing.T) {
	job := small(t, DPO)
	job.Args.MaxSteps, job.Args.TestSize, job.Args.PerDeviceTrainBatchSize, job.Args.PerDeviceEvalBatchSize = 1, 0.8, 1, 1
	var s Summary
	job.Ready = func(summary Summary) { s = summary }
	_, err := Run(t.Context(), job)
	require.NoError(t, err)
	job.Device = roomy{job.Device, s.Needs.ToCome() + s.Needs.ToCome()/8}
	job.Args.PerDeviceEvalBatchSize = 64
	job.Args.OutputDir = t.TempDir()
	_, err = Run(t.Context(), job)
	require.ErrorContains(t, err, "lower per_device_eval_batch_size")
}
