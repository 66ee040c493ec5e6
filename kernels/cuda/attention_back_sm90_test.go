//go:build gpu

package cuda

import (
	"fmt"
	"math"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"croco/kernels"
	"croco/kernels/forest"
	"croco/kernels/reference"
)

// TestAttentionPanels: the gradient of attention by wgmma, in every width of a kernel and beside it, over several tiles of keys and
// several steps of rows: against the reference, and alike under four orders of threads.
func TestAttentionPanels(t *testing.T) {
	t.Setenv("CROCO_EMU_CC", "90")
	defer os.Setenv("CROCO_EMU_SCHEDULE", "0")
	d := open(t, Options{Arithmetic: kernels.BF16, Guarded: true})
	if !d.hopper() {
		t.Skip("not compute capability 9.0")
	}
	prompt := line7(140)
	f := forest.Build([][]int32{append(prompt[:70:70], 1, 2, 3, 4, 5), append(prompt[:140:140], 6, 7), {8, 9, 10}})
	for _, a := range []kernels.Attn{{H: 3, G: 1, D: 64}, {H: 2, G: 2, D: 40, Window: 70}, {H: 3, G: 1, D: 128, Softcap: 2}, {H: 4, G: 2, D: 100, Window: 30},
		{H: 2, G: 1, D: 256}, {H: 1, G: 1, D: 200, Window: 100, Softcap: 3}} {
		t.Run(fmt.Sprintf("H=%d G=%d D=%d window=%d cap=%g", a.H, a.G, a.D, a.Window, a.Softcap), func(t *testing.T) {
			a.Scale = float32(1 / math.Sqrt(float64(a.D)))
			want := attended(reference.WithArithmetic(kernels.BF16), f, a)
			os.Setenv("CROCO_EMU_SCHEDULE", "0")
			got := attended(d, f, a)
			require.NoError(t, d.Sync())
			for i, w := range want {
				require.InDelta(t, w, got[i], 0.04*max(1, math.Abs(float64(w))), "element %d", i)
			}
			for _, s := range []string{"1", "7", "8"} {
				os.Setenv("CROCO_EMU_SCHEDULE", s)
				require.Equal(t, got, attended(d, f, a), "schedule %s", s)
			}
		})
	}
}
