//go:build gpu

package shim

// #cgo LDFLAGS: -L${SRCDIR}/lib -Wl,--as-needed
// #include <stdlib.h>
// const char *croco_cuda_reason(void);
// void *croco_cuda_sym(const char *name);
import "C"

import "unsafe"

// Reason says why no driver is in use; empty when one is.
func Reason() string { return C.GoString(C.croco_cuda_reason()) }

// Symbol is the address of a driver function that gorgonia.org/cu does not wrap; nil where the driver lacks it.
func Symbol(name string) unsafe.Pointer {
	c := C.CString(name)
	defer C.free(unsafe.Pointer(c))
	return C.croco_cuda_sym(c)
}
