package safetensors

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
)

// maxHeader is the limit that the reference implementation sets for the header.
const maxHeader = 100_000_000

// entry is the description of a tensor in the header.
type entry struct {
	name       string
	dtype      string
	shape      []int
	begin, end int
	seen       map[string]bool
}

// parse splits the bytes of a file into its metadata and tensors. Tensors come back in the order of their offsets.
func parse(file string, data []byte) (map[string]string, []Tensor, error) {
	fail := func(format string, args ...any) (map[string]string, []Tensor, error) {
		return nil, nil, fmt.Errorf("%s: %s", file, fmt.Sprintf(format, args...))
	}
	if len(data) < 8 {
		return fail("truncated: %d bytes, a safetensors file begins with 8 bytes of header length", len(data))
	}
	length := binary.LittleEndian.Uint64(data)
	if length > maxHeader {
		return fail("header of %d bytes, at most %d are allowed: this is not a safetensors file, or it is damaged", length, maxHeader)
	}
	if length > uint64(len(data)-8) {
		return fail("truncated: the header should have %d bytes, %d follow", length, len(data)-8)
	}
	header, body := data[8:8+length], data[8+length:]
	if len(header) == 0 || header[0] != '{' {
		return fail("the header is not a JSON object")
	}
	meta, entries, err := parseHeader(header)
	if err != nil {
		return fail("header: %v", err)
	}
	slices.SortStableFunc(entries, func(a, b entry) int {
		if a.begin != b.begin {
			return a.begin - b.begin
		}
		return a.end - b.end
	})
	tensors := make([]Tensor, 0, len(entries))
	at := 0
	for _, e := range entries {
		t := Tensor{Name: e.name, DType: e.dtype, Shape: e.shape, File: file}
		want, err := e.bytes()
		switch {
		case err != nil:
			return nil, nil, t.Errorf("%v", err)
		case e.begin > e.end:
			return nil, nil, t.Errorf("data_offsets [%d,%d] run backwards", e.begin, e.end)
		case e.end-e.begin != want:
			return nil, nil, t.Errorf("%s of shape %v takes %d bytes, data_offsets [%d,%d] hold %d", e.dtype, e.shape, want, e.begin, e.end, e.end-e.begin)
		case e.begin < at:
			return nil, nil, t.Errorf("overlaps the tensor before it: begins at %d, expected %d", e.begin, at)
		case e.begin > at:
			return nil, nil, t.Errorf("a gap of %d bytes before it: begins at %d, expected %d", e.begin-at, e.begin, at)
		case e.end > len(body):
			return nil, nil, t.Errorf("truncated: data_offsets end at %d, the file holds %d bytes of values", e.end, len(body))
		}
		t.Data = body[e.begin:e.end:e.end]
		tensors = append(tensors, t)
		at = e.end
	}
	if at != len(body) {
		return fail("%d bytes of values, the header describes %d", len(body), at)
	}
	return meta, tensors, nil
}

// bytes is the size that dtype and shape imply.
func (e entry) bytes() (int, error) {
	n, ok := sizes[e.dtype]
	if !ok {
		return 0, fmt.Errorf("unknown dtype %q", e.dtype)
	}
	for _, s := range e.shape {
		if s != 0 && n > math.MaxInt/s {
			return 0, fmt.Errorf("shape %v is too large", e.shape)
		}
		n *= s
	}
	return n, nil
}

// parseHeader reads the JSON token by token: encoding/json alone would let the last of two equal keys win.
func parseHeader(header []byte) (map[string]string, []entry, error) {
	d := json.NewDecoder(bytes.NewReader(header))
	d.UseNumber()
	meta := map[string]string{}
	var entries []entry
	names := map[string]bool{}
	err := object(d, func(name string) error {
		if names[name] {
			return fmt.Errorf("key %q stands twice", name)
		}
		names[name] = true
		if name == "__metadata__" {
			return object(d, func(key string) error {
				if _, seen := meta[key]; seen {
					return fmt.Errorf("__metadata__: key %q stands twice", key)
				}
				var v string
				if err := d.Decode(&v); err != nil {
					return fmt.Errorf("__metadata__: %q: expected a string: %w", key, err)
				}
				meta[key] = v
				return nil
			})
		}
		e := entry{name: name, seen: map[string]bool{}}
		if err := object(d, func(key string) error { return e.field(d, key) }); err != nil {
			return fmt.Errorf("tensor %q: %w", name, err)
		}
		for _, key := range []string{"dtype", "shape", "data_offsets"} {
			if !e.seen[key] {
				return fmt.Errorf("tensor %q: %q is missing", name, key)
			}
		}
		entries = append(entries, e)
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, nil, fmt.Errorf("something follows the JSON object at byte %d", d.InputOffset())
	}
	return meta, entries, nil
}

// field reads one value of a tensor's description.
func (e *entry) field(d *json.Decoder, key string) error {
	if e.seen[key] {
		return fmt.Errorf("%q stands twice", key)
	}
	e.seen[key] = true
	var err error
	switch key {
	case "dtype":
		err = d.Decode(&e.dtype)
	case "shape":
		e.shape, err = naturals(d)
	case "data_offsets":
		var pair []int
		pair, err = naturals(d)
		if err == nil && len(pair) != 2 {
			err = fmt.Errorf("expected [begin,end], found %v", pair)
		}
		if err == nil {
			e.begin, e.end = pair[0], pair[1]
		}
	default:
		return fmt.Errorf("unknown key %q", key)
	}
	if err != nil {
		return fmt.Errorf("%q: %w", key, err)
	}
	return nil
}

// naturals reads a list of whole numbers ≥ 0.
func naturals(d *json.Decoder) ([]int, error) {
	var list []int
	if err := d.Decode(&list); err != nil {
		return nil, err
	}
	if list == nil {
		return nil, errors.New("expected a list, found null")
	}
	for _, n := range list {
		if n < 0 {
			return nil, fmt.Errorf("negative number %d", n)
		}
	}
	return list, nil
}

// object calls f after each key of the JSON object that comes next; f reads the value.
func object(d *json.Decoder, f func(key string) error) error {
	t, err := d.Token()
	if err != nil {
		return err
	}
	if t != json.Delim('{') {
		return fmt.Errorf("expected an object, found %v", t)
	}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return err
		}
		if err := f(key.(string)); err != nil {
			return err
		}
	}
	_, err = d.Token()
	return err
}
