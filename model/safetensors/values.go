package safetensors

import (
	"encoding/binary"
	"fmt"
	"math"

	"croco/kernels"
)

// Kernels is the dtype as the kernels know it. Only the three that weights may have are allowed.
func (t Tensor) Kernels() (kernels.DType, error) {
	switch t.DType {
	case "F32":
		return kernels.F32, nil
	case "BF16":
		return kernels.BF16, nil
	case "F16":
		return kernels.F16, nil
	}
	return 0, t.Errorf("dtype %s cannot be a weight: expected F32, BF16 or F16; convert the model first", t.DType)
}

// Name is the dtype as a header spells it.
func Name(d kernels.DType) string { return [...]string{"F32", "BF16", "F16"}[d] }

// Floats widens the values to float32, which is exact.
func (t Tensor) Floats() ([]float32, error) {
	d, err := t.Kernels()
	if err != nil {
		return nil, err
	}
	out := make([]float32, t.Len())
	Decode(out, t.Data, d)
	return out, nil
}

// Decode widens little-endian values to float32.
func Decode(dst []float32, raw []byte, d kernels.DType) {
	if len(raw) != d.Size()*len(dst) {
		panic(fmt.Sprintf("safetensors: %d bytes for %d values of %v", len(raw), len(dst), d))
	}
	switch d {
	case kernels.F32:
		for i := range dst {
			dst[i] = math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:]))
		}
	case kernels.BF16:
		for i := range dst {
			dst[i] = math.Float32frombits(uint32(binary.LittleEndian.Uint16(raw[2*i:])) << 16)
		}
	case kernels.F16:
		for i := range dst {
			dst[i] = fromHalf(binary.LittleEndian.Uint16(raw[2*i:]))
		}
	}
}

// Encode rounds float32 values to a dtype, to nearest, ties to even; little-endian.
func Encode(src []float32, d kernels.DType) []byte {
	raw := make([]byte, d.Size()*len(src))
	EncodeInto(raw, src, d)
	return raw
}

// EncodeInto is Encode into memory of the right size.
func EncodeInto(raw []byte, src []float32, d kernels.DType) {
	if len(raw) != d.Size()*len(src) {
		panic(fmt.Sprintf("safetensors: %d bytes for %d values of %v", len(raw), len(src), d))
	}
	switch d {
	case kernels.F32:
		for i, v := range src {
			binary.LittleEndian.PutUint32(raw[4*i:], math.Float32bits(v))
		}
	case kernels.BF16:
		whole := len(src) &^ 3
		for i := 0; i < whole; i += 4 {
			v := src[i : i+4 : i+4]
			binary.LittleEndian.PutUint64(raw[2*i:], uint64(toBFloat(v[0]))|uint64(toBFloat(v[1]))<<16|uint64(toBFloat(v[2]))<<32|uint64(toBFloat(v[3]))<<48)
		}
		for i, v := range src[whole:] {
			binary.LittleEndian.PutUint16(raw[2*(whole+i):], toBFloat(v))
		}
	case kernels.F16:
		for i, v := range src {
			binary.LittleEndian.PutUint16(raw[2*i:], toHalf(v))
		}
	}
}

// toBFloat keeps the upper half of the float32, rounded.
func toBFloat(v float32) uint16 {
	b := math.Float32bits(v)
	if v != v {
		return uint16(b>>16) | 0x40 // stays a NaN, whatever bits were cut off
	}
	return uint16((b + 0x7fff + b>>16&1) >> 16)
}

func fromHalf(h uint16) float32 {
	sign := uint32(h>>15) << 31
	exp, frac := uint32(h>>10&31), uint32(h&1023)
	switch exp {
	case 0: // subnormal: frac · 2^−24
		v := float32(frac) / (1 << 24)
		return math.Float32frombits(math.Float32bits(v) | sign)
	case 31:
		return math.Float32frombits(sign | 0x7f800000 | frac<<13)
	}
	return math.Float32frombits(sign | (exp+112)<<23 | frac<<13)
}

func toHalf(v float32) uint16 {
	b := math.Float32bits(v)
	sign := uint16(b >> 16 & 0x8000)
	abs := math.Abs(float64(v))
	switch {
	case v != v:
		return sign | 0x7e00
	case abs >= 65520: // rounds to 2^16
		return sign | 0x7c00
	case abs < 1.0/(1<<14): // subnormal, or rounds up to the smallest normal
		return sign | uint16(math.RoundToEven(abs*(1<<24)))
	}
	b &= 0x7fffffff
	b += 0xfff + b>>13&1 // to nearest even; a carry into the exponent is right
	return sign | uint16(b>>13-112<<10)
}

// Finite reports whether no value is NaN or infinite, and the first that is. A value is neither exactly where its
// exponent is all ones: masked and with the lowest exponent bit added, that overflows into the sign bit. Eight bytes at a time.
func (t Tensor) Finite() (ok bool, first int) {
	var mask, one, sign uint64
	size := sizes[t.DType]
	switch t.DType {
	case "F32":
		mask, one, sign = 0x7f800000_7f800000, 0x00800000_00800000, 0x80000000_80000000
	case "BF16":
		mask, one, sign = 0x7f80_7f80_7f80_7f80, 0x0080_0080_0080_0080, 0x8000_8000_8000_8000
	case "F16":
		mask, one, sign = 0x7c00_7c00_7c00_7c00, 0x0400_0400_0400_0400, 0x8000_8000_8000_8000
	default:
		return true, -1
	}
	i := 0
	for ; i+8 <= len(t.Data); i += 8 {
		if (binary.LittleEndian.Uint64(t.Data[i:])&mask+one)&sign != 0 {
			break
		}
	}
	for ; i < len(t.Data); i += size {
		var last [8]byte
		copy(last[:], t.Data[i:i+size])
		if (binary.LittleEndian.Uint64(last[:])&mask+one)&sign != 0 {
			return false, i / size
		}
	}
	return true, -1
}
