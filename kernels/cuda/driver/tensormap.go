//go:build gpu

package driver

/*
#include <stdint.h>
// A CUtensorMap has to be 64-byte aligned on the host too; the copy out is not.
static int encode(void *f, void *out, uint64_t base, uint64_t rows, uint64_t cols, uint64_t ld, unsigned height, unsigned width) {
	_Alignas(64) unsigned char map[128];
	uint64_t dim[2] = {cols, rows}, stride[1] = {2 * ld};
	unsigned box[2] = {width, height}, step[2] = {1, 1};
	int bfloat16 = 9, swizzle128 = 3, promotion128 = 2;
	int e = ((int (*)(void *, int, unsigned, uint64_t, const uint64_t *, const uint64_t *, const unsigned *, const unsigned *, int, int, int, int))f)
		(map, bfloat16, 2, base, dim, stride, box, step, 0, swizzle128, promotion128, 0);
	__builtin_memcpy(out, map, 128);
	return e;
}
*/
import "C"

import (
	"fmt"
	"unsafe"

	"croco/kernels/cuda/shim"
)

// TensorMapSize is the size of a tensor map, which lies in device memory at a multiple of 64 bytes.
const TensorMapSize = 128

// TensorMap describes a bfloat16 matrix (rows, cols), ld elements from row to row, in boxes of height × width elements, for the
// copies of TMA: they exchange chunks by the 128-byte swizzle, and what is outside of the matrix is zero. The address and
// rows must be multiples of 16 bytes.
func (c *Context) TensorMap(addr uintptr, rows, cols, ld, height, width int) (m [TensorMapSize]byte, err error) {
	err = c.do("tensor map", func() error {
		f := shim.Symbol("cuTensorMapEncodeTiled") // not in gorgonia.org/cu
		if f == nil {
			return fmt.Errorf("the driver has no cuTensorMapEncodeTiled")
		}
		if e := C.encode(f, unsafe.Pointer(&m), C.uint64_t(addr), C.uint64_t(rows), C.uint64_t(cols), C.uint64_t(ld), C.uint(height), C.uint(width)); e != 0 {
			return fmt.Errorf("(%d, %d) with %d elements from row to row: %w", rows, cols, ld, Code(e))
		}
		return nil
	})
	return m, err
}
