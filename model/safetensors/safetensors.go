// Package safetensors reads and writes the weight files of the Hugging Face hub.
//
// A file is a little-endian u64 length, a JSON header of that length and the raw values:
//
//	{"__metadata__": {"format": "pt"}, "name": {"dtype": "F32", "shape": [2,3], "data_offsets": [0,24]}, …}
//
// Offsets count from the end of the header. The values of all tensors follow each other without gap or overlap.
// Format: https://huggingface.co/docs/safetensors (metadata parsing, format).
//
// The verbs:
//
//	Open        one file, memory-mapped
//	OpenFolder  a model's folder: model.safetensors, or the shards of model.safetensors.index.json
//	Memory      the same interface over tensors that are in memory
//	Write       a file, tensor after tensor, put in place when it is whole
//	Floats      values as float32;  Encode the way back
package safetensors

import "fmt"

// Tensor is one entry of a file. Data is the file's memory: it is read-only, and valid until the file is closed.
type Tensor struct {
	Name  string
	DType string // as the header spells it: F32, BF16, F16, I64, …
	Shape []int
	Data  []byte // little-endian, row-major
	File  string // for messages
}

// Len is the number of elements.
func (t Tensor) Len() int {
	n := 1
	for _, s := range t.Shape {
		n *= s
	}
	return n
}

// Errorf is an error about this tensor: it names file and tensor.
func (t Tensor) Errorf(format string, args ...any) error {
	return fmt.Errorf("%s: tensor %q: %s", t.File, t.Name, fmt.Sprintf(format, args...))
}

// sizes are the bytes per element of the dtypes that the format knows and stores whole bytes for.
var sizes = map[string]int{
	"BOOL": 1, "U8": 1, "I8": 1, "F8_E4M3": 1, "F8_E5M2": 1, "F8_E8M0": 1,
	"U16": 2, "I16": 2, "F16": 2, "BF16": 2,
	"U32": 4, "I32": 4, "F32": 4,
	"U64": 8, "I64": 8, "F64": 8, "C64": 8,
}

// Source is where tensors come from: a File, a Folder or Memory.
type Source interface {
	// Tensor looks a tensor up by name.
	Tensor(name string) (Tensor, bool)
	// Names are all names, sorted.
	Names() []string
	// Close gives the memory back; tensors may not be used after it.
	Close() error
}
