//go:build gpu

package driver

/*
#include <stddef.h>
static int parameter(void *f, void *fn, size_t i, size_t *offset, size_t *n) {
	return ((int (*)(void *, size_t, size_t *, size_t *))f)(fn, i, offset, n);
}
static int attribute(void *f, void *fn, int a, int v) { return ((int (*)(void *, int, int))f)(fn, a, v); }
*/
import "C"

import (
	"fmt"
	"math"
	"runtime"
	"unsafe"

	"gorgonia.org/cu"

	"croco/kernels/cuda/shim"
)

// Module is a compiled source file on the device.
type Module struct {
	c      *Context
	module cu.Module
}

// Load puts a CUBIN on the device.
func (c *Context) Load(cubin []byte) (m *Module, err error) {
	m = &Module{c: c}
	err = c.do("load kernels", func() error {
		m.module, err = cu.LoadData(string(cubin))
		return err
	})
	return m, err
}

// Function is a kernel.
type Function struct {
	c      *Context
	fn     cu.Function
	name   string
	sizes  []int // of the parameters
	shared int   // bytes of dynamic shared memory that it may have
	cells  [maxArgs]uint64
	ptrs   [maxArgs]unsafe.Pointer
}

const maxArgs = 32

// defaultShared is the dynamic shared memory that every kernel may have.
const defaultShared = 48 << 10

// Function finds a kernel and its parameters.
func (m *Module) Function(name string) (f *Function, err error) {
	f = &Function{c: m.c, name: name, shared: defaultShared}
	for i := range f.ptrs {
		f.ptrs[i] = unsafe.Pointer(&f.cells[i])
	}
	err = m.c.do("kernel "+name, func() error {
		if f.fn, err = m.module.Function(name); err != nil {
			return err
		}
		info := shim.Symbol("cuFuncGetParamInfo")
		if info == nil {
			return fmt.Errorf("the driver has no cuFuncGetParamInfo")
		}
		for i := 0; ; i++ {
			var offset, n C.size_t
			if C.parameter(info, f.handle(), C.size_t(i), &offset, &n) != 0 {
				return nil
			}
			f.sizes = append(f.sizes, int(n))
		}
	})
	return f, err
}

// handle is the driver's own: the only field of cu.Function.
func (f *Function) handle() unsafe.Pointer { return *(*unsafe.Pointer)(unsafe.Pointer(&f.fn)) }

// Arg is an argument of a kernel.
type Arg struct {
	bits uint64
	size int
}

// Ptr is a device address, Int an int, Float a float, Long a 64-bit integer, Double a double.
func Ptr(p uintptr) Arg      { return Arg{uint64(p), 8} }
func Int(n int) Arg          { return Arg{uint64(uint32(int32(n))), 4} }
func Float(x float32) Arg    { return Arg{uint64(math.Float32bits(x)), 4} }
func Long(n uint64) Arg      { return Arg{n, 8} }
func Double(x float64) Arg   { return Arg{math.Float64bits(x), 8} }
func (a Arg) String() string { return fmt.Sprintf("%d bytes", a.size) }

// Launch queues a kernel: grid blocks of so many threads, with so many bytes of dynamic shared memory. Wrong arguments
// are a programmer's error and panic: nothing else would notice them.
func (f *Function) Launch(s *Stream, grid [3]int, threads, shared int, args ...Arg) error {
	if len(args) != len(f.sizes) {
		panic(fmt.Sprintf("cuda: kernel %s takes %d arguments, found %d", f.name, len(f.sizes), len(args)))
	}
	for i, a := range args {
		if a.size != f.sizes[i] {
			panic(fmt.Sprintf("cuda: kernel %s: argument %d has %d bytes, found %v", f.name, i, f.sizes[i], a))
		}
		f.cells[i] = a.bits // gorgonia.org/cu copies eight bytes, whatever the size
	}
	s.idle = false
	defer runtime.UnlockOSThread()
	if err := f.c.bind(); err != nil {
		return explain("kernel "+f.name, err)
	}
	if shared > f.shared {
		if err := f.allow(shared); err != nil {
			return explain("kernel "+f.name, err)
		}
	}
	if err := f.fn.Launch(grid[0], grid[1], grid[2], threads, 1, 1, shared, s.stream, f.ptrs[:len(args)]); err != nil {
		return explain(fmt.Sprintf("kernel %s, %v blocks of %d threads, %d bytes shared", f.name, grid, threads, shared), err)
	}
	return nil
}

// allow raises the limit of dynamic shared memory, which is 48 KB otherwise.
func (f *Function) allow(shared int) error {
	set := shim.Symbol("cuFuncSetAttribute")
	if set == nil {
		return fmt.Errorf("the driver has no cuFuncSetAttribute")
	}
	if e := C.attribute(set, f.handle(), 8, C.int(shared)); e != 0 {
		return fmt.Errorf("%d bytes of dynamic shared memory: %w", shared, Code(e))
	}
	f.shared = shared
	return nil
}
