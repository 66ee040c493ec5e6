//go:build gpu

package cuda

import (
	"fmt"
	"slices"

	"croco/kernels"
	"croco/kernels/cuda/driver"
	"croco/kernels/forest"
)

// spanTiles is the length of a span: 512 positions. See source/attention.cuh.
const spanTiles = 8

// attention keeps what the calls of a step share: the lists of one plan. Holding on to the plan keeps its address from being
// that of another one; a plan does not change while it is in use.
type attention struct {
	plan  *forest.Plan
	span  int // tiles; tests set it
	least int // width that kernels are made for; tests set it
	works map[attnKey]*attnOnDevice
	keys  *keyBlocks
}

type attnKey struct {
	perGroup, most int
	backward       bool
}

// attnOnDevice are the lists of an attnWork in device memory.
type attnOnDevice struct {
	items                         []attnItems // by level
	queries, tiles, rows, merging uintptr
	merges, slots                 int
}

type attnItems struct {
	at uintptr
	n  int
}

// attnCall is what the kernels of a call have in common.
type attnCall struct {
	kernels.Attn
	d    *Device
	half bool   // bfloat16 products
	wide int    // the head width that the kernels are made for: at least D
	name string // how their names end, before the width: arithmetic, or sm90

	threads int // of a block
	most    int // rows of an item
}

// attnOperands is what kernels read: q, k and v, itself or rounded copies.
type attnOperands struct {
	kernel string
	shared int // bytes
	args   []driver.Arg
	more   []driver.Arg // after all other arguments
}

func (d *Device) attnCall(op string, q, k, v *kernels.Tensor, a kernels.Attn) attnCall {
	kernels.Shape(op, "q", q, -1, a.H*a.D)
	kernels.Shape(op, "k", k, -1, a.G*a.D)
	same(op, "v", v, k)
	if a.G == 0 || a.H%a.G != 0 {
		panic(fmt.Sprintf("cuda: %s: %d query heads for %d key/value heads", op, a.H, a.G))
	}
	widths := []int{16, 64, 128, 256}
	i := slices.IndexFunc(widths, func(w int) bool { return w >= max(a.D, d.attention.least) })
	if i < 0 {
		panic(fmt.Sprintf("cuda: %s: heads of %d columns, expected at most 256", op, a.D))
	}
	if d.arithmetic == kernels.BF16 {
		return attnCall{Attn: a, d: d, wide: widths[i], half: true, name: "bf16", threads: 128, most: 64}
	}
	return attnCall{Attn: a, d: d, wide: widths[i], name: "f32", threads: 128, most: 32}
}

// launch queues one of the kernels for the width of this call, which end their arguments with the constants.
func (c *attnCall) launch(kernel string, grid [3]int, shared int, args []driver.Arg, more ...driver.Arg) {
	args = append(args, driver.Int(c.H), driver.Int(c.G), driver.Int(c.D), driver.Float(c.Scale), driver.Float(c.Softcap), driver.Int(c.Window))
	c.d.launch(fmt.Sprintf("%s_%s_%d", kernel, c.name, c.wide), grid, c.threads, shared, append(args, more...)...)
}

// operand is a tensor (rows, heads·D) as the kernels want it: itself, or (rows, heads, wide) in bfloat16.
func (c *attnCall) operand(t *kernels.Tensor) driver.Arg {
	switch heads := t.Len() / c.D; {
	case !c.half:
		return at(t)
	case c.wide == c.D: // as linear layers want it
		return driver.Ptr(c.d.activations(t).addr)
	default:
		return driver.Ptr(c.d.round(t.Addr, heads, c.wide, heads, c.D))
	}
}

// work returns the lists of a plan for this call, which are made once.
func (c *attnCall) work(plan *forest.Plan, backward bool) *attnOnDevice {
	at := &c.d.attention
	if at.plan != plan {
		c.d.forget()
		at.plan = plan
	}
	key := attnKey{c.H / c.G, c.most, backward}
	if w := at.works[key]; w != nil {
		return w
	}
	w := newAttnWork(plan, key.perGroup, c.most, at.span)
	if backward {
		w.backward()
	} else {
		w.forward()
	}
	at.works[key] = c.d.place(w)
	return at.works[key]
}

// forget gives up the lists of the plan before.
func (d *Device) forget() {
	for _, w := range d.attention.works {
		d.release(w.queries, w.tiles, w.rows, w.merging)
		for _, level := range w.items {
			d.release(level.at)
		}
	}
	if k := d.attention.keys; k != nil {
		d.release(k.blocks, k.runs)
	}
	span := d.attention.span
	if span == 0 {
		span = spanTiles
	}
	d.attention = attention{span: span, least: d.attention.least, works: map[attnKey]*attnOnDevice{}}
}

// place copies the lists to the device.
func (d *Device) place(w *attnWork) *attnOnDevice {
	on := &attnOnDevice{
		queries: d.copied(int32s(w.queries)), tiles: d.copied(w.tiles), rows: d.copied(w.rows), merging: d.copied(int32s(w.merges)),
		merges: len(w.merges), slots: w.slots,
	}
	for _, level := range w.items {
		on.items = append(on.items, attnItems{d.copied(int32s(level)), len(level)})
	}
	return on
}

// copied puts a list into device memory; an empty one needs none.
func (d *Device) copied(list []int32) uintptr {
	if len(list) == 0 {
		return 0
	}
	p := d.alloc(4 * len(list))
	d.send(p, bytesOf(list))
	return p
}

// Attend: q and out are (Tq, H·D), k and v (rows, G·D), lse is (Tq,H) or nil: softmax attention over the positions of each query's path.
// See kernels/reference/attention.go for the formulas, source/attention.cuh for how it is computed.
func (d *Device) Attend(out, lse, q, k, v *kernels.Tensor, plan *forest.Plan, a kernels.Attn) {
	c := d.attnCall("attend", q, k, v, a)
	same("attend", "out", out, q)
	if lse != nil {
		kernels.Shape("attend", "lse", lse, q.Shape[0], a.H)
	}
	merge := "merge_spans_" + c.name
	cache := k.Shape[0] != q.Shape[0] // which is read as it is; else a batch
	var o attnOperands
	switch {
	case !c.half:
		o = attnOperands{kernel: "attend", args: []driver.Arg{at(q), at(k), at(v)}}
	case d.hopper() && (c.wide == 64 || c.wide == 128):
		o = c.forwardSM90(q, k, v, cache)
	default:
		o = c.forwardBF16(q, k, v, cache)
	}
	w := c.work(plan, false)
	slots := d.alloc(4 * w.slots * a.H * (2 + a.D))
	defer d.release(slots)
	for _, items := range w.items {
		args := append([]driver.Arg{at(out), at(lse)}, o.args...)
		args = append(args, driver.Ptr(slots), driver.Ptr(items.at), driver.Ptr(w.queries), driver.Ptr(w.tiles), driver.Ptr(w.rows))
		c.launch(o.kernel, plane(items.n, a.G), o.shared, args, append([]driver.Arg{driver.Int(d.attention.span)}, o.more...)...)
	}
	d.launch(merge, plane(w.merges, a.H), 128, 0, at(out), at(lse), driver.Ptr(slots), driver.Ptr(w.merging), driver.Int(a.H), driver.Int(a.D))
}

// forwardBF16 is source/attention_bf16_forward.cuh.
func (c *attnCall) forwardBF16(q, k, v *kernels.Tensor, cache bool) attnOperands {
	o := attnOperands{kernel: "attend", shared: 8*c.most + 2*c.wide*(c.most+2*tileKeys)}
	for i, t := range []*kernels.Tensor{q, k, v} {
		if cache && i > 0 {
			o.kernel, o.args = "attend_cache", append(o.args, at(t))
			continue
		}
		o.args = append(o.args, c.operand(t))
	}
	return o
}

// AttendBackward: in the forward pass, for each query and head, this was P = exp(s − lse) with s = scale·q·k (soft-capped), and
// out = Σ_j P[j]·v[j]. So now, with dP[j] = dout·v[j] and dS = P·(dP − Σ P·dP)·scale (times 1 − (s/cap)²),
//
//	dq = Σ_j dS[j]·k[j]    dk[j] = Σ_queries dS[j]·q    dv[j] = Σ_queries P[j]·dout
//
// (Dao et al., FlashAttention, arXiv:2205.14135, appendix B.) Σ P·dP is dout·out. Scores are computed twice: for dq by items
// of queries, for dk and dv by blocks of keys.
func (d *Device) AttendBackward(dq, dk, dv, dout, out, lse, q, k, v *kernels.Tensor, plan *forest.Plan, a kernels.Attn) {
	c := d.attnCall("attend backward", q, k, v, a)
	T := q.Shape[0]
	for what, t := range map[string]*kernels.Tensor{"dq": dq, "dout": dout, "out": out} {
		same("attend backward", what, t, q)
	}
	same("attend backward", "dk", dk, k)
	same("attend backward", "dv", dv, k)
	kernels.Shape("attend backward", "k", k, T, a.G*a.D)
	kernels.Shape("attend backward", "lse", lse, T, a.H)
	delta := d.New(T, a.H)
	defer d.Free(delta)
	d.launch("attention_delta_"+c.name, line(blocks(T*a.H, 4)), 128, 0, at(delta), at(dout), at(out), count(delta), driver.Int(a.D))

	operands := []driver.Arg{c.operand(dout), at(lse), at(delta), c.operand(q), c.operand(k), c.operand(v)}
	back := c.backward()
	c.name = back.name
	w := c.work(plan, true)
	for _, items := range w.items {
		args := append([]driver.Arg{at(dq)}, operands...)
		args = append(args, driver.Ptr(items.at), driver.Ptr(w.queries), driver.Ptr(w.tiles), driver.Ptr(w.rows))
		c.launch("attend_back_q", plane(items.n, a.G), back.sharedQ, args)
	}
	keys := d.keyBlocks(plan)
	args := append([]driver.Arg{at(dk), at(dv)}, operands...)
	args = append(args, driver.Ptr(keys.blocks), driver.Ptr(keys.runs))
	c.launch("attend_back_keys", [3]int{keys.n, a.G, c.wide / back.columns}, back.sharedK, args)
}
