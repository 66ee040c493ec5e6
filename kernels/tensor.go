package kernels

import "fmt"

// TileKeys is the number of consecutive positions that attention treats as one tile. Tiles are aligned at position 0.
const TileKeys = 64

// DType is how values are stored in a file or in a packed weight. Activations and gradients are always float32.
type DType uint8

const (
	F32 DType = iota
	BF16
	F16
)

// Size is the number of bytes of one value.
func (t DType) Size() int {
	if t == F32 {
		return 4
	}
	return 2
}

func (t DType) String() string { return [...]string{"float32", "bfloat16", "float16"}[t] }

// Tensor is a dense row-major float32 array in a device's memory. The last dimension is contiguous.
type Tensor struct {
	Shape []int
	// Host is the memory itself on devices that compute on the host. Only packages below kernels may touch it:
	// everybody else goes through Device.Read and Device.Write, which also work for a GPU.
	Host []float32
	// Addr is the device address on devices with memory of their own; 0 otherwise.
	Addr uintptr
}

// Len is the number of elements.
func (t *Tensor) Len() int {
	n := 1
	for _, s := range t.Shape {
		n *= s
	}
	return n
}

// Dim is the size of dimension i; negative i counts from the end.
func (t *Tensor) Dim(i int) int {
	if i < 0 {
		i += len(t.Shape)
	}
	return t.Shape[i]
}

// Width is the size of the last dimension, Height the product of the others: every tensor is also a (Height, Width) matrix.
func (t *Tensor) Width() int { return t.Shape[len(t.Shape)-1] }

// Height is the number of rows of width Width.
func (t *Tensor) Height() int { return t.Len() / max(1, t.Width()) }

// Rows is a view of the rows lo … hi−1 along the first dimension; it shares the memory.
func (t *Tensor) Rows(lo, hi int) *Tensor {
	if lo < 0 || hi < lo || hi > t.Shape[0] {
		panic(fmt.Sprintf("kernels: rows %d:%d of a tensor of shape %v", lo, hi, t.Shape))
	}
	stride := 1
	for _, s := range t.Shape[1:] {
		stride *= s
	}
	v := &Tensor{Shape: append([]int{hi - lo}, t.Shape[1:]...)}
	if t.Host != nil {
		v.Host = t.Host[lo*stride : hi*stride : hi*stride]
	}
	if t.Addr != 0 {
		v.Addr = t.Addr + uintptr(4*lo*stride)
	}
	return v
}

// Reshape is a view of the same memory with another shape of the same length.
func (t *Tensor) Reshape(shape ...int) *Tensor {
	v := &Tensor{Shape: shape, Host: t.Host, Addr: t.Addr}
	if v.Len() != t.Len() {
		panic(fmt.Sprintf("kernels: reshape of %v to %v", t.Shape, shape))
	}
	return v
}

// Weight is a matrix W (Out, In) as a device keeps it: of a linear layer, or an embedding table (V, C).
type Weight struct {
	Name    string
	Out, In int
	DType   DType // of the stored values
	// Master holds the values (Out, In) of a trainable weight in float32; nil when the weight is frozen.
	// Whoever changes it calls Device.Refresh before the next use.
	Master *Tensor
	// Impl is the device's own packing.
	Impl any
}

// Shape is a programmer's error: it panics with what was expected and what was found.
func Shape(op, what string, t *Tensor, want ...int) {
	ok := t != nil && len(t.Shape) == len(want)
	for i := 0; ok && i < len(want); i++ {
		ok = want[i] < 0 || t.Shape[i] == want[i]
	}
	if !ok {
		var got []int
		if t != nil {
			got = t.Shape
		}
		panic(fmt.Sprintf("kernels: %s: %s has shape %v, expected %v", op, what, got, want))
	}
}
