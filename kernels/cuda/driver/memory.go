//go:build gpu

package driver

/*
#include <stddef.h>
static int pin(void *f, void **p, size_t n) { return ((int (*)(void **, size_t, unsigned))f)(p, n, 0); }
*/
import "C"

import (
	"fmt"
	"unsafe"

	"gorgonia.org/cu"

	"croco/kernels/cuda/shim"
)

// Alloc gives n bytes of device memory with undefined contents.
func (c *Context) Alloc(n int) (p uintptr, err error) {
	err = c.do(fmt.Sprintf("%.1f MiB of memory, of which %.1f MiB are free", mib(int64(n)), mib(c.Free())), func() error {
		d, err := cu.MemAlloc(int64(n))
		p = uintptr(d)
		return err
	})
	return p, err
}

func mib(n int64) float64 { return float64(n) / (1 << 20) }

// Release gives device memory back, after everything that was queued.
func (c *Context) Release(p uintptr) error {
	return c.do("free memory", func() error { return cu.MemFree(cu.DevicePtr(p)) })
}

// Pin gives n bytes of host memory that copies may use while the program goes on. It is never given back.
func (c *Context) Pin(n int) (b []byte, err error) {
	err = c.do(fmt.Sprintf("%.1f MiB of pinned host memory", mib(int64(n))), func() error {
		f := shim.Symbol("cuMemHostAlloc")
		if f == nil {
			return fmt.Errorf("the driver has no cuMemHostAlloc")
		}
		var p unsafe.Pointer
		if e := C.pin(f, &p, C.size_t(n)); e != 0 {
			return Code(e)
		}
		b = unsafe.Slice((*byte)(p), n)
		return nil
	})
	return b, err
}
