package cpu

import (
	"fmt"

	"croco/kernels"
)

// Embed copies rows: y[t] (T,C) = scale · table[ids[t]].
func (d *Device) Embed(y *kernels.Tensor, table *kernels.Weight, ids []int32, scale float32) {
	c := table.In
	sameShape("Embed", "y", y, len(ids), c)
	d.parallel(len(ids), 16, jobFunc(func(_ *worker, lo, hi int) {
		for t := lo; t < hi; t++ {
			inTable("Embed", ids[t], table.Out)
			row := y.Host[t*c : (t+1)*c]
			valuesOf(row, table, int(ids[t]), 0)
			if scale != 1 {
				d.scale(c, first(row), first(row), scale)
			}
		}
	}))
}

// EmbedBackward: in the forward pass row t was scale · table[ids[t]], so now dtable[ids[t]] += scale · dy[t], in the order of t. A
// negative id gets nothing.
func (d *Device) EmbedBackward(dtable, dy *kernels.Tensor, ids []int32, scale float32) {
	c := dtable.Width()
	sameShape("EmbedBackward", "dy", dy, len(ids), c)
	for t, id := range ids {
		if id < 0 {
			continue
		}
		inTable("EmbedBackward", id, dtable.Height())
		d.axpy(c, &dtable.Host[int(id)*c], &dy.Host[t*c], scale)
	}
}

func inTable(op string, id int32, rows int) {
	if id < 0 || int(id) >= rows {
		panic(fmt.Sprintf("cpu: %s: id %d outside a table of %d rows", op, id, rows))
	}
}

// GatherRows: y[i] = x[rows[i]].
func (d *Device) GatherRows(y, x *kernels.Tensor, rows []int32) {
	c := x.Width()
	sameShape("GatherRows", "y", y, len(rows), c)
	for i, r := range rows {
		copy(y.Host[i*c:(i+1)*c], x.Host[int(r)*c:(int(r)+1)*c])
	}
}

// ScatterRows: in GatherRows y[i] was x[rows[i]], so now y = 0, then y[rows[i]] += x[i] in the order of i.
func (d *Device) ScatterRows(y, x *kernels.Tensor, rows []int32) {
	c := x.Width()
	sameShape("ScatterRows", "x", x, len(rows), c)
	clear(y.Host)
	for i, r := range rows {
		d.add(c, &y.Host[int(r)*c], &x.Host[i*c])
	}
}

// PutRows: y[rows[i]] = x[i]; the other rows stay.
func (d *Device) PutRows(y, x *kernels.Tensor, rows []int32) {
	c := y.Width()
	sameShape("PutRows", "x", x, len(rows), c)
	for i, r := range rows {
		copy(y.Host[int(r)*c:(int(r)+1)*c], x.Host[i*c:(i+1)*c])
	}
}
