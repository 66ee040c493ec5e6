//go:build gpu

package cuda

import (
	"croco/kernels"
	"croco/kernels/cuda/driver"
)

// forwardSM90 is source/attention_sm90_forward.cuh, for heads of 17 to 128 columns. A block has one or two warpgroups of
// rows, and one that brings tiles, in two stages.
func (c *attnCall) forwardSM90(q, k, v *kernels.Tensor, cache bool) attnOperands {
	groups := 2
	if cache {
		groups = 1
	}
	c.name, c.threads, c.most = "sm90", (groups+1)*128, groups*64
	o := attnOperands{kernel: "attend", shared: 2*c.wide*(c.most+4*tileKeys) + 8*c.most + 64 + 1024, args: []driver.Arg{c.operand(q)}}
	for _, t := range []*kernels.Tensor{k, v} {
		if cache {
			o.kernel, o.args, o.more = "attend_cache", append(o.args, at(t)), append(o.more, driver.Ptr(0))
			continue
		}
		p := c.panels(t)
		o.args, o.more = append(o.args, driver.Ptr(p.addr)), append(o.more, c.d.tensorMap(p))
	}
	return o
}

// panels is a tensor (rows, heads·D) in bfloat16 as a matrix (rows, heads·wide), for TMA: whole panels, zero behind the last row.
func (c *attnCall) panels(t *kernels.Tensor) operand {
	if c.wide == c.D { // as linear layers want it
		return c.d.activations(t)
	}
	rows, heads := t.Height(), t.Width()/c.D
	o := operand{rows: rows, cols: heads * c.wide, ld: heads * c.wide, half: true, panels: true}
	o.addr = c.d.round(t.Addr, blocks(rows, panel)*panel*heads, c.wide, rows*heads, c.D)
	return o
}
