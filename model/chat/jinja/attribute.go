package jinja

import (
	"math"
	"math/big"
	"strings"
)

// slice is the value of a:b:c between brackets.
type slice struct{ start, stop, step Value }

// mutators are the methods that would change a list or dict; the sandbox hands out an Undefined that raises SecurityError.
var mutators = map[string]string{
	"list": " append clear pop reverse insert sort extend remove ",
	"dict": " clear pop popitem setdefault update ",
}

// attribute is v.name: an attribute or method, else the item of that name.
func (st *state) attribute(v Value, name string) Value {
	if u, ok := v.(*Undefined); ok {
		u.fail()
	}
	if a, ok := st.own(v, name); ok {
		return a
	}
	if a, ok := lookup(v, name); ok {
		return a
	}
	return &Undefined{of: v, name: name}
}

// own finds attributes and methods.
func (st *state) own(v Value, name string) (Value, bool) {
	if strings.HasPrefix(name, "_") || strings.Contains(mutators[typeName(v)], " "+name+" ") {
		if strings.HasPrefix(name, "_") && !strings.HasPrefix(name, "__") {
			return nil, false
		}
		return &Undefined{of: v, name: name, class: "SecurityError",
			hint: "access to attribute " + Repr(name) + " of " + Repr(typeName(v)) + " object is unsafe."}, true
	}
	if ns, ok := v.(*Namespace); ok {
		return ns.vars.Get(name)
	}
	if o, ok := v.(object); ok {
		return o.attr(st, name)
	}
	kind := typeName(v)
	if kind == "Markup" {
		kind = "str"
	}
	if m := methods[kind][name]; m != nil {
		return &Func{name, func(st *state, a Args) Value { return m(st, v, a) }}, true
	}
	return nil, false
}

// item is v[key]: an item, else, for a text key, the attribute of that name.
func (st *state) item(v, key Value) Value {
	if u, ok := v.(*Undefined); ok {
		u.fail()
	}
	if s, ok := key.(*slice); ok {
		return st.slice(v, s)
	}
	if x, ok := lookup(v, key); ok {
		return x
	}
	if name, ok := text(key); ok {
		if a, ok := st.own(v, name); ok {
			return a
		}
	}
	return &Undefined{of: v, name: key}
}

// lookup finds v[key] in a dict, list, tuple, range or text.
func lookup(v, key Value) (Value, bool) {
	if d, ok := v.(*Dict); ok {
		switch key.(type) {
		case *List, *Dict, *slice:
			return nil, false
		}
		return d.Get(key)
	}
	i, ok := toInt(key)
	if !ok {
		return nil, false
	}
	n, _ := length(v)
	if i < 0 {
		i += n
	}
	if i < 0 || i >= n {
		return nil, false
	}
	switch v := v.(type) {
	case *group:
		return v.tuple()[i], true
	case *List:
		return v.Items[i], true
	case Tuple:
		return v[i], true
	case *Range:
		return v.start + i*v.step, true
	}
	if s, ok := text(v); ok {
		for ; i > 0; i-- {
			s = s[runeWidth(s):]
		}
		return sameText(v, s[:runeWidth(s)]), true
	}
	return nil, false
}

// slice is v[start:stop:step]. Unlike other subscripts a wrong one is an error, not an Undefined.
func (st *state) slice(v Value, s *slice) Value {
	var chars []rune
	str, isText := text(v)
	if isText {
		st.grow(len(str))
		chars = []rune(str)
	}
	switch v.(type) {
	case *List, Tuple, *Range:
	case *Dict:
		raise("TypeError", "unhashable type: 'slice'")
	default:
		if !isText {
			raise("TypeError", "'%s' object is not subscriptable", typeName(v))
		}
	}
	n, _ := length(v)
	start, stop, step := s.bounds(n)
	if r, ok := v.(*Range); ok {
		return &Range{r.start + start*r.step, r.start + stop*r.step, r.step * step}
	}
	var items []Value
	var cut []rune
	for i := start; step > 0 && i < stop || step < 0 && i > stop; i += step {
		switch v := v.(type) {
		case *List:
			items = append(items, v.Items[i])
		case Tuple:
			items = append(items, v[i])
		default:
			cut = append(cut, chars[i])
		}
	}
	st.grow(16 * len(items))
	switch v.(type) {
	case *List:
		return &List{items}
	case Tuple:
		return Tuple(items)
	}
	return sameText(v, string(cut))
}

// bounds resolves the parts of a slice for a sequence of n, as Python does: start and stop lie within the sequence, or just outside.
func (s *slice) bounds(n int) (start, stop, step int) {
	number := func(v Value) int {
		i, ok := toInt(v)
		if _, big := v.(*big.Int); big {
			i, ok = math.MaxInt/2*toBig(v).Sign(), true
		}
		if !ok {
			failUndefined(v)
			raise("TypeError", "slice indices must be integers or None or have an __index__ method")
		}
		return i
	}
	step = 1
	if s.step != nil {
		if step = number(s.step); step == 0 {
			raise("ValueError", "slice step cannot be zero")
		}
	}
	low, high := 0, n
	start, stop = low, high
	if step < 0 {
		low, high = -1, n-1
		start, stop = high, low
	}
	part := func(v Value, def int) int {
		if v == nil {
			return def
		}
		i := number(v)
		if i < 0 {
			i += n
		}
		return min(max(i, low), high)
	}
	start, stop = part(s.start, start), part(s.stop, stop)
	return start, stop, min(max(step, -n-1), n+1) // a longer step reaches the end all the same
}
