// Package gguf reads the model files of llama.cpp as if they were Hugging Face folders.
//
// A file is one table of metadata, one table of tensors and their values, all little-endian:
//
//	"GGUF" · u32 version · u64 tensors · u64 keys
//	key:     name · u32 type · value                     a text is a u64 length and its bytes
//	tensor:  name · u32 n · n × u64 sizes · u32 type · u64 offset      sizes run from the innermost one outwards
//	padding to the alignment, then the values of all tensors
//
// Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md, versions 2 and 3.
//
// The verbs:
//
//	Is          does a path lead to such a file?
//	Open        the file, memory-mapped, both tables checked
//	Key, Keys   its metadata; Tensors its tensors as they are stored
//	ReadFile    config.json, generation_config.json, tokenizer.json, tokenizer_config.json as the folder would have them
//	Weights     the tensors with the folder's names, order of rows and meaning
//
// # Weights
//
// A file that holds quantised or BF16 tensors becomes bfloat16 as a whole: the values are worked out in float32, what
// llama.cpp's converter did to them is undone, and the result is rounded once. A file of F32 and F16 keeps these.
//
// What is not understood is refused by name: an architecture, a kind of quantisation, a key that may change what the
// model computes, a pre-tokenizer.
package gguf

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"croco/model/safetensors"
)

// File is an open file.
type File struct {
	Path    string
	Version int
	keys    map[string]Value
	tensors []Tensor // in the order of the file
	byName  map[string]int
	unmap   func() error
}

// Tensor is one entry of the table. Data is the file's memory: read-only, and valid until the file is closed.
type Tensor struct {
	Name  string
	Shape []int // from the outermost size inwards, as in a Hugging Face folder
	Type  Type
	Data  []byte
	at    int // of the values, in the file
}

const magic = "GGUF"

// Is reports whether a path leads to a GGUF file: by its name, or by its first four bytes.
func Is(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || info.IsDir() {
		return false
	}
	var begin [len(magic)]byte
	_, err = io.ReadFull(f, begin[:])
	return strings.HasSuffix(strings.ToLower(path), ".gguf") || err == nil && string(begin[:]) == magic
}

// Open maps a file into memory and checks both tables. Errors name the file, the byte, what was expected and found.
func Open(path string) (*File, error) {
	data, unmap, err := safetensors.Map(path)
	if err != nil {
		return nil, err
	}
	f, err := parse(path, data)
	if err != nil {
		return nil, errors.Join(err, unmap())
	}
	f.unmap = unmap
	return f, nil
}

// Key looks a key of the metadata up.
func (f *File) Key(name string) (Value, bool) { v, ok := f.keys[name]; return v, ok }

// Keys are the names of the metadata, sorted.
func (f *File) Keys() []string {
	names := make([]string, 0, len(f.keys))
	for k := range f.keys {
		names = append(names, k)
	}
	slices.Sort(names)
	return names
}

// Tensors are the tensors as they are stored, in the order of the table.
func (f *File) Tensors() []Tensor { return f.tensors }

// Tensor looks a tensor up by the name that the file has for it.
func (f *File) Tensor(name string) (Tensor, bool) {
	i, ok := f.byName[name]
	if !ok {
		return Tensor{}, false
	}
	return f.tensors[i], true
}

// Close gives the memory back.
func (f *File) Close() error { return f.unmap() }

// errorf is an error about a key.
func (f *File) errorf(key, format string, args ...any) error {
	return fmt.Errorf("%s: %q: %s", f.Path, key, fmt.Sprintf(format, args...))
}

// parse reads both tables.
func parse(path string, data []byte) (*File, error) {
	f := &File{Path: path, keys: map[string]Value{}, byName: map[string]int{}}
	c := &cursor{file: path, data: data}
	if !bytes.HasPrefix(data, []byte(magic)) {
		return nil, c.errorf(0, "expected the magic %q, found %q: this is not a GGUF file", magic, data[:min(len(data), len(magic))])
	}
	c.at = len(magic)
	f.Version = int(c.u32("version"))
	switch {
	case c.err != nil:
	case f.Version>>16 != 0 && f.Version&0xffff == 0:
		return nil, c.errorf(len(magic), "version %#x: the file is big-endian, expected little-endian", f.Version)
	case f.Version != 2 && f.Version != 3:
		return nil, c.errorf(len(magic), "expected version 2 or 3, found %d: convert the model again", f.Version)
	}
	tensors, keys := c.count("number of tensors", minTensor), c.count("number of keys", minKey)
	for i := 0; i < keys && c.err == nil; i++ {
		f.readKey(c)
	}
	for i := 0; i < tensors && c.err == nil; i++ {
		f.readTensor(c)
	}
	if c.err != nil {
		return nil, c.err
	}
	return f, f.place(c)
}

// readKey reads one line of the metadata.
func (f *File) readKey(c *cursor) {
	at := c.at
	name := c.text("name of a key", maxName)
	v := c.value(name)
	if _, twice := f.keys[name]; twice && c.err == nil {
		c.err = c.errorf(at, "key %q stands there twice", name)
	}
	f.keys[name] = v
}

// readTensor reads one line of the table of tensors. Its offset is kept in at until place.
func (f *File) readTensor(c *cursor) {
	at := c.at
	t := Tensor{Name: c.text("name of a tensor", maxName)}
	dims := c.u32("number of dimensions")
	if dims > maxDims && c.err == nil {
		c.err = c.errorf(at, "tensor %q: expected at most %d dimensions, found %d", t.Name, maxDims, dims)
	}
	for i := uint32(0); i < dims && c.err == nil; i++ {
		t.Shape = append(t.Shape, c.size("size of a dimension"))
	}
	slices.Reverse(t.Shape)
	t.Type = Type(c.u32("type"))
	t.at = c.size("offset")
	if _, twice := f.byName[t.Name]; twice && c.err == nil {
		c.err = c.errorf(at, "tensor %q stands there twice", t.Name)
	}
	f.byName[t.Name] = len(f.tensors)
	f.tensors = append(f.tensors, t)
}

// place finds the values of every tensor.
func (f *File) place(c *cursor) error {
	align := 32
	if v, ok := f.keys[alignmentKey]; ok {
		n, isWhole := v.Int()
		if !isWhole || n <= 0 || n%8 != 0 || n > 1<<20 {
			return f.errorf(alignmentKey, "expected a multiple of 8, found %s", v)
		}
		align = int(n)
	}
	start := (c.at + align - 1) / align * align
	order := make([]*Tensor, len(f.tensors))
	for i := range f.tensors {
		t := &f.tensors[i]
		order[i] = t
		size, err := t.Type.bytes(t.Shape)
		switch room := len(c.data) - start; {
		case err != nil:
			return fmt.Errorf("%s: tensor %q: %w", f.Path, t.Name, err)
		case t.at%align != 0:
			return fmt.Errorf("%s: tensor %q: offset %d is not a multiple of the alignment %d", f.Path, t.Name, t.at, align)
		case t.at > room || size > room-t.at:
			return fmt.Errorf("%s: tensor %q: truncated: %s of shape %v takes %d bytes from byte %d on, the file has %d", f.Path, t.Name, t.Type, t.Shape, size, start+t.at, len(c.data))
		}
		t.at += start
		t.Data = c.data[t.at : t.at+size : t.at+size]
	}
	slices.SortStableFunc(order, func(a, b *Tensor) int { return a.at - b.at })
	for i := 1; i < len(order); i++ {
		if a, b := order[i-1], order[i]; a.at+len(a.Data) > b.at {
			return fmt.Errorf("%s: tensors %q and %q overlap at byte %d", f.Path, a.Name, b.Name, b.at)
		}
	}
	return nil
}

const alignmentKey = "general.alignment"
