package safetensors

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"croco/kernels"
)

// Item is a tensor to write. Values is called when its turn comes, so that a file may be larger than memory.
type Item struct {
	Name   string
	DType  string
	Shape  []int
	Values func() ([]byte, error) // little-endian, row-major
}

// FromFloats is an item of values that are rounded to a dtype.
func FromFloats(name string, shape []int, values []float32, d kernels.DType) Item {
	return Item{name, Name(d), shape, func() ([]byte, error) { return Encode(values, d), nil }}
}

// Copy is an item of a tensor as it is.
func Copy(t Tensor) Item {
	return Item{t.Name, t.DType, t.Shape, func() ([]byte, error) { return t.Data, nil }}
}

// Write writes a file: tensors sorted by name, the header padded with spaces to a multiple of 8, metadata {"format":"pt"}
// (older transformers refuse a file without it). The file appears under its name only when it is whole.
func Write(path string, items []Item) error {
	items = slices.Clone(items)
	slices.SortFunc(items, func(a, b Item) int { return strings.Compare(a.Name, b.Name) })
	return Atomically(path, func(w io.Writer) error {
		header, err := header(items)
		if err != nil {
			return err
		}
		if _, err := w.Write(header); err != nil {
			return err
		}
		for _, it := range items {
			raw, err := it.Values()
			if err != nil {
				return err
			}
			if want, _ := it.bytes(); len(raw) != want {
				return fmt.Errorf("tensor %q: %s of shape %v takes %d bytes, %d were given", it.Name, it.DType, it.Shape, want, len(raw))
			}
			if _, err := w.Write(raw); err != nil {
				return err
			}
		}
		return nil
	})
}

func (it Item) bytes() (int, error) { return entry{dtype: it.DType, shape: it.Shape}.bytes() }

// header is the length and the padded JSON of sorted items.
func header(items []Item) ([]byte, error) {
	var b bytes.Buffer
	b.Write(make([]byte, 8))
	b.WriteString(`{"__metadata__":{"format":"pt"}`)
	at := 0
	for i, it := range items {
		if i > 0 && it.Name == items[i-1].Name {
			return nil, fmt.Errorf("tensor %q is written twice", it.Name)
		}
		n, err := it.bytes()
		if err != nil {
			return nil, fmt.Errorf("tensor %q: %w", it.Name, err)
		}
		name, err := json.Marshal(it.Name)
		if err != nil {
			return nil, err
		}
		shape, err := json.Marshal(append([]int{}, it.Shape...))
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(&b, `,%s:{"dtype":%q,"shape":%s,"data_offsets":[%d,%d]}`, name, it.DType, shape, at, at+n)
		at += n
	}
	b.WriteByte('}')
	for b.Len()%8 != 0 {
		b.WriteByte(' ')
	}
	out := b.Bytes()
	binary.LittleEndian.PutUint64(out, uint64(len(out)-8))
	return out, nil
}

// Atomically writes a temporary file beside path and renames it when it is whole and on the disk.
func Atomically(path string, write func(io.Writer) error) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			f.Close()
			os.Remove(f.Name())
			err = fmt.Errorf("%s: %w", path, err)
		}
	}()
	w := bufio.NewWriterSize(f, 1<<20)
	if err := write(w); err != nil {
		return err
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if err := f.Chmod(0o644); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
