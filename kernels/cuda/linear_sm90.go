//go:build gpu

package cuda

import (
	"croco/kernels/cuda/driver"
)

// panel is the height and width of the boxes that TMA copies.
const panel = 64

// multiplySM90 launches source/linear_sm90.cu: as many blocks as there are multiprocessors share the tiles.
func (d *Device) multiplySM90(p product) {
	kernel, width, stages := "wide", 256, 4
	if p.M <= 128 || p.N <= 64 { // a matter of speed: the chains are the same
		kernel, width, stages = "narrow", 64, 8
	}
	var more product
	if p.more != nil {
		more = *p.more
	}
	tiles := blocks(p.N, width) * blocks(p.M, 2*panel)
	shared := stages*(2*panel+width)*panel*2 + stages*16 + 1024
	d.launch("linear_sm90_"+p.form+"_"+kernel, line(min(tiles, d.context.SMs)), 384, shared,
		at(p.c), d.tensorMap(p.a), d.tensorMap(p.b), d.tensorMap(more.a), d.tensorMap(more.b), at(p.bias),
		driver.Int(p.M), driver.Int(p.N), driver.Int(p.K()), driver.Int(more.K()), driver.Int(p.from))
}

// matrix is what a tensor map depends on.
type matrix struct {
	addr     uintptr
	rows, ld int
}

// tensorMaps are the maps of all matrices so far, in device memory. A weight has one, and so has a piece of the arena for each
// number of rows, rounded up to panels, that was in it: the launch of a product makes none.
type tensorMaps struct {
	made map[matrix]uintptr
	room uintptr // for left more
	left int
}

// tensorMap is the map of an operand as an argument, null where there is no operand.
func (d *Device) tensorMap(o operand) driver.Arg {
	if o.addr == 0 {
		return driver.Ptr(0)
	}
	maps, key := &d.tensorMaps, matrix{o.addr, o.rows, o.ld}
	if o.panels {
		key.rows = blocks(o.rows, panel) * panel
	}
	p, ok := maps.made[key]
	if !ok {
		m, err := d.context.TensorMap(o.addr, key.rows, o.ld, o.ld, panel, panel)
		if d.keep(err); err != nil {
			return driver.Ptr(0)
		}
		const slab, alignment = 64, 64
		if maps.left == 0 {
			maps.room = (d.alloc(slab*driver.TensorMapSize+alignment) + alignment - 1) / alignment * alignment
			maps.left = slab
		}
		p = maps.room
		maps.room, maps.left = p+driver.TensorMapSize, maps.left-1
		maps.made[key] = p
		d.send(p, m[:])
	}
	return driver.Ptr(p)
}
