package jinja

import "strings"

// slice is the value of a:b:c between brackets.
type slice struct{ start, stop, step Value }

// mutators are the methods that would change a list or dict; the sandbox hands out an Undefined that raises SecurityError.
var mutators = map[string]string{
	"list": " append clear pop reverse insert sort extend remove ",
	"dict": " clear pop popitem setdefault update ",
}

// attribute is v.name: an attribute or method, else the item of that name.
func (st *state) attribute(v Value, name string) Value {
	if u, ok := v.(*Undefined); ok && !strings.HasPrefix(name, "__") {
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
		if x, ok := st.slice(v, s); ok {
			return x
		}
		return &Undefined{of: v, name: key}
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

// slice is v[start:stop:step].
func (st *state) slice(v Value, s *slice) (Value, bool) {
	var chars []rune
	str, isText := text(v)
	if isText {
		st.grow(len(str))
		chars = []rune(str)
	}
	n, sized := length(v)
	switch v.(type) {
	case *List, Tuple, *Range:
	default:
		if !isText || !sized {
			return nil, false
		}
	}
	start, stop, step, ok := s.bounds(n)
	if !ok {
		return nil, false
	}
	if r, ok := v.(*Range); ok {
		return &Range{r.start + start*r.step, r.start + stop*r.step, r.step * step}, true
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
		return &List{items}, true
	case Tuple:
		return Tuple(items), true
	}
	return sameText(v, string(cut)), true
}

// bounds resolves the parts of a slice for a sequence of n, as Python does; ok is false where a part is not a whole number or the step is 0.
func (s *slice) bounds(n int) (start, stop, step int, ok bool) {
	step = 1
	if s.step != nil {
		if step, ok = toInt(s.step); !ok || step == 0 {
			if ok {
				raise("ValueError", "slice step cannot be zero")
			}
			return 0, 0, 0, false
		}
	}
	step = max(step, -1<<62)
	low, high := 0, n
	if step < 0 {
		low, high = -1, n-1
	}
	part := func(v Value, def int) (int, bool) {
		if v == nil {
			return def, true
		}
		i, ok := toInt(v)
		if i < 0 {
			i += n
		}
		return min(max(i, low), high), ok
	}
	first, last := low, high
	if step < 0 {
		first, last = high, low
	}
	var okStart, okStop bool
	start, okStart = part(s.start, first)
	stop, okStop = part(s.stop, last)
	if step > n {
		step = n + 1
	} else if step < -n {
		step = -n - 1
	}
	return start, stop, step, okStart && okStop
}
