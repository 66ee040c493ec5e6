//go:build gpu

package cuda

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"math/bits"
	"slices"
	"unsafe"

	"croco/kernels"
	"croco/kernels/cuda/driver"
)

// arena gives out device memory. What is freed goes back to the free list of its size and not to the driver, so a step
// whose shapes were seen before allocates nothing. Since all work is in one queue, freed memory may be given out at once.
// Of a size it gives out the lowest address: a step that comes again has its tensors where they were, in whichever
// order they were freed, and a graph's arguments need not change.
type arena struct {
	context *driver.Context
	guarded bool
	free    map[int][]uintptr // by size, descending
	live    map[uintptr]int   // sizes of what is given out
	slabs   map[int][]uintptr // by the size of their pieces
}

func newArena(c *driver.Context, guarded bool) arena {
	return arena{context: c, guarded: guarded, free: map[int][]uintptr{}, live: map[uintptr]int{}, slabs: map[int][]uintptr{}}
}

// sizeClass rounds up to the next of four steps per power of two, and to whole 256 bytes.
func sizeClass(n int) int {
	n = max(n, 256)
	step := 1 << max(8, bits.Len(uint(n-1))-3)
	return (n + step - 1) / step * step
}

// slab is how much the arena asks of the driver at least; smaller pieces are cut from it.
const slab = 4 << 20

func (a *arena) take(n int) (uintptr, error) {
	size := sizeClass(n)
	if a.guarded {
		size = max(n, 4)
	}
	if list := a.free[size]; len(list) > 0 {
		p := list[len(list)-1]
		a.free[size], a.live[p] = list[:len(list)-1], size
		return p, nil
	}
	pieces := 1
	if !a.guarded {
		pieces = max(1, slab/size)
	}
	p, err := a.context.Alloc(pieces * size)
	if err != nil {
		return 0, err
	}
	if !a.guarded {
		a.slabs[size] = append(a.slabs[size], p)
	}
	for i := pieces - 1; i > 0; i-- {
		a.free[size] = append(a.free[size], p+uintptr(i*size))
	}
	a.live[p] = size
	return p, nil
}

// trim gives slabs that are free as a whole back to the driver, and says how many bytes that were.
func (a *arena) trim() (given int, err error) {
	for size, slabs := range a.slabs {
		pieces := max(1, slab/size)
		a.slabs[size] = slices.DeleteFunc(slabs, func(base uintptr) bool {
			last, whole := a.place(size, base)
			first, _ := a.place(size, base+uintptr((pieces-1)*size))
			if whole = whole && last-first == pieces-1; whole {
				a.free[size] = slices.Delete(a.free[size], first, last+1)
				err = errors.Join(err, a.context.Release(base))
				given += pieces * size
			}
			return whole
		})
	}
	return given, err
}

// place is where p is, or would be, in the free list of its size.
func (a *arena) place(size int, p uintptr) (i int, found bool) {
	return slices.BinarySearchFunc(a.free[size], p, func(a, b uintptr) int { return cmp.Compare(b, a) })
}

func (a *arena) give(p uintptr) error {
	size, ok := a.live[p]
	if !ok {
		panic(fmt.Sprintf("cuda: memory at %#x is freed that was not given out, or twice", p))
	}
	delete(a.live, p)
	if a.guarded {
		return a.context.Release(p)
	}
	i, _ := a.place(size, p)
	a.free[size] = slices.Insert(a.free[size], i, p)
	return nil
}

// alloc gives n bytes of device memory, aligned to 16 bytes at least; 0 after a fault.
func (d *Device) alloc(n int) uintptr {
	if d.fault != nil {
		return 0
	}
	p, err := d.memory.take(n)
	if driver.OutOfMemory(err) { // other sizes may lie idle
		d.wait()
		if given, fault := d.memory.trim(); given > 0 && fault == nil {
			p, err = d.memory.take(n)
		}
	}
	d.keep(err)
	return p
}

// release takes memory of alloc and upload back; what is queued may still use it.
func (d *Device) release(ps ...uintptr) {
	for _, p := range ps {
		if l := d.lists.all[p]; l != nil {
			l.uses--
		} else if p != 0 {
			d.changed(p)
			if d.memory.guarded { // it goes back to the driver
				d.flush()
			}
			d.keep(d.memory.give(p))
		}
	}
}

// Memory is what the GPU has free, with what the arena holds idle, and all that it has, in bytes.
func (d *Device) Memory() (free, total int64) {
	free = d.context.Free()
	for size, list := range d.memory.free {
		free += int64(size) * int64(len(list))
	}
	return free, d.context.Memory
}

// New returns a tensor with undefined contents.
func (d *Device) New(shape ...int) *kernels.Tensor {
	t := &kernels.Tensor{Shape: append([]int(nil), shape...)}
	t.Addr = d.alloc(4 * t.Len())
	return t
}

// Free takes back tensors that New gave out.
func (d *Device) Free(ts ...*kernels.Tensor) {
	for _, t := range ts {
		if t != nil {
			d.release(t.Addr)
			t.Addr = 0
		}
	}
}

// Write copies src into dst; it has its own copy of src when it returns.
func (d *Device) Write(dst *kernels.Tensor, src []float32) {
	sameLen("write", dst.Len(), len(src))
	d.send(dst.Addr, bytesOf(src))
}

// Read copies src into dst, after everything before it; after a fault dst is NaN.
func (d *Device) Read(dst []float32, src *kernels.Tensor) {
	sameLen("read", len(dst), src.Len())
	d.fetch(bytesOf(dst), src.Addr)
	if d.fault != nil {
		for i := range dst {
			dst[i] = float32(math.NaN())
		}
	}
}

// ReadLater queues a copy of src; dst has it after the next Read or Sync.
func (d *Device) ReadLater(dst []float32, src *kernels.Tensor) {
	sameLen("read later", len(dst), src.Len())
	d.promise(bytesOf(dst), src.Addr)
}

// Copy copies src into dst.
func (d *Device) Copy(dst, src *kernels.Tensor) {
	sameLen("copy", dst.Len(), src.Len())
	d.changed(dst.Addr)
	if n := 4 * src.Len(); n > 0 && d.fault == nil {
		d.add(driver.ToMove(dst.Addr, src.Addr, n))
	}
}

// Zero fills t with zeros.
func (d *Device) Zero(t *kernels.Tensor) {
	d.changed(t.Addr)
	if n := 4 * t.Len(); n > 0 && d.fault == nil {
		d.add(driver.ToZero(t.Addr, n))
	}
}

func sameLen(op string, dst, src int) {
	if dst != src {
		panic(fmt.Sprintf("cuda: %s: %d elements into %d", op, src, dst))
	}
}

// bytesOf is the memory of a slice of numbers.
func bytesOf[E float32 | float64 | int32 | uint32 | int64 | uint64](s []E) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(s))), len(s)*int(unsafe.Sizeof(*new(E))))
}
