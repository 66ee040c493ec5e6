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
	n, k int       // k counts pairs where the device multiplies these
	f32  []float32 // numbers, or pairs
	bf16 []uint16  // instead, where the weight is stored so
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
		widenAll(w.Master.Host, raw, dtype)
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

// widenAll writes the first values of raw as float32.
func widenAll(dst []float32, raw []byte, t kernels.DType) {
	switch t {
	case kernels.F32:
		for i := range dst {
			dst[i] = math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:]))
		}
	case kernels.BF16:
		for i := range dst {
			dst[i] = fromBF16(binary.LittleEndian.Uint16(raw[2*i:]))
		}
	case kernels.F16:
		for i := range dst {
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

// valuesOf writes row o of w from column c on as float32, as it is stored.
func valuesOf(dst []float32, w *kernels.Weight, o, c int) {
	if w.Master != nil {
		copy(dst, w.Master.Host[o*w.In+c:])
		return
	}
	widenAll(dst, w.Impl.(*weight).raw[(o*w.In+c)*w.DType.Size():], w.DType)
}

// forward is W as the product y = x · Wᵀ reads it.
func (d *Device) forward(w *kernels.Weight) *panels {
	p := w.Impl.(*weight)
	if p.forward == nil || p.staleForward {
		if p.forward == nil {
			p.forward = d.newPanels(w, w.Out, w.In)
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
			p.backward = d.newPanels(w, w.In, w.Out)
		}
		d.parallel(p.backward.k, 64, jobFunc(func(u *worker, lo, hi int) {
			for j := range p.backward.count() {
				d.packRows(p.backward, j, w, lo, hi, u)
			}
		}))
		p.staleBackward = false
	}
	return p.backward
}

func (d *Device) newPanels(w *kernels.Weight, n, k int) *panels {
	p := &panels{n: n, k: d.words(k)}
	size := p.count() * p.k * panelWidth
	if w.Master == nil && w.DType == kernels.BF16 && !d.paired {
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
		for from := 0; from < p.k; from += 32 { // a block of both sides stays in the first-level cache
			n := min(32, p.k-from)
			dst := p.bf16[base+from*panelWidth:][:n*panelWidth]
			for c := range cols {
				row := raw[2*((j*panelWidth+c)*p.k+from):][:2*n]
				for t := range n {
					dst[t*panelWidth+c] = binary.LittleEndian.Uint16(row[2*t:])
				}
			}
		}
		return
	}
	rows, values := u.buf(bufPack, 8*p.k), u.buf(bufStage, w.In)
	for c := 0; c < cols; c += 8 {
		n, whole := min(8, cols-c), p.k&^7
		for r := range n {
			valuesOf(values, w, j*panelWidth+c+r, 0)
			d.asOperand(rows[r*p.k:(r+1)*p.k], values)
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

// packRows fills the rows lo … hi−1 of panel j with columns of W: panel[o][c] = W[o][48j + c]; in pairs, rows 2o and 2o+1 of W.
func (d *Device) packRows(p *panels, j int, w *kernels.Weight, lo, hi int, u *worker) {
	base, cols := j*p.k*panelWidth, min(panelWidth, p.n-j*panelWidth)
	values := u.buf(bufPack, 2*panelWidth)
	for o := lo; o < hi; o++ {
		at := base + o*panelWidth
		if p.bf16 != nil {
			raw := w.Impl.(*weight).raw[2*(o*p.n+j*panelWidth):][:2*cols]
			for c := range cols {
				p.bf16[at+c] = binary.LittleEndian.Uint16(raw[2*c:])
			}
			continue
		}
		if !d.paired {
			valuesOf(values[:cols], w, o, j*panelWidth)
			d.asOperand(p.f32[at:at+cols], values[:cols])
			continue
		}
		clear(values)
		for i := 0; i < 2 && 2*o+i < w.Out; i++ {
			valuesOf(values[i*panelWidth:i*panelWidth+cols], w, 2*o+i, j*panelWidth)
		}
		d.pairRows(cols, &p.f32[at], &values[0], &values[panelWidth])
	}
}
