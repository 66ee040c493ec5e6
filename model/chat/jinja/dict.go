package jinja

import (
	"fmt"
	"math"
	"math/big"
	"slices"
	"strings"
)

// Dict is a Python dict: ordered by first insertion. The zero value is empty and ready.
type Dict struct {
	entries []entry
	index   map[any]int
}

type entry struct{ key, value Value }

// NewDict returns a dict of alternating string keys and values.
func NewDict(pairs ...any) *Dict {
	d := &Dict{}
	for i := 0; i+1 < len(pairs); i += 2 {
		d.Set(pairs[i].(string), pairs[i+1])
	}
	return d
}

func (d *Dict) Len() int { return len(d.entries) }

// Set stores a value under a hashable key, in the key's old place if it has one.
func (d *Dict) Set(key, v Value) {
	h := hash(key)
	if i, ok := d.index[h]; ok {
		d.entries[i].value = v
		return
	}
	if d.index == nil {
		d.index = map[any]int{}
	}
	d.index[h] = len(d.entries)
	d.entries = append(d.entries, entry{key, v})
}

// Get returns the value under a key.
func (d *Dict) Get(key Value) (Value, bool) {
	if i, ok := d.index[hash(key)]; ok {
		return d.entries[i].value, true
	}
	return nil, false
}

// Delete removes a key, if there.
func (d *Dict) Delete(key string) {
	i, ok := d.index[hash(key)]
	if !ok {
		return
	}
	delete(d.index, hash(key))
	d.entries = slices.Delete(slices.Clone(d.entries), i, i+1)
	for h, j := range d.index {
		if j > i {
			d.index[h] = j - 1
		}
	}
}

// Keys lists the keys that are strings, in order.
func (d *Dict) Keys() []string {
	var keys []string
	for _, e := range d.entries {
		if k, ok := e.key.(string); ok {
			keys = append(keys, k)
		}
	}
	return keys
}

// Clone copies the dict, not its values.
func (d *Dict) Clone() *Dict {
	c := &Dict{}
	if d != nil {
		for _, e := range d.entries {
			c.Set(e.key, e.value)
		}
	}
	return c
}

// compound is the hash of what Go cannot compare, or not by value.
type compound string

// maxKey bounds the size of a tuple that is a key, in bytes of its compound.
const maxKey = 1 << 16

// hash maps equal keys to one comparable Go value: 1, 1.0 and True are the same key.
func hash(v Value) any {
	switch v := v.(type) {
	case bool:
		if v {
			return 1
		}
		return 0
	case *big.Int:
		return compound(v.String())
	case float64:
		if v == math.Trunc(v) && math.Abs(v) < 1<<62 {
			return int(v)
		}
	case Markup:
		return string(v)
	case Tuple:
		var b strings.Builder
		hashTuple(&b, v, 0)
		return compound(b.String())
	case *List, *Dict, *slice:
		raise("TypeError", "unhashable type: '%s'", typeName(v))
	}
	return v
}

// hashTuple writes the items so that different tuples give different text: each with its type and, where that could be mistaken, its length.
func hashTuple(b *strings.Builder, t Tuple, depth int) {
	b.WriteByte('(')
	for _, x := range t {
		if b.Len() > maxKey || depth > 100 {
			raise("LimitError", "a tuple of more than %d bytes, or too deep, as a key", maxKey)
		}
		if inner, ok := x.(Tuple); ok {
			hashTuple(b, inner, depth+1)
			continue
		}
		switch h := hash(x).(type) {
		case string:
			fmt.Fprintf(b, "s%d:%s", len(h), h)
		case nil, int, float64, compound:
			fmt.Fprintf(b, "%T%v,", h, h)
		default:
			fmt.Fprintf(b, "%p,", h) // an object is its own key
		}
	}
	b.WriteByte(')')
}
