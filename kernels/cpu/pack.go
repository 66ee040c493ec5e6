package cpu

import (
	"encoding/binary"
	"fmt"
	"math"
	"unsafe"

	"croco/kernels"
)

// panelWidth is the number of columns of a panel: three registers of AVX-512, twice three of AVX2.
const panelWidth = 48

// panels is a matrix B (k, n), a weight's transpose, as [⌈n/48⌉][rows][48]; the last panel is padded with zeros. So a tile reads it
// from front to back, whatever the number of rows that it is multiplied with. A word is a float32 or, where the numbers
// are bfloat16, a pair of them: those of rows 2t and 2t+1 of B, the earlier one in the upper half.
type panels struct {
	n, k   int
	paired bool
	words  []float32
	next   *panels // what the last product after this one's read: it may be fetched meanwhile
}

func (p *panels) count() int { return (p.n + panelWidth - 1) / panelWidth }

// panel is panel j, and whatever stands behind it.
func (p *panels) panel(j int) []float32 { return p.words[j*p.rows()*panelWidth:] }

// drop forgets the memory of a weight's panels.
func (p *panels) drop() {
	if p != nil {
		p.words, p.next = nil, nil
	}
}

// rows is the number of rows of words of a panel.
func (p *panels) rows() int {
	if p.paired {
		return (p.k + 1) / 2
	}
	return p.k
}

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
	p := w.Impl.(*weight)
	p.forward.drop()
	p.backward.drop()
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
		d.parallel(p.backward.rows(), 64, jobFunc(func(u *worker, lo, hi int) {
			for j := range p.backward.count() {
				d.packRows(p.backward, j, lo, hi, w, u)
			}
		}))
		p.staleBackward = false
	}
	return p.backward
}

func (d *Device) newPanels(w *kernels.Weight, n, k int) *panels {
	p := &panels{n: n, k: k, paired: d.bf16 || stored16(w)}
	p.words = huge(aligned(p.count() * p.rows() * panelWidth))
	return p
}

// stored16 says whether w is read from a file's bfloat16.
func stored16(w *kernels.Weight) bool { return w.Master == nil && w.DType == kernels.BF16 }

// packColumns fills panel j with rows of W: panel[t][c] = W[48j + c][t].
func (d *Device) packColumns(p *panels, j int, w *kernels.Weight, u *worker) {
	height, cols := p.rows(), min(panelWidth, p.n-j*panelWidth)
	panel, whole := p.words[j*height*panelWidth:], height&^7
	rows, values := u.buf(bufPack, 8*height), u.buf(bufStage, w.In)
	for c := 0; c < cols; c += 8 {
		o, n := j*panelWidth+c, min(8, cols-c)
		if stored16(w) && n == 8 && p.k%16 == 0 { // as it lies in the file
			raw := w.Impl.(*weight).raw[2*o*p.k:]
			d.transposePairs8(height, (*float32)(unsafe.Pointer(&raw[0])), height, &panel[c], panelWidth)
			continue
		}
		if w.Master != nil && !p.paired && n == 8 && p.k%8 == 0 {
			d.transpose8(height, &w.Master.Host[o*p.k], height, &panel[c], panelWidth)
			continue
		}
		for r := range n {
			valuesOf(values, w, o+r, 0)
			d.words(rows[r*height:(r+1)*height], values, p.paired)
		}
		clear(rows[n*height : 8*height])
		d.transpose8(whole, first(rows), height, &panel[c], panelWidth)
		for t := whole; t < height; t++ {
			for r := range n {
				panel[t*panelWidth+c+r] = rows[r*height+t]
			}
		}
	}
}

// packRows fills the rows lo … hi−1 of panel j with columns of W: panel[o][c] = W[o][48j + c]; in pairs, of rows 2o and 2o+1.
func (d *Device) packRows(p *panels, j, lo, hi int, w *kernels.Weight, u *worker) {
	height, from, cols := p.rows(), j*panelWidth, min(panelWidth, p.n-j*panelWidth)
	values := u.buf(bufPack, 2*panelWidth)
	for o := lo; o < hi; o++ {
		dst := p.words[(j*height+o)*panelWidth:][:cols]
		switch {
		case !p.paired:
			valuesOf(dst, w, o, from)
		case stored16(w) && cols%16 == 0 && 2*o+1 < w.Out:
			raw := w.Impl.(*weight).raw
			at := func(row int) *uint16 { return (*uint16)(unsafe.Pointer(&raw[2*(row*w.In+from)])) }
			d.pairHalves(cols, first(dst), at(2*o), at(2*o+1))
		default:
			clear(values)
			for i := 0; i < 2 && 2*o+i < w.Out; i++ {
				valuesOf(values[i*panelWidth:][:cols], w, 2*o+i, from)
			}
			d.pairRows(cols, first(dst), &values[0], &values[panelWidth])
		}
	}
}
