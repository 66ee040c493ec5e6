package cpu

import (
	"encoding/binary"
	"fmt"
	"math"

	"croco/kernels"
)

// panelWidth is the number of columns of a panel: three registers of AVX-512, twice three of AVX2.
const panelWidth = 48

// panels is a matrix B (k, n), a weight's transpose, as [⌈n/48⌉][k][48]; the last panel is padded with zeros. So a tile reads it
// from front to back, whatever the number of rows that it is multiplied with.
type panels struct {
	n, k int
	f32  []float32
	bf16 []uint16 // instead, where the weight is stored so
}

func (p *panels) count() int { return (p.n + panelWidth - 1) / panelWidth }

// weight is a Device's packing. Panels are made when they are first used.
type weight struct {
	raw           []byte  // row-major values of a frozen weight
	forward       *panels // W as B: y = x · Wᵀ
	backward      *panels // Wᵀ as B: dx = dy · W
	staleForward  bool
	staleBackward bool
}

// NewWeight keeps raw, and packs it when a product first needs it.
func (d *Device) NewWeight(name string, out, in int, dtype kernels.DType, raw []byte, trainable bool) *kernels.Weight {
	if len(raw) != out*in*dtype.Size() {
		panic(fmt.Sprintf("cpu: weight %s (%d,%d) of %v has %d bytes, expected %d", name, out, in, dtype, len(raw), out*in*dtype.Size()))
	}
	w := &kernels.Weight{Name: name, Out: out, In: in, DType: dtype, Impl: &weight{raw: raw}}
	if trainable {
		w.Master = d.New(out, in)
		for o := range out {
			widenRow(w.Master.Host[o*in:(o+1)*in], raw, o, dtype)
		}
		w.Impl = &weight{}
	}
	return w
}

// Refresh marks the panels of a trainable weight as out of date.
func (d *Device) Refresh(w *kernels.Weight) {
	p := w.Impl.(*weight)
	p.staleForward, p.staleBackward = true, true
}

// FreeWeight drops the panels and the master.
func (d *Device) FreeWeight(w *kernels.Weight) {
	d.Free(w.Master)
	w.Master, w.Impl = nil, nil
}

// widenRow writes row o of the row-major values raw as float32.
func widenRow(dst []float32, raw []byte, o int, t kernels.DType) {
	raw = raw[o*len(dst)*t.Size():]
	for i := range dst {
		switch t {
		case kernels.F32:
			dst[i] = math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:]))
		case kernels.BF16:
			dst[i] = fromBF16(binary.LittleEndian.Uint16(raw[2*i:]))
		case kernels.F16:
			dst[i] = fromF16(binary.LittleEndian.Uint16(raw[2*i:]))
		}
	}
}

// fromF16 widens an IEEE half: 1 bit sign, 5 bits exponent, 10 bits fraction.
func fromF16(h uint16) float32 {
	sign, e, f := uint32(h>>15)<<31, uint32(h>>10&31), uint32(h&1023)
	switch e {
	case 0:
		return math.Float32frombits(sign | math.Float32bits(float32(f)*0x1p-24))
	case 31:
		return math.Float32frombits(sign | 0xff<<23 | f<<13)
	}
	return math.Float32frombits(sign | (e+112)<<23 | f<<13)
}

// rowOf writes row o of w as float32.
func rowOf(dst []float32, w *kernels.Weight, o int) {
	if w.Master != nil {
		copy(dst, w.Master.Host[o*w.In:(o+1)*w.In])
		return
	}
	widenRow(dst, w.Impl.(*weight).raw, o, w.DType)
}

// forward is W as the product y = x · Wᵀ reads it.
func (d *Device) forward(w *kernels.Weight) *panels {
	p := w.Impl.(*weight)
	if p.forward == nil || p.staleForward {
		if p.forward == nil {
			p.forward = newPanels(w, w.Out, w.In)
		}
		d.parallel(p.forward.count(), 1, jobFunc(func(u *worker, lo, hi int) {
			for j := lo; j < hi; j++ {
				d.packColumns(p.forward, j, w, u)
			}
		}))
		p.staleForward = false
	}
	return p.forward
}

// backward is W as the product dx = dy · W reads it.
func (d *Device) backward(w *kernels.Weight) *panels {
	p := w.Impl.(*weight)
	if p.backward == nil || p.staleBackward {
		if p.backward == nil {
			p.backward = newPanels(w, w.In, w.Out)
		}
		d.parallel(p.backward.count(), 1, jobFunc(func(u *worker, lo, hi int) {
			for j := lo; j < hi; j++ {
				packRows(p.backward, j, w, u)
			}
		}))
		p.staleBackward = false
	}
	return p.backward
}

func newPanels(w *kernels.Weight, n, k int) *panels {
	p := &panels{n: n, k: k}
	size := p.count() * k * panelWidth
	if w.Master == nil && w.DType == kernels.BF16 {
		p.bf16 = huge(make([]uint16, size))
	} else {
		p.f32 = huge(aligned(size))
	}
	return p
}

// packColumns fills panel j with rows of W: panel[t][c] = W[48j + c][t].
func (d *Device) packColumns(p *panels, j int, w *kernels.Weight, u *worker) {
	base, cols := j*p.k*panelWidth, min(panelWidth, p.n-j*panelWidth)
	if p.bf16 != nil {
		raw := w.Impl.(*weight).raw
		for c := range cols {
			row := raw[2*(j*panelWidth+c)*p.k:][:2*p.k]
			for t := range p.k {
				p.bf16[base+t*panelWidth+c] = binary.LittleEndian.Uint16(row[2*t:])
			}
		}
		return
	}
	rows := u.buf(bufPack, 8*p.k)
	for c := 0; c < cols; c += 8 {
		n, whole := min(8, cols-c), p.k&^7
		for r := range n {
			rowOf(rows[r*p.k:(r+1)*p.k], w, j*panelWidth+c+r)
		}
		if n < 8 {
			clear(rows[n*p.k:])
		}
		d.transpose8(whole, first(rows), p.k, at(first(p.f32), base+c), panelWidth)
		for t := whole; t < p.k; t++ {
			for r := range n {
				p.f32[base+t*panelWidth+c+r] = rows[r*p.k+t]
			}
		}
	}
}

// packRows fills panel j with columns of W: panel[o][c] = W[o][48j + c].
func packRows(p *panels, j int, w *kernels.Weight, u *worker) {
	base, cols := j*p.k*panelWidth, min(panelWidth, p.n-j*panelWidth)
	row := u.buf(bufPack, p.n)
	for o := range p.k {
		if p.bf16 != nil {
			raw := w.Impl.(*weight).raw[2*(o*p.n+j*panelWidth):]
			for c := range cols {
				p.bf16[base+o*panelWidth+c] = binary.LittleEndian.Uint16(raw[2*c:])
			}
		} else if w.Master != nil {
			copy(p.f32[base+o*panelWidth:][:cols], w.Master.Host[o*p.n+j*panelWidth:])
		} else {
			rowOf(row, w, o)
			copy(p.f32[base+o*panelWidth:][:cols], row[j*panelWidth:])
		}
	}
}
