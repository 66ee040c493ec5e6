//go:build gpu

package cuda

import "slices"

// rounded are bfloat16 copies of the tensors that products have read lately. Several products read the same x, those of q, k and
// v and of the adapters beside them, and a backward pass reads each gradient at least twice. A copy is given up when its
// tensor may have changed: launch tells what a kernel writes, by its signature, and there are few other ways to write.
type rounded []roundedCopy // the one used last comes last

type roundedCopy struct {
	src, end               uintptr // of the allocation of the tensor, which is all of it; 0 where it is a part, and not found again
	height, ld, rows, cols int
	addr                   uintptr
}

// keptRounded are the copies that are kept: more than the operands of one operation, so that none is given up before its use.
const keptRounded = 6

// round returns a bfloat16 copy (height, ld) of float32 (rows, cols), with zeros around it. It belongs to the device, and is there for the
// operation at hand.
func (d *Device) round(src uintptr, height, ld, rows, cols int) uintptr {
	c := roundedCopy{height: height, ld: ld, rows: rows, cols: cols}
	if size, ok := d.memory.live[src]; ok {
		c.src, c.end = src, src+uintptr(size)
	}
	for i, old := range d.rounded {
		c.addr = old.addr
		if old == c && c.src != 0 {
			d.rounded = append(slices.Delete(d.rounded, i, i+1), c)
			return c.addr
		}
	}
	if len(d.rounded) == keptRounded {
		d.forgetRounded(0)
	}
	c.addr = d.alloc(2 * height * ld)
	d.narrow(c.addr, src, height, ld, rows, cols)
	if d.fault == nil {
		d.rounded = append(d.rounded, c)
	}
	return c.addr
}

// changed gives up the copies of the allocation that holds p.
func (d *Device) changed(p uintptr) {
	for i := len(d.rounded) - 1; i >= 0; i-- {
		if c := d.rounded[i]; c.src <= p && p < c.end {
			d.forgetRounded(i)
		}
	}
}

func (d *Device) forgetRounded(i int) {
	addr := d.rounded[i].addr
	d.rounded = slices.Delete(d.rounded, i, i+1)
	d.release(addr)
}
