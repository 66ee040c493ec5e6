//go:build gpu

package cuda_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"croco/engine/trainer"
	"croco/kernels"
	"croco/kernels/cuda"
	"croco/kernels/cuda/driver"
)

// TestMemoryPlan: a step runs in the memory that the plan says it needs, without and with checkpointing, which is chosen where the
// other does not fit; and the adapters are the same.
func TestMemoryPlan(t *testing.T) {
	if !driver.Emulator.Present() {
		t.Skip("a real GPU has more memory")
	}
	t.Setenv("CROCO_EMU_MEMORY", fmt.Sprint(driver.Emulator.Stats().Live>>20+16)) // MiB, beside what other tests hold
	for _, arithmetic := range []kernels.DType{kernels.F32, kernels.BF16} {
		t.Run(arithmetic.String(), func(t *testing.T) { planned(t, arithmetic) })
	}
}

func planned(t *testing.T, arithmetic kernels.DType) {
	taken := int64(0) // by model and optimizer
	run := func(leave int64, say *bool) (s trainer.Summary, adapter []byte, err error) {
		d, err := cuda.New(cuda.Options{Arithmetic: arithmetic, Guarded: true}) // without slabs, which are larger than all of this
		require.NoError(t, err)
		a := trainer.Defaults(trainer.DPO)
		a.ModelNameOrPath, a.TrainFile, a.OutputDir = fixtureModel, "../../engine/trainer/testdata/training/pairs-llama.jsonl", t.TempDir()
		a.MaxSteps, a.PerDeviceTrainBatchSize, a.SaveStrategy, a.ReportTo, a.GradientCheckpointing = 1, 8, "no", "none", say
		free, _ := d.Memory() // devices before this one have left something
		if leave > 0 {
			defer d.Free(d.New(int(free-taken-leave) / 4))
		}
		ready := func(summary trainer.Summary) {
			if s = summary; leave == 0 {
				taken = free - s.Free
			}
		}
		if _, err = trainer.Run(context.Background(), trainer.Job{Kind: trainer.DPO, Args: a, Device: d, Ready: ready}); err == nil {
			adapter, err = os.ReadFile(filepath.Join(a.OutputDir, "adapter_model.safetensors"))
		}
		return s, adapter, err
	}
	s, want, err := run(0, nil)
	require.NoError(t, err)
	require.False(t, s.Checkpointing)
	kept := s.Needs.ToCome()
	const slack = 32 << 10 // tables of rotations come later than the plan
	for _, checkpointing := range []bool{false, true} {
		s, adapter, err := run(0, &checkpointing)
		require.NoError(t, err)
		require.Equal(t, want, adapter)
		again := s.Needs.ToCome()
		_, adapter, err = run(again+slack, &checkpointing) // just enough
		require.NoError(t, err)
		require.Equal(t, want, adapter)
		_, _, err = run(again-slack, &checkpointing)
		require.ErrorContains(t, err, "lower per_device_train_batch_size")
	}
	s, adapter, err := run(kept-slack, nil)
	require.NoError(t, err)
	require.True(t, s.Checkpointing)
	require.Equal(t, want, adapter)
}
