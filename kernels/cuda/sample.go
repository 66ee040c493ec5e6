//go:build gpu

package cuda

import (
	"fmt"
	"math"
	"unsafe"

	"croco/kernels"
	"croco/kernels/cuda/driver"
)

// Sample: logits are (B,V). For each row it chooses a token as the row's Draw says, in the steps of kernels/reference/sample.go,
// and writes the token's log-probability under the raw logits: the bits of LogProbs.
func (d *Device) Sample(tokens []int32, logp []float32, logits *kernels.Tensor, draws []kernels.Draw) {
	B, V := len(draws), logits.Width()
	kernels.Shape("sample", "logits", logits, B, V)
	if B == 0 {
		return
	}
	packed, ids := packDraws(draws, V)
	rows, list := d.alloc(len(packed)), d.upload(ids)
	out, scratch := d.New(2, B), d.New(B, V)
	defer d.release(rows, list)
	defer d.Free(out, scratch)
	d.send(rows, packed)
	d.launch("sample", line(B), rowThreads, 0, at(out), at(out.Rows(1, 2)), at(scratch), at(logits),
		driver.Ptr(rows), driver.Ptr(list), driver.Int(V))
	both := make([]float32, 2*B)
	d.Read(both, out)
	copy(logp, both[B:])
	for b := range draws {
		tokens[b] = int32(math.Float32bits(both[b]))
		if tokens[b] < 0 {
			panic(fmt.Sprintf("cuda: sample: all %d tokens are forbidden", V))
		}
	}
}

// draw is struct Draw of source/sample.cu.
type draw struct {
	uniform                                      float64
	temperature, topP, minP, penalty             float32
	topK, forced                                 int32
	history, historyEnd, forbidden, forbiddenEnd int32 // ranges of ids
}

// packDraws are the draws as the kernel reads them, and the ids that their ranges are of.
func packDraws(draws []kernels.Draw, V int) (packed []byte, ids []int32) {
	list := make([]draw, len(draws))
	add := func(what string, more []int32) (from, to int32) {
		inside("sample: "+what, more, V)
		ids = append(ids, more...)
		return int32(len(ids) - len(more)), int32(len(ids))
	}
	for b, x := range draws {
		if int(x.Forced) >= V {
			panic(fmt.Sprintf("cuda: sample: row %d is forced to token %d of %d", b, x.Forced, V))
		}
		y := draw{uniform: x.Uniform, temperature: x.Temperature, topP: x.TopP, minP: x.MinP, penalty: x.RepetitionPenalty, topK: int32(x.TopK), forced: x.Forced}
		if y.penalty != 0 && y.penalty != 1 {
			y.history, y.historyEnd = add("history", x.History)
		}
		y.forbidden, y.forbiddenEnd = add("forbidden", x.Forbidden)
		list[b] = y
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(list))), len(list)*int(unsafe.Sizeof(draw{}))), ids
}
