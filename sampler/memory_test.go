package sampler

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

func (r *roomy) Memory() (free, total int64) { return r.free, 1 << 40 }

// As many answers grow side by side as there is room for, and the answers are the same; what does not fit at all is refused.
func TestMemoryDecides(t *testing.T) {
	d := &roomy{device(t, 1), 1 << 40}
	m := open(t, d, "qwen3")
	p := params
	want := generate(t, m, jobs(m), p)
	work := size{jobs: len(jobs(m)), longest: 140, most: 4}
	rows := func(free int64, p Params) int {
		d.free = free
		require.NoError(t, New(m).fit(&p, work, 1000))
		return p.MaxRows
	}
	require.Equal(t, 256, rows(1<<40, p))
	before := 257
	for _, at := range []int{200, 64, 10, 3, 1} {
		p.MaxRows = at
		need := New(m).needs(&p, work)
		p.MaxRows = 0
		fits := rows(need, p)
		require.LessOrEqual(t, fits, at)
		require.Greater(t, fits, at*6/8-1)
		require.Less(t, fits, before)
		before = fits
		d.free = need
		require.Equal(t, want, generate(t, m, jobs(m), p))

		p.MaxRows = at + 1
		require.ErrorContains(t, New(m).fit(&p, work, 1000), "lower max_rows to")
		p.MaxRows = 0
	}
	d.free = 1000
	require.ErrorContains(t, New(m).Generate(t.Context(), jobs(m), p, nil), "lower max_new_tokens, or drop the longest prompts")
}
