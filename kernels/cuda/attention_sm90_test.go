//go:build gpu

package cuda

import (
	"fmt"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"croco/kernels"
	"croco/kernels/cuda/driver"
	"croco/kernels/forest"
	"croco/kernels/optest"
	"croco/kernels/reference"
)

// onHopper is a device of an emulated GPU with the instructions of sm_90a, whose attention kernels are all made for a width.
func onHopper(t *testing.T, width int, guarded bool) *Device {
	if driver.Emulator.Present() {
		t.Setenv("CROCO_EMU_CC", "90")
	}
	d := open(t, Options{Arithmetic: kernels.BF16, Guarded: guarded})
	if !d.hopper() {
		t.Skip("a GPU without the instructions of sm_90a")
	}
	d.attention.least = width
	return d
}

// TestAttentionHopper: the op table's attention, whose heads are narrow, in kernels of each width, under four orders of threads.
func TestAttentionHopper(t *testing.T) {
	for _, width := range []int{64, 128} {
		t.Run(fmt.Sprint(width), func(t *testing.T) {
			d := onHopper(t, width, true)
			for _, c := range optest.Cases() {
				if c.Op == "attention" {
					t.Run(c.Name(), func(t *testing.T) { operation(t, d, c) })
				}
			}
		})
	}
}

// TestAttentionHopperExact: bits do not tell how queries were grouped, whether keys came from a batch or a cache, and where spans end.
func TestAttentionHopperExact(t *testing.T) {
	defer os.Setenv("CROCO_EMU_SCHEDULE", "0")
	for _, width := range []int{64, 128} {
		for _, span := range []int{1, spanTiles} {
			t.Run(fmt.Sprintf("%d/span=%d", width, span), func(t *testing.T) {
				d := onHopper(t, width, false)
				d.attention.span = span
				for _, p := range optest.Promises(d) {
					if strings.HasPrefix(p.Name, "attention") {
						require.NoError(t, p.Keep(d), p.Name)
					}
				}
			})
		}
	}
}

// TestAttentionHopperLong: paths of more tiles than there are stages, in items of two warpgroups.
func TestAttentionHopperLong(t *testing.T) {
	defer os.Setenv("CROCO_EMU_SCHEDULE", "0")
	prompt := line7(290)
	f := forest.Build([][]int32{append(prompt[:290:290], 1, 2, 3), append(prompt[:200:200], 4, 5)})
	for _, a := range []kernels.Attn{{H: 2, G: 1, D: 64}, {H: 1, G: 1, D: 100, Window: 150, Softcap: 2}} {
		t.Run(fmt.Sprint(a.D), func(t *testing.T) {
			d := onHopper(t, a.D, true)
			a.Scale = float32(1 / math.Sqrt(float64(a.D)))
			want := attended(reference.WithArithmetic(kernels.BF16), f, a)
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
