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
	id     uint32 // in the order in which kernels were found
	sizes  []int  // of the parameters
	shared int    // bytes of dynamic shared memory that it may have
}

// defaultShared is the dynamic shared memory that every kernel may have.
const defaultShared = 48 << 10

// Function finds a kernel and its parameters.
func (m *Module) Function(name string) (f *Function, err error) {
	m.c.functions++
	f = &Function{c: m.c, name: name, id: m.c.functions, shared: defaultShared}
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
			if i == maxArgs {
				return fmt.Errorf("it has more than %d parameters", maxArgs)
			}
			f.sizes = append(f.sizes, int(n))
		}
	})
	return f, err
}

// Parameters are how many a kernel has.
func (f *Function) Parameters() int { return len(f.sizes) }

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

// Address is the device address that an argument is.
func (a Arg) Address() uintptr { return uintptr(a.bits) }

// allow raises the limit of dynamic shared memory, which is 48 KB otherwise.
func (f *Function) allow(shared int) error {
	if shared <= f.shared {
		return nil
	}
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
