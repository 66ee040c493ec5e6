//go:build gpu

package cuda

import (
	"slices"
	"unsafe"

	"croco/kernels"
	"croco/kernels/cuda/driver"
)

// PairLoss: logp and dlogp are (P), losses (B). A block per pair adds up in order, runs the tape there and back, and spreads the
// gradient.
func (d *Device) PairLoss(losses []float64, dlogp, logp *kernels.Tensor, p kernels.Pairs, tape kernels.Tape, scale float64) {
	B := len(losses)
	p.Check(B, dlogp.Len(), logp.Len(), tape)
	starts, order := byAnswer(p, B)
	steps, constants := words(tape.Steps), words(p.Constants)
	list := d.upload(slices.Concat(steps, constants, starts, order)) // what holds float64 comes first
	out, values, slopes := d.alloc(8*B), d.alloc(8*B*tape.Len()), d.alloc(8*B*tape.Len())
	defer d.release(list, out, values, slopes)
	after := func(words int) driver.Arg { return driver.Ptr(list + uintptr(4*words)) }
	d.launch("pair_loss", line(B), 256, 0, driver.Ptr(out), at(dlogp), at(logp), after(0), after(len(steps)), after(len(steps)+len(constants)),
		after(len(steps)+len(constants)+len(starts)), driver.Ptr(values), driver.Ptr(slopes), driver.Int(tape.Inputs), driver.Int(len(tape.Steps)),
		driver.Double(p.Tail), driver.Double(scale))
	d.promise(bytesOf(losses), out)
}

// byAnswer are the picks in the order of the answers, and where each answer begins (2B+1).
func byAnswer(p kernels.Pairs, pairs int) (starts, order []int32) {
	starts, order = make([]int32, 1, 2*pairs+1), make([]int32, len(p.Owner))
	for a, n := range p.Counts(pairs) {
		starts = append(starts, starts[a]+n)
	}
	next := append([]int32(nil), starts...)
	for i, a := range p.Owner {
		order[next[a]] = int32(i)
		next[a]++
	}
	return starts, order
}

// words is the memory of a slice of structures or numbers.
func words[E kernels.Step | float64](s []E) []int32 {
	return unsafe.Slice((*int32)(unsafe.Pointer(unsafe.SliceData(s))), len(s)*int(unsafe.Sizeof(*new(E)))/4)
}
