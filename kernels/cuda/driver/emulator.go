//go:build gpu

package driver

/*
#include <stddef.h>
#include <stdlib.h>
static int text(void *f, char *b, size_t n) { return ((int (*)(char *, size_t))f)(b, n); }
static int call(void *f) { return ((int (*)(void))f)(); }
static int ask(void *f, const char *s) { return ((int (*)(const char *))f)(s); }
*/
import "C"

import (
	"encoding/json"
	"unsafe"

	"croco/kernels/cuda/shim"
)

// Emulator speaks with the emulated driver; on a real one it has nothing to say.
var Emulator emulator

type emulator struct{}

// Present says whether the driver is the emulated one.
func (emulator) Present() bool { return shim.Symbol("croco_emu_stats") != nil }

// Stats are the counters of the emulated driver since the last Reset.
type Stats struct {
	Launches, Syncs, Allocs int
	H2D, D2H, D2D, Memset   int // bytes
	Live, Peak              int // bytes of device memory
	Kernels                 map[string]KernelStats
	// Calls of the driver that give it work or wait for it; Launches are those of kernels, one by one.
	Calls, Graphs, GraphLaunches, GraphUpdates int
}

// KernelStats are the counters of one kernel: bytes of global memory, matrix instructions, bank conflicts of ldmatrix.
type KernelStats struct {
	Launches, Blocks                             int
	MS                                           float64
	GLD, GST                                     int
	CPAsync                                      int `json:"cp_async"`
	MMA, LDMatrix, Conflicts, Shuffles, Barriers int
	TMALoad                                      int `json:"tma_ld"`
	TMAStore                                     int `json:"tma_st"`
	WGMMA                                        int
	MbarWaits                                    int `json:"mbar_waits"`
}

// Stats reads the counters.
func (e emulator) Stats() (s Stats) {
	if e.Present() {
		json.Unmarshal([]byte(read("croco_emu_stats", 1<<16)), &s)
	}
	return s
}

// Reset sets the counters to zero.
func (e emulator) Reset() {
	if e.Present() {
		C.call(shim.Symbol("croco_emu_reset"))
	}
}

// LastError is what the emulated driver reported last.
func (e emulator) LastError() string {
	if !e.Present() {
		return ""
	}
	return read("croco_emu_error", 4096)
}

// Clear forgets the last error, which otherwise stays as on a real device.
func (e emulator) Clear() {
	if e.Present() {
		C.call(shim.Symbol("croco_emu_clear"))
	}
}

// Threads is the launch bound of a kernel, as its source says.
func (e emulator) Threads(kernel string) int {
	if !e.Present() {
		return 0
	}
	name := C.CString(kernel)
	defer C.free(unsafe.Pointer(name))
	return int(C.ask(shim.Symbol("croco_emu_threads"), name))
}

func read(symbol string, n int) string {
	b := (*C.char)(C.malloc(C.size_t(n)))
	defer C.free(unsafe.Pointer(b))
	C.text(shim.Symbol(symbol), b, C.size_t(n))
	return C.GoString(b)
}
