//go:build gpu

package cuda

// backward are the kernels for the gradient of this call: how their names end, how many columns of dk and dv a block sums up,
// and the bytes of shared memory that those for q and for the keys take.
type backward struct {
	name             string
	columns          int
	sharedQ, sharedK int
}

// backward chooses by arithmetic, architecture and width.
func (c *attnCall) backward() backward {
	switch {
	case !c.half:
		return backward{c.name, min(c.wide, 64), 0, 0}
	case c.d.hopper() && c.wide >= panel: // operands are panels: source/attention_back_sm90.cuh
		const rows, alignment = 64, 1024
		operands := 2 * c.wide * 6 * rows // two, and two more twice
		return backward{"sm90", min(c.wide, 128), operands + 8*rows + alignment, operands + 12*2*rows + alignment}
	case c.wide > 128:
		return backward{c.name, 128, 8*c.most + 2*c.wide*(2*c.most+2*16), 12*32 + 2*c.wide*(2*tileKeys+2*32)}
	default:
		return backward{c.name, c.wide, 8*c.most + 2*c.wide*(2*c.most+2*tileKeys), 12*32 + 2*c.wide*(2*tileKeys+4*32)}
	}
}
