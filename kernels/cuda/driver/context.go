//go:build gpu

package driver

/*
#include <stdint.h>
typedef int (*setter)(void *);
static __thread void *current;
// Makes a context the thread's current one, where it is not yet.
static int croco_make_current(void *f, void *context) {
	if (current == context) return 0;
	int e = ((setter)f)(context);
	if (!e) current = context;
	return e;
}
*/
import "C"

import (
	"fmt"
	"runtime"
	"unsafe"

	"gorgonia.org/cu"

	"croco/kernels/cuda/shim"
)

// Oldest is the oldest driver that is supported, as CUDA counts: 12040 is 12.4, which can tell a kernel's parameters.
const Oldest = 12040

// Context is a GPU in use.
type Context struct {
	Name         string
	Major, Minor int // compute capability
	SMs          int // streaming multiprocessors
	MaxShared    int // bytes of shared memory that one block may ask for
	Memory       int64
	Version      int     // of the driver
	Clock        float64 // cycles per second of a multiprocessor at best; 0 where the driver does not tell
	Bandwidth    float64 // bytes per second of the memory at best; 0 as well

	device     cu.Device
	context    unsafe.Pointer
	setCurrent unsafe.Pointer
	calls      calls
	functions  uint32 // kernels found so far
}

// Count is the number of GPUs, and where it is 0, why.
func Count() (n int, why string) {
	n, err := cu.NumDevices()
	switch reason := shim.Reason(); {
	case n > 0:
		return n, ""
	case reason != "":
		return 0, "no CUDA driver: " + reason
	case err != nil:
		return 0, fmt.Sprintf("the CUDA driver finds no GPU: %v", err)
	}
	return 0, "the CUDA driver finds no GPU"
}

// Open takes a GPU into use. Its context is the primary one of the process, which is never given back.
func Open(index int) (*Context, error) {
	n, why := Count()
	if n == 0 {
		return nil, fmt.Errorf("%s; use --device cpu, or install the NVIDIA driver", why)
	}
	if index < 0 || index >= n {
		return nil, fmt.Errorf("GPU %d of %d: expected 0 … %d", index, n, n-1)
	}
	c := &Context{device: cu.Device(index), Version: cu.Version(), setCurrent: shim.Symbol("cuCtxSetCurrent")}
	if c.Version < Oldest {
		return nil, fmt.Errorf("the NVIDIA driver supports CUDA %s, expected at least %s: update the driver (550 or later)", version(c.Version), version(Oldest))
	}
	var err error
	if c.Name, err = c.device.Name(); err != nil {
		return nil, explain("name of the GPU", err)
	}
	if c.Memory, err = c.device.TotalMem(); err != nil {
		return nil, explain("memory of the GPU", err)
	}
	for _, a := range []struct {
		to   *int
		what cu.DeviceAttribute
	}{{&c.Major, cu.ComputeCapabilityMajor}, {&c.Minor, cu.ComputeCapabilityMinor}, {&c.SMs, cu.MultiprocessorCount}, {&c.MaxShared, maxSharedOptin}} {
		if *a.to, err = c.device.Attribute(a.what); err != nil {
			return nil, explain("attributes of the GPU", err)
		}
	}
	told := func(what cu.DeviceAttribute) float64 { // 0 where the driver does not tell: nothing depends on it but shares of the peak
		n, err := c.device.Attribute(what)
		if err != nil {
			return 0
		}
		return float64(n)
	}
	c.Clock = 1e3 * told(cu.ClockRate)                                                   // from kHz
	c.Bandwidth = 1e3 * told(cu.MemoryClockRate) * 2 * told(cu.GlobalMemoryBusWidth) / 8 // two transfers per cycle, bits
	if c.Major < 8 {
		return nil, fmt.Errorf("%s has compute capability %d.%d, expected at least 8.0 (Ampere): use --device cpu", c.Name, c.Major, c.Minor)
	}
	if err := c.calls.find(); err != nil {
		return nil, err
	}
	if err := c.calls.graphs.find(); err != nil {
		return nil, err
	}
	context, err := c.device.RetainPrimaryCtx()
	if err != nil {
		return nil, explain("context", err)
	}
	c.context = *(*unsafe.Pointer)(unsafe.Pointer(&context)) // the only field
	return c, c.do("context", func() error { return nil })
}

// maxSharedOptin is CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN.
const maxSharedOptin = cu.DeviceAttribute(97)

func version(v int) string { return fmt.Sprintf("%d.%d", v/1000, v%1000/10) }

// Arch is what to compile for. The instructions of sm_90a exist on compute capability 9.0 alone.
func (c *Context) Arch() string {
	if c.Major == 9 && c.Minor == 0 {
		return "sm_90a"
	}
	return fmt.Sprintf("sm_%d%d", c.Major, c.Minor)
}

// Free is the memory of the GPU that no program uses now, in bytes.
func (c *Context) Free() (free int64) {
	c.do("memory", func() (err error) { free, _, err = cu.MemInfo(); return err })
	return free
}

func (c *Context) String() string {
	return fmt.Sprintf("%s, compute capability %d.%d, %d multiprocessors, %.1f GiB, CUDA %s", c.Name, c.Major, c.Minor, c.SMs, float64(c.Memory)/(1<<30), version(c.Version))
}

// bind ties the goroutine to its thread, with the context current there. The caller unlocks the thread.
func (c *Context) bind() error {
	runtime.LockOSThread()
	if e := C.croco_make_current(c.setCurrent, c.context); e != 0 {
		return Code(e)
	}
	return nil
}

// do calls f with the context current.
func (c *Context) do(what string, f func() error) error {
	defer runtime.UnlockOSThread()
	if err := c.bind(); err != nil {
		return explain(what, err)
	}
	return explain(what, f())
}
