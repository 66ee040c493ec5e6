package cpu

import (
	"syscall"
	"unsafe"
)

// huge asks for large pages behind a big slice, before it is touched: reading weights then misses the translation cache
// less. It is a hint, and nothing depends on it.
func huge[T any](s []T) []T {
	const page, advice = 2 << 20, 14 // MADV_HUGEPAGE
	p, n := uintptr(unsafe.Pointer(unsafe.SliceData(s))), len(s)*int(unsafe.Sizeof(*new(T)))
	skip := int(-p & (page - 1))
	if whole := (n - skip) &^ (page - 1); whole > 0 {
		_ = syscall.Madvise(unsafe.Slice((*byte)(unsafe.Add(unsafe.Pointer(unsafe.SliceData(s)), skip)), whole), advice)
	}
	return s
}
