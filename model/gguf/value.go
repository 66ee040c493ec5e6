package gguf

import (
	"encoding/binary"
	"fmt"
	"math"
	"strconv"
)

// Kind is the type of a value of the metadata, by the number that the format gives it.
type Kind uint32

const (
	Uint8 Kind = iota
	Int8
	Uint16
	Int16
	Uint32
	Int32
	Float32
	Bool
	String
	Array
	Uint64
	Int64
	Float64
)

var kindNames = [...]string{"uint8", "int8", "uint16", "int16", "uint32", "int32", "float32", "bool", "string", "array", "uint64", "int64", "float64"}

// kindSizes are the bytes of one value; 0 where that depends on the value.
var kindSizes = [...]int{1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8}

func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return fmt.Sprintf("kind %d", uint32(k))
}

// Value is a value of the metadata: one of kind Kind, or Count of them where Array is set. It is decoded when it is
// asked for, so that an array takes no memory but the file's.
type Value struct {
	Kind  Kind
	Array bool
	Count int
	raw   []byte
}

// value reads a key's kind and value.
func (c *cursor) value(key string) Value {
	at := c.at
	v := Value{Kind: Kind(c.u32("type of " + key)), Count: 1}
	if v.Kind == Array {
		v.Kind, v.Array = Kind(c.u32("type of the elements of "+key)), true
		v.Count = c.count("length of "+key, max(1, v.Kind.least()))
	}
	if c.err == nil && (int(v.Kind) >= len(kindNames) || v.Kind == Array) {
		c.err = c.errorf(at, "key %q: a value of type %d is not known, and neither is an array of arrays", key, v.Kind)
	}
	if c.err != nil {
		return Value{}
	}
	begin := c.at
	if v.Kind != String {
		v.raw = c.take("value of "+key, v.Count*kindSizes[v.Kind])
		return v
	}
	for i := 0; i < v.Count && c.err == nil; i++ {
		c.text("value of "+key, math.MaxInt)
	}
	v.raw = c.data[begin:c.at:c.at]
	return v
}

// least is the smallest number of bytes that a value takes.
func (k Kind) least() int {
	switch {
	case k == String:
		return 8
	case int(k) < len(kindSizes):
		return kindSizes[k]
	}
	return 0
}

// Int is a whole number of any width. The zero Value, of a key that is absent, is nothing at all.
func (v Value) Int() (int64, bool) {
	if v.Array || v.Count == 0 {
		return 0, false
	}
	return v.int(0)
}

func (v Value) int(i int) (int64, bool) {
	le := binary.LittleEndian
	switch v.Kind {
	case Uint8:
		return int64(v.raw[i]), true
	case Int8:
		return int64(int8(v.raw[i])), true
	case Uint16:
		return int64(le.Uint16(v.raw[2*i:])), true
	case Int16:
		return int64(int16(le.Uint16(v.raw[2*i:]))), true
	case Uint32:
		return int64(le.Uint32(v.raw[4*i:])), true
	case Int32:
		return int64(int32(le.Uint32(v.raw[4*i:]))), true
	case Uint64, Int64:
		n := int64(le.Uint64(v.raw[8*i:]))
		return n, v.Kind == Int64 || n >= 0
	}
	return 0, false
}

// Ints are the whole numbers of an array.
func (v Value) Ints() ([]int64, bool) {
	if !v.Array {
		return nil, false
	}
	all := make([]int64, v.Count)
	for i := range all {
		var ok bool
		if all[i], ok = v.int(i); !ok {
			return nil, false
		}
	}
	return all, true
}

// Floats are the float32 numbers of an array.
func (v Value) Floats() ([]float32, bool) {
	if !v.Array || v.Kind != Float32 {
		return nil, false
	}
	all := make([]float32, v.Count)
	for i := range all {
		all[i] = math.Float32frombits(binary.LittleEndian.Uint32(v.raw[4*i:]))
	}
	return all, true
}

// Bool is a truth value.
func (v Value) Bool() (bool, bool) {
	if v.Array || v.Kind != Bool {
		return false, false
	}
	return v.raw[0] != 0, v.raw[0] <= 1
}

// Text is a text.
func (v Value) Text() (string, bool) {
	if v.Array || v.Kind != String {
		return "", false
	}
	return string(v.raw[8:]), true
}

// Texts are the texts of an array.
func (v Value) Texts() ([]string, bool) {
	if !v.Array || v.Kind != String {
		return nil, false
	}
	all, rest := make([]string, v.Count), v.raw
	for i := range all {
		n := binary.LittleEndian.Uint64(rest)
		all[i], rest = string(rest[8:8+n]), rest[8+n:]
	}
	return all, true
}

// Number is a real number as JSON has it: the shortest that reads back, or a whole one.
func (v Value) Number() (string, bool) {
	if n, ok := v.Int(); ok {
		return strconv.FormatInt(n, 10), true
	}
	x, width := 0.0, 64
	switch {
	case v.Array:
		return "", false
	case v.Kind == Float32:
		x, width = float64(math.Float32frombits(binary.LittleEndian.Uint32(v.raw))), 32
	case v.Kind == Float64:
		x = math.Float64frombits(binary.LittleEndian.Uint64(v.raw))
	default:
		return "", false
	}
	return strconv.FormatFloat(x, 'g', -1, width), !math.IsNaN(x) && !math.IsInf(x, 0)
}

// String describes a value, for messages.
func (v Value) String() string {
	if v.Array {
		return fmt.Sprintf("%d values of %s", v.Count, v.Kind)
	}
	if s, ok := v.Text(); ok {
		return strconv.Quote(s[:min(len(s), 60)])
	}
	if b, ok := v.Bool(); ok {
		return strconv.FormatBool(b)
	}
	if s, ok := v.Number(); ok {
		return s
	}
	return "a " + v.Kind.String() + " that is no number"
}
