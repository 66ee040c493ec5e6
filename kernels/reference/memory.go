package reference

import (
	"encoding/binary"
	"fmt"
	"math"

	"croco/kernels"
)

// New returns a tensor full of NaN: who reads what was never written shall see it.
func (*Device) New(shape ...int) *kernels.Tensor {
	t := &kernels.Tensor{Shape: shape}
	t.Host = make([]float32, t.Len())
	for i := range t.Host {
		t.Host[i] = float32(math.NaN())
	}
	return t
}

// Free takes the memory away from the tensor, so that a later use panics.
func (*Device) Free(ts ...*kernels.Tensor) {
	for _, t := range ts {
		if t != nil {
			t.Host = nil
		}
	}
}

func (*Device) Write(dst *kernels.Tensor, src []float32) { move("write", dst.Host, src) }

func (*Device) Read(dst []float32, src *kernels.Tensor) { move("read", dst, src.Host) }

// ReadLater has no reason to wait.
func (d *Device) ReadLater(dst []float32, src *kernels.Tensor) { d.Read(dst, src) }

func (*Device) Copy(dst, src *kernels.Tensor) { move("copy", dst.Host, src.Host) }

func move(op string, dst, src []float32) {
	if len(dst) != len(src) {
		panic(fmt.Sprintf("kernels: %s of %d elements to %d", op, len(src), len(dst)))
	}
	copy(dst, src)
}

func (*Device) Zero(t *kernels.Tensor) { clear(t.Host) }

func (*Device) Sync() error { return nil }

// NewWeight widens every dtype to float32, which is exact. Master and packing are the same tensor here, so a change of
// the master needs no Refresh to be seen.
func (d *Device) NewWeight(name string, out, in int, dtype kernels.DType, raw []byte, trainable bool) *kernels.Weight {
	if len(raw) != out*in*dtype.Size() {
		panic(fmt.Sprintf("kernels: weight %s: %d bytes, expected %d × %d values of %v", name, len(raw), out, in, dtype))
	}
	values := d.New(out, in)
	for i := range values.Host {
		values.Host[i] = widen(raw, i, dtype)
	}
	w := &kernels.Weight{Name: name, Out: out, In: in, DType: dtype, Impl: values}
	if trainable {
		w.Master = values
	}
	return w
}

// widen reads value i. A bfloat16 is the upper half of a float32. A float16 has 5 exponent bits with bias 15 and 10
// fraction bits; exponent 0 holds the subnormal numbers, fraction · 2⁻²⁴, and exponent 31 infinity and NaN.
func widen(raw []byte, i int, dtype kernels.DType) float32 {
	if dtype == kernels.F32 {
		return math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:]))
	}
	h := uint32(binary.LittleEndian.Uint16(raw[2*i:]))
	if dtype == kernels.BF16 {
		return math.Float32frombits(h << 16)
	}
	sign, exponent, fraction := h>>15<<31, h>>10&31, h&1023
	switch exponent {
	case 0:
		return math.Float32frombits(sign | math.Float32bits(float32(fraction)*0x1p-24))
	case 31:
		return math.Float32frombits(sign | 255<<23 | fraction<<13)
	default:
		return math.Float32frombits(sign | (exponent+127-15)<<23 | fraction<<13)
	}
}

func (*Device) Refresh(*kernels.Weight) {}

func (d *Device) FreeWeight(w *kernels.Weight) {
	d.Free(w.Master)
	w.Impl = nil
}

// values are the float32 values (Out, In) of a weight.
func values(w *kernels.Weight) *kernels.Tensor { return w.Impl.(*kernels.Tensor) }
