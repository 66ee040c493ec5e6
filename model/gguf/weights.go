package gguf

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"croco/kernels"
	"croco/model/safetensors"
)

var dtypeNames = map[kernels.DType]string{kernels.F32: "float32", kernels.F16: "float16", kernels.BF16: "bfloat16"}

// dtype is what the weights become: see the package comment. One F16 tensor makes a file float16, since norms are F32 in
// every file.
func (f *File) dtype() kernels.DType {
	d := kernels.F32
	for _, t := range f.tensors {
		switch {
		case t.Type == BF16 || t.Type.quantised():
			return kernels.BF16
		case t.Type == F16:
			d = kernels.F16
		}
	}
	return d
}

// Weights opens a file as the tensors of a Hugging Face folder. Those that are stored as they are wanted remain the
// file's memory until Close; the others are in memory.
func Weights(path string) (safetensors.Source, error) {
	f, err := Open(path)
	if err != nil {
		return nil, err
	}
	w, err := f.weights()
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return w, nil
}

// weights are tensors in memory, and the file that some of them lie in.
type weights struct {
	safetensors.Memory
	file *File
}

func (w *weights) Close() error { return w.file.Close() }

// conversion is a tensor (rows, cols) on its way.
type conversion struct {
	Tensor
	rows, cols int
	heads      int // whose rows the converter permuted; 0: none
	minusOne   bool
	d          kernels.DType
	dst        []byte
}

// weights works out every tensor, rows side by side.
func (f *File) weights() (*weights, error) {
	_, a, err := f.architecture()
	if err != nil {
		return nil, err
	}
	w := &weights{Memory: safetensors.Memory{}, file: f}
	var work []*conversion
	for _, t := range f.tensors {
		if t.Name == ropeFactors {
			continue
		}
		name, ok := a.rename(t.Name)
		if !ok || len(t.Shape) < 1 || len(t.Shape) > 2 {
			return nil, fmt.Errorf("%s: tensor %q of shape %v: a %s model has none like it", f.Path, t.Name, t.Shape, a.modelType)
		}
		c := &conversion{Tensor: t, rows: 1, cols: t.Shape[len(t.Shape)-1], heads: a.heads(f, t.Name), d: f.dtype()}
		if len(t.Shape) == 2 || c.heads > 0 {
			c.rows = t.Shape[0]
			c.cols = elements(t.Shape) / c.rows
		}
		c.minusOne = a.plusOne && len(t.Shape) == 1
		if c.d != kernels.BF16 && t.Type == F32 {
			c.d = kernels.F32 // a float16 file has its norms in float32, for good reason
		}
		if c.heads > 0 && (c.rows%(2*c.heads) != 0 || c.cols%layouts[t.Type].values != 0) {
			return nil, fmt.Errorf("%s: tensor %q: %d rows of %s are not those of %d heads", f.Path, t.Name, c.rows, t.Type, c.heads)
		}
		if c.heads == 0 && !c.minusOne && t.Type.String() == safetensors.Name(c.d) {
			c.dst = t.Data
		} else {
			c.dst = make([]byte, elements(t.Shape)*c.d.Size())
			work = append(work, c)
		}
		w.Memory[name] = safetensors.Tensor{Name: name, DType: safetensors.Name(c.d), Shape: slices.Clone(t.Shape), Data: c.dst, File: f.Path}
	}
	convertAll(work)
	return w, nil
}

// piece is how many rows a worker takes at a time.
const piece = 64

func convertAll(work []*conversion) {
	var next atomic.Int64
	var wait sync.WaitGroup
	starts, total := []int{}, 0
	for _, c := range work {
		starts = append(starts, total)
		total += (c.rows + piece - 1) / piece
	}
	for range runtime.GOMAXPROCS(0) {
		wait.Go(func() {
			var buf []float32
			for n := int(next.Add(1)) - 1; n < total; n = int(next.Add(1)) - 1 {
				i, found := slices.BinarySearch(starts, n)
				if !found {
					i--
				}
				c, first := work[i], (n-starts[i])*piece
				buf = slices.Grow(buf[:0], c.cols)[:c.cols]
				for r := first; r < min(first+piece, c.rows); r++ {
					c.row(r, buf)
				}
			}
		})
	}
	wait.Wait()
	for _, c := range work {
		safetensors.Release(c.Data)
	}
}

// row converts row r of the file.
func (c *conversion) row(r int, buf []float32) {
	size := len(c.Data) / c.rows
	c.Type.floats(buf, c.Data[r*size:(r+1)*size])
	if c.minusOne {
		for i := range buf {
			buf[i]--
		}
	}
	to := r
	if c.heads > 0 { // pair j of a head was rows j and j + D/2, and is rows 2j and 2j + 1 in the file
		D := c.rows / c.heads
		h, j := r/D, r%D
		to = h*D + j%2*(D/2) + j/2
	}
	out := len(buf) * c.d.Size()
	safetensors.EncodeInto(c.dst[to*out:(to+1)*out], buf, c.d)
}

func elements(shape []int) int {
	n := 1
	for _, s := range shape {
		n *= s
	}
	return n
}
