package optest

import (
	"encoding/binary"
	"fmt"
	"math"

	"croco/kernels"
)

// guard is the number of elements before and after every output that an operation must leave alone.
const guard = 16

// sentinel is what stands there.
const sentinel = 1234.5

// Scope holds what a case allocates on a device.
type Scope struct {
	kernels.Device
	in      Arrays
	tensors []*kernels.Tensor
	weights []*kernels.Weight
	fenced  []*kernels.Tensor
}

// NewScope is a scope for the given inputs, which need not be those of the case.
func NewScope(d kernels.Device, in Arrays) *Scope { return &Scope{Device: d, in: in} }

// Close frees what was allocated.
func (s *Scope) Close() {
	s.Free(s.tensors...)
	for _, w := range s.weights {
		s.FreeWeight(w)
	}
}

// upload puts an input into device memory; nil where the case has none of that name.
func (s *Scope) upload(name string) *kernels.Tensor {
	a, ok := s.in[name]
	if !ok {
		return nil
	}
	t := s.fence(a.Shape)
	s.Write(t, a.Data)
	return t
}

// blank is an output: NaN until it is written.
func (s *Scope) blank(shape ...int) *kernels.Tensor {
	t := s.fence(shape)
	nan := make([]float32, t.Len())
	for i := range nan {
		nan[i] = float32(math.NaN())
	}
	s.Write(t, nan)
	return t
}

// gradient is the place of a parameter's gradient: it holds the input of that name, if any, else zero.
func (s *Scope) gradient(name string, shape ...int) *kernels.Tensor {
	if t := s.upload(name); t != nil {
		return t
	}
	t := s.fence(shape)
	s.Zero(t)
	return t
}

// fence allocates a tensor between two guards.
func (s *Scope) fence(shape []int) *kernels.Tensor {
	n := (&kernels.Tensor{Shape: shape}).Len()
	whole := s.New(n + 2*guard)
	values := make([]float32, n+2*guard)
	for i := range values {
		values[i] = sentinel
	}
	s.Write(whole, values)
	s.tensors, s.fenced = append(s.tensors, whole), append(s.fenced, whole)
	return whole.Rows(guard, guard+n).Reshape(shape...)
}

// fences reports a guard that was overwritten.
func (s *Scope) fences() error {
	for _, whole := range s.fenced {
		values := make([]float32, whole.Len())
		s.Read(values, whole)
		for i := range guard {
			if values[i] != sentinel || values[len(values)-1-i] != sentinel {
				return fmt.Errorf("wrote outside of a tensor of %d elements", len(values)-2*guard)
			}
		}
	}
	return nil
}

// pack makes a weight of an input (Out, In).
func (s *Scope) pack(name string, dtype kernels.DType, trainable bool) *kernels.Weight {
	a := s.in[name]
	w := s.NewWeight(name, a.Shape[0], a.Shape[1], dtype, encode(a.Data, dtype), trainable)
	s.weights = append(s.weights, w)
	return w
}

// device reads a tensor, host a slice.
func (s *Scope) device(t *kernels.Tensor) func() []float32 {
	return func() []float32 {
		values := make([]float32, t.Len())
		s.Read(values, t)
		return values
	}
}

func (s *Scope) host(values []float32) func() []float32 {
	return func() []float32 { return append([]float32{}, values...) }
}

// encode writes little-endian values. Half types are cut, not rounded: the bits are what the devices are given.
func encode(values []float32, dtype kernels.DType) []byte {
	var raw []byte
	for _, v := range values {
		bits := math.Float32bits(v)
		switch dtype {
		case kernels.F32:
			raw = binary.LittleEndian.AppendUint32(raw, bits)
		case kernels.BF16:
			raw = binary.LittleEndian.AppendUint16(raw, uint16(bits>>16))
		case kernels.F16:
			raw = binary.LittleEndian.AppendUint16(raw, half(bits))
		}
	}
	return raw
}

// half cuts a float32 to float16; what is below the normal range of float16 becomes zero.
func half(bits uint32) uint16 {
	sign, exponent := uint16(bits>>31)<<15, int(bits>>23&255)-127+15
	if exponent <= 0 {
		return sign
	}
	return sign | uint16(exponent)<<10 | uint16(bits>>13&1023)
}
