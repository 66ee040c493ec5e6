//go:build gpu

package cuda

import (
	"fmt"
	"slices"

	"croco/kernels"
	"croco/kernels/cuda/driver"
)

// widest is the width above which a row has a whole block instead of a warp.
const widest = 512

// rowGrid is the grid of a kernel on rows of width C, of which there are two: name_warp and name_block.
func rowGrid(name string, T, C int) (kernel string, grid [3]int) {
	if C <= widest {
		return name + "_warp", line(blocks(T, 8))
	}
	return name + "_block", line(T)
}

func normArgs(n kernels.Norm, T, C int) []driver.Arg {
	return []driver.Arg{driver.Int(T), driver.Int(C), flag(n.LayerNorm), driver.Float(n.Eps), driver.Float(n.Offset)}
}

// Normalize: x and y are (…,C), w is (C) or nil. y = (x − μ) · r · (Offset + w), where r = 1/√(mean (x−μ)² + eps); μ is the
// mean for LayerNorm, 0 for RMSNorm. y may be x.
func (d *Device) Normalize(y, x, w *kernels.Tensor, n kernels.Norm) {
	T, C := x.Height(), x.Width()
	same("normalize", "y", y, x)
	if w != nil {
		kernels.Shape("normalize", "w", w, C)
	}
	kernel, grid := rowGrid("normalize", T, C)
	d.launch(kernel, grid, 256, 0, append([]driver.Arg{at(y), at(x), at(w)}, normArgs(n, T, C)...)...)
}

// NormalizeBackward: in the forward pass this was y = x̂ · gain with x̂ = (x − μ)·r, so now dw += Σ_rows dy·x̂, and with
// g = dy · gain, dx = r·(g − x̂·mean(g·x̂) − mean(g)); the last term is LayerNorm's alone. dx may be dy.
func (d *Device) NormalizeBackward(dx, dw, dy, x, w *kernels.Tensor, n kernels.Norm) {
	T, C := x.Height(), x.Width()
	same("normalize backward", "dy", dy, x)
	same("normalize backward", "dx", dx, x)
	if w != nil {
		kernels.Shape("normalize backward", "w", w, C)
	}
	kernel, grid := rowGrid("normalize_back", T, C)
	back := func(dx *kernels.Tensor, kept uintptr) {
		d.launch(kernel, grid, 256, 0, append([]driver.Arg{at(dx), driver.Ptr(kept), at(dy), at(x), at(w)}, normArgs(n, T, C)...)...)
	}
	if dw == nil || T == 0 {
		back(dx, 0)
		return
	}
	kernels.Shape("normalize backward", "dw", dw, C)
	const split = 64
	before := dy
	if dx.Addr == dy.Addr { // the weight's gradient needs dy too
		before = d.New(T, C)
		d.Copy(before, dy)
	}
	kept, sums := d.alloc(8*T), d.New(blocks(T, split), C)
	back(dx, kept)
	d.launch("normalize_weight", plane(blocks(C, 128), blocks(T, split)), 128, 0, at(sums), at(before), at(x), driver.Ptr(kept), driver.Int(T), driver.Int(C))
	d.addRows(dw, sums)
	d.release(kept)
	d.Free(sums)
	if before != dy {
		d.Free(before)
	}
}

// addRows: y (C) += the rows of x (T,C), one chain per column.
func (d *Device) addRows(y, x *kernels.Tensor) {
	d.launch("add_rows", line(blocks(x.Width(), 128)), 128, 0, at(y), at(x), driver.Int(x.Height()), driver.Int(x.Width()))
}

// BiasBackward: in the forward pass every row t got the same bias, so now db[n] += Σ_t dy[t,n], in the order of t.
func (d *Device) BiasBackward(db, dy *kernels.Tensor) {
	kernels.Shape("bias backward", "db", db, dy.Width())
	d.addRows(db, dy)
}

// Rotate: x is (T, heads·D), Cos and Sin are (positions, Dim/2). Each pair of the first Dim dimensions of every head is
// turned by the angle of its position; inverse turns back.
func (d *Device) Rotate(x *kernels.Tensor, heads int, positions []int32, r kernels.Rope, inverse bool) {
	T, D, half := len(positions), x.Width()/heads, r.Dim/2
	kernels.Shape("rotate", "x", x, T, heads*D)
	kernels.Shape("rotate", "cos", r.Cos, -1, half)
	same("rotate", "sin", r.Sin, r.Cos)
	if r.Dim > D || r.Dim%2 != 0 {
		panic(fmt.Sprintf("cuda: rotate: %d of %d dimensions of a head, expected an even number of at most that", r.Dim, D))
	}
	inside("rotate: position", positions, r.Cos.Shape[0])
	at1 := d.upload(positions)
	defer d.release(at1)
	sign, pairs := float32(1), T*heads*half
	if inverse {
		sign = -1
	}
	d.launch("rotate", line(blocks(pairs, 256)), 256, 0, at(x), at(r.Cos), at(r.Sin), driver.Ptr(at1), driver.Long(uint64(pairs)),
		driver.Int(heads), driver.Int(D), driver.Int(half), flag(r.Interleaved), driver.Float(sign))
}

// inside panics about a row number that a tensor of that height does not have.
func inside(op string, rows []int32, height int) {
	for i, r := range rows {
		if r < 0 || int(r) >= height {
			panic(fmt.Sprintf("cuda: %s %d of %d, at %d", op, r, height, i))
		}
	}
}

// moved is the grid of kernels that move n rows of width C.
func moved(n, C int) [3]int { return plane(n, blocks(C, 1024)) }

// GatherRows: y[i] = x[rows[i]]; x is (T,C), y (len(rows),C).
func (d *Device) GatherRows(y, x *kernels.Tensor, rows []int32) {
	C := x.Width()
	kernels.Shape("gather", "y", y, len(rows), C)
	inside("gather: row", rows, x.Height())
	list := d.upload(rows)
	defer d.release(list)
	d.launch("move_rows", moved(len(rows), C), 256, 0, at(y), at(x), driver.Ptr(0), driver.Ptr(list), driver.Int(C))
}

// PutRows: y[rows[i]] = x[i]; x is (len(rows),C), y (T,C). The rows are distinct.
func (d *Device) PutRows(y, x *kernels.Tensor, rows []int32) {
	C := y.Width()
	kernels.Shape("put", "x", x, len(rows), C)
	inside("put: row", rows, y.Height())
	list := d.upload(rows)
	defer d.release(list)
	d.launch("move_rows", moved(len(rows), C), 256, 0, at(y), at(x), driver.Ptr(list), driver.Ptr(0), driver.Int(C))
}

// ScatterRows: y (T,C) = 0, then y[rows[i]] += x[i] in the order of i.
func (d *Device) ScatterRows(y, x *kernels.Tensor, rows []int32) {
	kernels.Shape("scatter", "x", x, len(rows), y.Width())
	inside("scatter: row", rows, y.Height())
	d.Zero(y)
	d.scatterAdd(y, x, rows, 1)
}

// Embed: table is (V,C), ids (T), and y is (T,C): y[t] = scale · table[ids[t]].
func (d *Device) Embed(y *kernels.Tensor, table *kernels.Weight, ids []int32, scale float32) {
	T, C := len(ids), table.In
	kernels.Shape("embed", "y", y, T, C)
	inside("embed: id", ids, table.Out)
	list := d.upload(ids)
	defer d.release(list)
	values, ld, half := d.values(table)
	if half {
		d.launch("embed_bf16", moved(T, C), 256, 0, at(y), driver.Ptr(values), driver.Ptr(list), driver.Int(C), driver.Int(ld), driver.Float(scale))
		return
	}
	d.launch("embed_f32", moved(T, C), 256, 0, at(y), driver.Ptr(values), driver.Ptr(list), driver.Int(C), driver.Float(scale))
}

// EmbedBackward: in the forward pass this was y[t] = scale · table[ids[t]], so now dtable[ids[t]] += scale · dy[t], in the
// order of t. Rows with a negative id are left out.
func (d *Device) EmbedBackward(dtable, dy *kernels.Tensor, ids []int32, scale float32) {
	kernels.Shape("embed backward", "dy", dy, len(ids), dtable.Width())
	for t, id := range ids {
		if int(id) >= dtable.Height() {
			panic(fmt.Sprintf("cuda: embed backward: id %d of %d, at %d", id, dtable.Height(), t))
		}
	}
	d.scatterAdd(dtable, dy, ids, scale)
}

// scatterAdd: y[rows[i]] += scale · x[i]. The host groups the i by their row, so that each row of y has one block, which
// adds in order.
func (d *Device) scatterAdd(y, x *kernels.Tensor, rows []int32, scale float32) {
	var order, ids, starts []int32
	for i, r := range rows {
		if r >= 0 {
			order = append(order, int32(i))
		}
	}
	slices.SortStableFunc(order, func(a, b int32) int { return int(rows[a]) - int(rows[b]) })
	for i, o := range order {
		if r := rows[o]; i == 0 || r != ids[len(ids)-1] {
			ids, starts = append(ids, r), append(starts, int32(i))
		}
	}
	starts = append(starts, int32(len(order)))
	a, b, c := d.upload(ids), d.upload(starts), d.upload(order)
	defer d.release(a, b, c)
	C := y.Width()
	d.launch("scatter_add", plane(len(ids), blocks(C, 128)), 128, 0, at(y), at(x), driver.Ptr(a), driver.Ptr(b), driver.Ptr(c), driver.Int(C), driver.Float(scale))
}
