package model

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"croco/kernels"
	"croco/kernels/forest"
	"croco/kernels/reference"
)

// counting is a device that knows how many bytes of tensors are given out.
type counting struct {
	kernels.Device
	live, most int64
}

func (c *counting) New(shape ...int) *kernels.Tensor {
	t := c.Device.New(shape...)
	c.live += int64(4 * t.Len())
	c.most = max(c.most, c.live)
	return t
}

func (c *counting) Free(ts ...*kernels.Tensor) {
	for _, t := range ts {
		if t != nil && t.Len() > 0 {
			c.live -= int64(4 * t.Len())
		}
	}
	c.Device.Free(ts...)
}

// The estimate of activations is what a forward and a backward pass of every family really ask for, give or take.
func TestNeedsAreWhatIsUsed(t *testing.T) {
	folders, err := filepath.Glob("testdata/models/*/config.json")
	require.NoError(t, err)
	for _, path := range folders {
		dir := filepath.Dir(path)
		t.Run(filepath.Base(dir), func(t *testing.T) {
			if _, err := os.Stat(filepath.Join(dir, "model.safetensors")); err != nil {
				t.Skip("it has no weights")
			}
			for _, checkpointing := range []bool{false, true} {
				d := &counting{Device: reference.New()}
				m, err := Open(dir, Options{Device: d, Checkpointing: checkpointing, Context: 1024})
				require.NoError(t, err)
				if m.Spec.Labels > 0 {
					t.Skip("a classifier")
				}
				require.NoError(t, m.AddLoRA(LoRA{R: 8, Alpha: 16, Targets: []string{"all-linear"}}))
				f, picks := longForest(100)
				m.Forward(f, false).Free() // tables of rotations are made
				before := d.live
				d.most = before
				h := m.Forward(f, true)
				m.LogProbs(h, picks)
				m.BackwardLogProbs(h, picks, make([]float32, len(picks.Rows)))
				h.Free()
				require.Equal(t, before, d.live)
				needs := m.Needs(len(f.Tokens), true, checkpointing)
				ratio := float64(needs.Activations) / float64(d.most-before)
				t.Logf("checkpointing %-5v estimate %d, used %d: %.3f", checkpointing, needs.Activations, d.most-before, ratio)
				require.InDelta(t, 1, ratio, 0.08)
				require.NoError(t, m.Close())
			}
		})
	}
}

// longForest is one text of n tokens, each of which is picked.
func longForest(n int) (*forest.Forest, kernels.Picks) {
	ids := make([]int32, n)
	var picks kernels.Picks
	for i := range ids {
		ids[i] = int32(i%50 + 5)
		picks.Rows, picks.Tokens = append(picks.Rows, int32(i)), append(picks.Tokens, 7)
	}
	return forest.Build([][]int32{ids}), picks
}
