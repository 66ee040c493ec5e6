//go:build gpu

package cuda

import (
	"fmt"

	"croco/kernels"
	"croco/kernels/cuda/driver"
)

// packed is a weight (Out, In) in device memory, in up to two forms.
type packed struct {
	// float32 (Out, In), 0 where the weight is stored as bfloat16 and frozen. Of a trainable weight it is the Master.
	f32 uintptr
	// bfloat16 (Out, ld), rows padded with zeros to ld, a multiple of 8 elements. Stored bfloat16 has it from the start; other
	// weights get it, rounded, when they are first multiplied in bfloat16 arithmetic.
	bf16 uintptr
	ld   int
	// whether bf16 is older than f32
	stale bool
}

func pack(w *kernels.Weight) *packed { return w.Impl.(*packed) }

// NewWeight puts a weight on the device. A frozen bfloat16 weight stays as it is; float16 is widened, which is exact.
func (d *Device) NewWeight(name string, out, in int, dtype kernels.DType, raw []byte, trainable bool) *kernels.Weight {
	if len(raw) != out*in*dtype.Size() {
		panic(fmt.Sprintf("cuda: weight %s: %d bytes, expected %d × %d values of %v", name, len(raw), out, in, dtype))
	}
	p := &packed{ld: (in + 7) / 8 * 8}
	w := &kernels.Weight{Name: name, Out: out, In: in, DType: dtype, Impl: p}
	switch {
	case dtype == kernels.BF16 && !trainable && p.ld == in:
		p.bf16 = d.alloc(len(raw))
		d.send(p.bf16, raw)
	case dtype == kernels.F32:
		p.f32 = d.alloc(len(raw))
		d.send(p.f32, raw)
	default:
		half := d.alloc(len(raw))
		d.send(half, raw)
		p.f32 = d.alloc(4 * out * in)
		d.widen(p.f32, half, out*in, dtype)
		d.release(half)
		if dtype == kernels.BF16 && !trainable { // rows get their padding
			p.bf16 = d.alloc(2 * out * p.ld)
			d.narrow(p.bf16, p.f32, out, p.ld, out, in)
			d.release(p.f32)
			p.f32 = 0
		}
	}
	if trainable {
		w.Master = &kernels.Tensor{Shape: []int{out, in}, Addr: p.f32}
	}
	return w
}

// Refresh: the operand in bfloat16, where there is one, is made again before its next use.
func (d *Device) Refresh(w *kernels.Weight) { pack(w).stale = true }

// FreeWeight gives the memory back.
func (d *Device) FreeWeight(w *kernels.Weight) {
	p := pack(w)
	d.release(p.f32, p.bf16)
	*p = packed{}
	if w.Master != nil {
		w.Master.Addr = 0
	}
}

// operand is the weight in bfloat16 (Out, ld), for bfloat16 arithmetic.
func (d *Device) operand(w *kernels.Weight) (p uintptr, ld int) {
	o := pack(w)
	made := o.bf16 != 0
	if !made {
		o.bf16 = d.alloc(2 * w.Out * o.ld)
	}
	if !made || o.stale && o.f32 != 0 {
		d.narrow(o.bf16, o.f32, w.Out, o.ld, w.Out, w.In)
	}
	o.stale = false
	return o.bf16, o.ld
}

// values is the weight as float32 arithmetic and the embedding read it: float32 (Out, In), or bfloat16 (Out, ld) where half is set.
func (d *Device) values(w *kernels.Weight) (p uintptr, ld int, half bool) {
	o := pack(w)
	if o.f32 != 0 {
		return o.f32, w.In, false
	}
	return o.bf16, o.ld, true
}

// narrow makes a bfloat16 copy (height, ld) of float32 (rows, cols), with zeros around it.
func (d *Device) narrow(dst, src uintptr, height, ld, rows, cols int) {
	n := height * ld / 8
	d.launch("narrow", line(blocks(n, 256)), 256, 0, driver.Ptr(dst), driver.Ptr(src), driver.Int(rows), driver.Int(cols), driver.Int(ld/8), driver.Long(uint64(n)))
}

// widen makes float32 of n values of a half type.
func (d *Device) widen(dst, src uintptr, n int, dtype kernels.DType) {
	kernel := "widen_bf16"
	if dtype == kernels.F16 {
		kernel = "widen_f16"
	}
	d.launch(kernel, line(blocks(n, elements)), 256, 0, driver.Ptr(dst), driver.Ptr(src), driver.Long(uint64(n)))
}
