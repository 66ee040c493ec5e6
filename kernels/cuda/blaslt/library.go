//go:build gpu

package blaslt

/*
#include <stdlib.h>
#include "lt.h"
*/
import "C"

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"unsafe"
)

// names are where libcublasLt is looked for: the older one first, since a newer one may want a newer driver.
func names() []string {
	if path := os.Getenv("CROCO_CUBLASLT"); path != "" {
		return []string{path}
	}
	sonames := []string{"libcublasLt.so.12", "libcublasLt.so.13"}
	all := sonames
	for _, n := range sonames {
		all = append(all, filepath.Join("/usr/local/cuda/lib64", n))
	}
	return all
}

var open = sync.OnceValue(load)

func load() error {
	for _, n := range names() {
		path := C.CString(n)
		missing := C.library_open(path)
		C.free(unsafe.Pointer(path))
		if missing == nil {
			continue
		}
		if m := C.GoString(missing); m != "" {
			return fmt.Errorf("cublaslt: %s has no %s: expected cuBLASLt 12 or 13", n, m)
		}
		return nil
	}
	return fmt.Errorf("cublaslt: no libcublasLt, looked for %s: install the CUDA toolkit or pip's nvidia-cublas-cu12, or set CROCO_CUBLASLT to the library's path", strings.Join(names(), ", "))
}

// Version is that of the library, such as 12.9.1.
func Version() (string, error) {
	if err := open(); err != nil {
		return "", err
	}
	v := int(C.library_version())
	return fmt.Sprintf("%d.%d.%d", v/10000, v/100%100, v%100), nil
}

// status is an error of the library, nil for none.
func status(what string, e C.int) error {
	if e == 0 {
		return nil
	}
	return fmt.Errorf("cublaslt: %s: %s", what, C.GoString(C.library_status(e)))
}

// Handle is the library in use in one CUDA context.
type Handle struct{ ref C.ref }

// New makes a handle in the context that is current.
func New() (*Handle, error) {
	if err := open(); err != nil {
		return nil, err
	}
	h := &Handle{}
	return h, status("handle", C.library_handle(&h.ref))
}
