package gguf

import (
	"encoding/binary"

	"croco/kernels"
	"croco/model/safetensors"
)

// Each function below writes the values of one block. A small block holds 32 values in bytes whose low halves are the
// first 16 values and whose high halves are the other 16; a large one holds 256 values in groups with scales of their
// own. Products and sums round to float32 one by one, as the formulas stand there: float32(…) keeps a compiler from
// fusing them.
//
// Formats: https://github.com/ggml-org/ggml, block_q4_0 … block_q6_K of ggml-common.h.

// q4_0: d·(q − 8), 0 ≤ q < 16.
func q4_0(dst []float32, b []byte) {
	d, qs := half(b), b[2:18]
	for i, q := range qs {
		dst[i] = d * float32(int(q&15)-8)
		dst[i+16] = d * float32(int(q>>4)-8)
	}
}

// q4_1: d·q + m.
func q4_1(dst []float32, b []byte) {
	d, m, qs := half(b), half(b[2:]), b[4:20]
	for i, q := range qs {
		dst[i] = float32(d*float32(q&15)) + m
		dst[i+16] = float32(d*float32(q>>4)) + m
	}
}

// q5_0: d·(q − 16), 0 ≤ q < 32; the fifth bits of all values stand together.
func q5_0(dst []float32, b []byte) {
	d, high, qs := half(b), binary.LittleEndian.Uint32(b[2:]), b[6:22]
	for i, q := range qs {
		dst[i] = d * float32(int(q&15)|int(high>>i&1)<<4-16)
		dst[i+16] = d * float32(int(q>>4)|int(high>>(i+16)&1)<<4-16)
	}
}

// q5_1: d·q + m.
func q5_1(dst []float32, b []byte) {
	d, m, high, qs := half(b), half(b[2:]), binary.LittleEndian.Uint32(b[4:]), b[8:24]
	for i, q := range qs {
		dst[i] = float32(d*float32(int(q&15)|int(high>>i&1)<<4)) + m
		dst[i+16] = float32(d*float32(int(q>>4)|int(high>>(i+16)&1)<<4)) + m
	}
}

// q8_0: d·q, −128 ≤ q < 128.
func q8_0(dst []float32, b []byte) {
	d := half(b)
	for i, q := range b[2:34] {
		dst[i] = float32(int8(q)) * d
	}
}

// q4_K: eight groups of 32, (d·scale)·q − dmin·min. Two groups share 32 bytes: low halves, then high halves.
func q4_K(dst []float32, b []byte) {
	d, dmin, scales, qs := half(b), half(b[2:]), b[4:16], b[16:144]
	for g := range 8 {
		scale, least := groupScale(scales, g)
		scale, least = d*scale, dmin*least
		shift := g % 2 * 4
		for i, q := range qs[g/2*32:][:32] {
			dst[g*32+i] = float32(scale*float32(q>>shift&15)) - least
		}
	}
}

// q5_K: the same with a fifth bit: bit g of byte i belongs to value i of group g.
func q5_K(dst []float32, b []byte) {
	d, dmin, scales, high, qs := half(b), half(b[2:]), b[4:16], b[16:48], b[48:176]
	for g := range 8 {
		scale, least := groupScale(scales, g)
		scale, least = d*scale, dmin*least
		shift := g % 2 * 4
		for i, q := range qs[g/2*32:][:32] {
			dst[g*32+i] = float32(scale*float32(q>>shift&15|high[i]>>g&1<<4)) - least
		}
	}
}

// groupScale unpacks the scale and the minimum of group g from 12 bytes: six bits each. The lower six bits of bytes 0 … 3
// are the scales of groups 0 … 3, those of bytes 4 … 7 their minima. Groups 4 … 7 have four bits of both in bytes
// 8 … 11, and the two bits on top of them above those of the first groups.
func groupScale(s []byte, g int) (scale, least float32) {
	if g < 4 {
		return float32(s[g] & 63), float32(s[g+4] & 63)
	}
	return float32(s[g+4]&15 | s[g-4]>>6<<4), float32(s[g+4]>>4 | s[g]>>6<<4)
}

// q6_K: sixteen groups of 16, (d·scale)·(q − 32). Each half of the block holds four rows of 32 values: four low bits in
// 64 bytes, two high bits in 32.
func q6_K(dst []float32, b []byte) {
	low, high, scales, d := b[:128], b[128:192], b[192:208], half(b[208:])
	for row := range 8 {
		h, r := row/4, row%4
		for i := range 32 {
			q := low[h*64+r%2*32+i]>>(r/2*4)&15 | high[h*32+i]>>(2*r)&3<<4
			dst[row*32+i] = float32(d*float32(int8(scales[row*2+i/16]))) * float32(int(q)-32)
		}
	}
}

func half(b []byte) float32 {
	var v [1]float32
	safetensors.Decode(v[:], b[:2], kernels.F16)
	return v[0]
}

// floats writes the values of whole blocks.
func (t Type) floats(dst []float32, raw []byte) {
	l := layouts[t]
	switch t {
	case F32:
		safetensors.Decode(dst, raw, kernels.F32)
	case F16:
		safetensors.Decode(dst, raw, kernels.F16)
	case BF16:
		safetensors.Decode(dst, raw, kernels.BF16)
	default:
		for i := 0; i < len(dst); i += l.values {
			l.dequantise(dst[i:i+l.values], raw[:l.bytes])
			raw = raw[l.bytes:]
		}
	}
}
