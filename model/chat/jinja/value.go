package jinja

import (
	"iter"
	"math/big"
)

// Value is a Python value: nil (None), bool, int, *big.Int (beyond 64 bits), float64, string, Markup, *List, Tuple, *Dict,
// *Undefined, and the objects that templates make: *Namespace, *Range, *Generator, *View, *Func and those of loops and macros.
type Value = any

// Markup is text marked by the safe filter: what is added to it is HTML-escaped.
type Markup string

// List is a Python list.
type List struct{ Items []Value }

// Tuple is a Python tuple.
type Tuple []Value

// Undefined stands for what is not there. It is empty text, false and an empty sequence; everything else raises UndefinedError.
type Undefined struct {
	name    Value // the missing variable, attribute or key
	of      Value // what it was looked for in
	unbound bool  // name is a variable
	hint    string
	class   string // "" for UndefinedError
}

// Namespace is what namespace() makes: the one object whose attributes can be set.
type Namespace struct{ vars *Dict }

// Range is a Python range.
type Range struct{ start, stop, step int }

func (r *Range) len() int {
	switch {
	case r.step > 0 && r.start < r.stop:
		return (r.stop - r.start + r.step - 1) / r.step
	case r.step < 0 && r.start > r.stop:
		return (r.start - r.stop - r.step - 1) / -r.step
	}
	return 0
}

// Generator is what map, select and their like return: it can be run through once.
type Generator struct{ next func() (Value, bool) }

// View is keys(), values() or items() of a dict.
type View struct {
	of   *Dict
	what string
}

func (v *View) at(i int) Value {
	e := v.of.entries[i]
	switch v.what {
	case "keys":
		return e.key
	case "values":
		return e.value
	}
	return Tuple{e.key, e.value}
}

// Func is anything that can be called.
type Func struct {
	name string
	call func(st *state, a Args) Value
}

// object is a value with attributes of its own (loop, macro, cycler).
type object interface {
	attr(st *state, name string) (Value, bool)
	typeName() string
}

func (u *Undefined) fail() {
	class := u.class
	if class == "" {
		class = "UndefinedError"
	}
	raise(class, "%s", u.message())
}

func (u *Undefined) message() string {
	switch name, isText := u.name.(string); {
	case u.hint != "":
		return u.hint
	case u.unbound:
		return Repr(u.name) + " is undefined"
	case isText:
		return Repr(objectName(u.of)) + " has no attribute " + Repr(name)
	default:
		return objectName(u.of) + " has no element " + Repr(u.name)
	}
}

// objectName is how messages call an object: "dict object", "None".
func objectName(v Value) string {
	switch v.(type) {
	case nil:
		return "None"
	case *Namespace:
		return "jinja2.utils.Namespace object"
	}
	return typeName(v) + " object"
}

// typeName is type(v).__name__.
func typeName(v Value) string {
	switch v := v.(type) {
	case nil:
		return "NoneType"
	case bool:
		return "bool"
	case int, *big.Int:
		return "int"
	case float64:
		return "float"
	case string:
		return "str"
	case Markup:
		return "Markup"
	case *List:
		return "list"
	case Tuple:
		return "tuple"
	case *Dict:
		return "dict"
	case *Undefined:
		return "Undefined"
	case *Namespace:
		return "Namespace"
	case *Range:
		return "range"
	case *Generator:
		return "generator"
	case *View:
		return "dict_" + v.what
	case *Func:
		return "function"
	case *slice:
		return "slice"
	case object:
		return v.typeName()
	}
	raise("TypeError", "not a template value: %T", v)
	return ""
}

// text returns the characters of a str or Markup.
func text(v Value) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case Markup:
		return string(v), true
	}
	return "", false
}

func truth(v Value) bool {
	switch v := v.(type) {
	case nil, *Undefined:
		return false
	case bool:
		return v
	case int:
		return v != 0
	case float64:
		return v != 0
	}
	if n, ok := length(v); ok {
		return n > 0
	}
	return true
}

// length is len(v); ok is false for what has none.
func length(v Value) (n int, ok bool) {
	switch v := v.(type) {
	case string:
		return runeLen(v), true
	case Markup:
		return runeLen(string(v)), true
	case *List:
		return len(v.Items), true
	case Tuple:
		return len(v), true
	case *Dict:
		return v.Len(), true
	case *View:
		return v.of.Len(), true
	case *Range:
		return v.len(), true
	case *Undefined:
		return 0, true
	case *loop:
		return len(v.items), true
	case *group:
		return 2, true
	}
	return 0, false
}

// pull returns a function that hands out the items of v one by one; it raises TypeError where Python's iter() does.
func (st *state) pull(v Value) func() (Value, bool) {
	i := -1
	each := func(n int, at func(i int) Value) func() (Value, bool) {
		return func() (Value, bool) {
			if i++; i >= n {
				return nil, false
			}
			st.step()
			return at(i), true
		}
	}
	switch v := v.(type) {
	case *List:
		return each(len(v.Items), func(i int) Value { return v.Items[i] })
	case Tuple:
		return each(len(v), func(i int) Value { return v[i] })
	case *Dict:
		return each(v.Len(), func(i int) Value { return v.entries[i].key })
	case *View:
		return each(v.of.Len(), v.at)
	case *Range:
		return each(v.len(), func(i int) Value { return v.start + i*v.step })
	case *Generator:
		return v.next
	case *Undefined:
		if v.class == "" {
			return each(0, nil)
		}
		v.fail()
	case *loop:
		return v.pull(st)
	case *group:
		return st.pull(v.tuple())
	}
	if s, ok := text(v); ok {
		return func() (Value, bool) {
			if s == "" {
				return nil, false
			}
			st.step()
			n := runeWidth(s)
			c := s[:n]
			s = s[n:]
			return c, true
		}
	}
	raise("TypeError", "'%s' object is not iterable", typeName(v))
	return nil
}

// iter ranges over the items of v.
func (st *state) iter(v Value) iter.Seq[Value] {
	next := st.pull(v)
	return func(yield func(Value) bool) {
		for x, ok := next(); ok && yield(x); x, ok = next() {
		}
	}
}

// items collects what iter yields; the slice is the caller's own.
func (st *state) items(v Value) []Value {
	var all []Value
	for x := range st.iter(v) {
		st.grow(16)
		all = append(all, x)
	}
	return all
}

// itself is the f of generate that keeps every item.
func itself(v Value) (Value, bool) { return v, true }

// generate makes a Generator of the items of v that f maps to something; f returns false to drop one. Nothing happens before it is asked.
func (st *state) generate(v Value, f func(Value) (Value, bool)) *Generator {
	var next func() (Value, bool)
	return &Generator{func() (Value, bool) {
		if next == nil {
			next = st.pull(v)
		}
		for x, ok := next(); ok; x, ok = next() {
			if y, keep := f(x); keep {
				return y, true
			}
		}
		return nil, false
	}}
}
