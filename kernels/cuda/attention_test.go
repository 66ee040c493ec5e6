//go:build gpu

package cuda

import (
	"testing"

	"github.com/stretchr/testify/require"

	"croco/kernels"
	"croco/kernels/optest"
)

// TestAttentionSpans: with spans of one tile and of two, every way to compute a query still gives the same bits.
func TestAttentionSpans(t *testing.T) {
	for _, span := range []int{1, 2} {
		d := open(t, Options{Arithmetic: kernels.F32, Guarded: true})
		d.attention.span = span
		for _, p := range optest.Promises(d) {
			if p.Name == "attention: packed, alone, in chunks, token by token" {
				require.NoError(t, p.Keep(d))
			}
		}
		for _, c := range optest.Cases() {
			if c.Op == "attention" {
				require.NoError(t, optest.Check(c, d))
			}
		}
	}
}
