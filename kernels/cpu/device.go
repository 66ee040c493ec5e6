package cpu

import (
	"fmt"
	"math/bits"
	"runtime"
	"unsafe"

	"croco/kernels"
)

// Device computes on the host's memory. Operations are done when they return.
type Device struct {
	*isa
	workers []*worker
	free    map[int][][]float32 // by capacity
	live    map[*float32]int    // capacity of what New gave out
	gemm    gemm                // the product that runs now
	before  *panels             // the right side of the product before

	bf16     bool         // both sides of products are rounded to bfloat16
	paired   bool         // and multiplied in pairs, by VDPBF16PS
	rounded  [2][]float32 // the left sides of a product that runs now, rounded
	rounding rounding

	attention attending // and the attention
}

var _ kernels.Device = (*Device)(nil)

// New makes a device with so many threads; 0 is one per processor. It fails where CROCO_CPU asks for an instruction set
// that the machine lacks.
func New(threads int) (*Device, error) { return WithArithmetic(threads, kernels.F32) }

// WithArithmetic is New for a device that multiplies float32 or bfloat16.
func WithArithmetic(threads int, arithmetic kernels.DType) (*Device, error) {
	if arithmetic == kernels.F16 {
		return nil, fmt.Errorf("cpu: arithmetic %v: expected float32 or bfloat16", arithmetic)
	}
	if threads < 0 {
		return nil, fmt.Errorf("cpu: %d threads: expected a positive number, or 0 for one per processor", threads)
	}
	set, err := choose()
	if err != nil {
		return nil, err
	}
	if threads == 0 {
		threads = runtime.NumCPU()
	}
	d := newDevice(threads, set)
	d.bf16 = arithmetic == kernels.BF16
	d.paired = d.bf16 && set.pairsAreFaster()
	return d, nil
}

func newDevice(threads int, set *isa) *Device {
	d := &Device{isa: set, free: map[int][][]float32{}, live: map[*float32]int{}}
	for id := range threads {
		d.workers = append(d.workers, &worker{id: id, tile: aligned(8 * panelWidth), wide: aligned((depth + 2) * panelWidth)})
	}
	return d
}

// Name is "cpu".
func (d *Device) Name() string { return "cpu" }

// Info says the instruction set, the number of threads and another arithmetic than float32, like "AVX-512, 2 threads".
func (d *Device) Info() string {
	info := fmt.Sprintf("%s, %d threads", d.isa.name, len(d.workers))
	if len(d.workers) == 1 {
		info = d.isa.name + ", 1 thread"
	}
	switch {
	case d.paired:
		info += ", bfloat16 products by VDPBF16PS"
	case d.bf16:
		info += ", bfloat16 products by multiply-adds"
	}
	return info
}

// Arithmetic is float32 but for WithArithmetic.
func (d *Device) Arithmetic() kernels.DType {
	if d.bf16 {
		return kernels.BF16
	}
	return kernels.F32
}

// aligned makes n floats that begin on a cache line, with a line to spare behind them.
func aligned(n int) []float32 {
	s := huge(make([]float32, n+32))
	o := int(-uintptr(unsafe.Pointer(&s[0]))&63) / 4
	return s[o : o+n : o+n+16]
}

// class rounds a size up to the next of four steps per power of two, so that tensors of like sizes share memory.
func class(n int) int {
	n = max(n, 64)
	step := 1 << max(0, bits.Len(uint(n-1))-3)
	return (n + step - 1) / step * step
}

// New returns a tensor with undefined contents.
func (d *Device) New(shape ...int) *kernels.Tensor {
	header := &struct { // one object of the heap, not two
		kernels.Tensor
		dims [4]int
	}{}
	t := &header.Tensor
	t.Shape = append(header.dims[:0], shape...)
	n := t.Len()
	c := class(n)
	var slab []float32
	if f := d.free[c]; len(f) > 0 {
		slab, d.free[c] = f[len(f)-1], f[:len(f)-1]
	} else {
		slab = aligned(c)
	}
	d.live[&slab[0]] = c
	t.Host = slab[:n]
	return t
}

// Free takes back tensors that New gave out.
func (d *Device) Free(ts ...*kernels.Tensor) {
	for _, t := range ts {
		if t == nil {
			continue
		}
		p := first(t.Host)
		c, ok := d.live[p]
		if !ok {
			panic(fmt.Sprintf("cpu: Free of a tensor of shape %v that New did not give out, or that was freed before", t.Shape))
		}
		delete(d.live, p)
		d.free[c] = append(d.free[c], unsafe.Slice(p, c))
		t.Host = nil
	}
}

// Write copies src into dst.
func (d *Device) Write(dst *kernels.Tensor, src []float32) {
	sameLen("Write", len(dst.Host), len(src))
	copy(dst.Host, src)
}

// Read copies src into dst.
func (d *Device) Read(dst []float32, src *kernels.Tensor) {
	sameLen("Read", len(dst), len(src.Host))
	copy(dst, src.Host)
}

// ReadLater is Read: the values are there.
func (d *Device) ReadLater(dst []float32, src *kernels.Tensor) { d.Read(dst, src) }

// Copy copies src into dst, which has the same length.
func (d *Device) Copy(dst, src *kernels.Tensor) {
	sameLen("Copy", len(dst.Host), len(src.Host))
	copy(dst.Host, src.Host)
}

// Zero fills t with zeros: gradients of all weights are more than one thread can write at once.
func (d *Device) Zero(t *kernels.Tensor) {
	if len(t.Host) <= chunk {
		clear(t.Host)
		return
	}
	d.elements(len(t.Host), func(_ *worker, lo, hi int) { clear(t.Host[lo:hi]) })
}

// Sync has nothing to wait for.
func (d *Device) Sync() error { return nil }

func sameLen(op string, a, b int) {
	if a != b {
		panic(fmt.Sprintf("cpu: %s: %d elements into %d", op, b, a))
	}
}
