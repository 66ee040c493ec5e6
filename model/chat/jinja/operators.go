package jinja

import (
	"strings"
)

// binary computes a op b for + - * / // % **.
func (st *state) binary(op string, a, b Value) Value {
	if s, ok := text(a); ok && op == "%" {
		return st.percent(s, b)
	}
	for _, v := range []Value{a, b} {
		if u, ok := v.(*Undefined); ok {
			u.fail()
		}
	}
	if isNumber(a) && isNumber(b) {
		whole := isWhole(a) && isWhole(b)
		if op == "/" || op == "//" || op == "%" {
			if !truth(b) {
				zeroDivision(op, !whole)
			}
		}
		if whole && op != "/" {
			return wholeNumbers(op, a, b)
		}
		return floats(op, toFloat(a), toFloat(b))
	}
	switch op {
	case "+":
		if v, ok := st.concat(a, b); ok {
			return v
		}
	case "*":
		if v, ok := st.repeat(a, b); ok {
			return v
		}
		if v, ok := st.repeat(b, a); ok {
			return v
		}
	}
	if op == "**" {
		op = "** or pow()"
	}
	raise("TypeError", "unsupported operand type(s) for %s: '%s' and '%s'", op, typeName(a), typeName(b))
	return nil
}

// concat joins two texts, lists or tuples; text added to Markup is escaped.
func (st *state) concat(a, b Value) (Value, bool) {
	x, ok := text(a)
	y, both := text(b)
	if ok && both {
		st.grow(len(x) + len(y))
		_, markA := a.(Markup)
		_, markB := b.(Markup)
		switch {
		case markA && !markB:
			return Markup(x + escapeHTML(y)), true
		case markB && !markA:
			return Markup(escapeHTML(x) + y), true
		case markA && markB:
			return Markup(x + y), true
		}
		return x + y, true
	}
	if ok {
		raise("TypeError", `can only concatenate str (not "%s") to str`, typeName(b))
	}
	switch x := a.(type) {
	case *List:
		y, ok := b.(*List)
		if !ok {
			raise("TypeError", `can only concatenate list (not "%s") to list`, typeName(b))
		}
		st.grow(16 * (len(x.Items) + len(y.Items)))
		return &List{append(x.Items[:len(x.Items):len(x.Items)], y.Items...)}, true
	case Tuple:
		y, ok := b.(Tuple)
		if !ok {
			raise("TypeError", `can only concatenate tuple (not "%s") to tuple`, typeName(b))
		}
		st.grow(16 * (len(x) + len(y)))
		return append(x[:len(x):len(x)], y...), true
	}
	return nil, false
}

// repeat is seq * n.
func (st *state) repeat(seq, times Value) (Value, bool) {
	length := -1
	s, isText := text(seq)
	var items []Value
	switch v := seq.(type) {
	case *List:
		items, length = v.Items, 16*len(v.Items)
	case Tuple:
		items, length = v, 16*len(v)
	default:
		if isText {
			length = len(s)
		}
	}
	if length < 0 {
		return nil, false
	}
	n, ok := toInt(times)
	if !ok {
		raise("TypeError", "can't multiply sequence by non-int of type '%s'", typeName(times))
	}
	n = max(n, 0)
	if length > 0 {
		if n > st.left.Bytes/length {
			st.grow(st.left.Bytes + 1)
		}
		st.grow(n * length)
	}
	if isText {
		return sameText(seq, strings.Repeat(s, n)), true
	}
	var all []Value
	for range min(n, n*len(items)) {
		all = append(all, items...)
	}
	if _, ok := seq.(Tuple); ok {
		return Tuple(all), true
	}
	return &List{all}, true
}

// sameText gives s the type of like: Markup stays Markup.
func sameText(like Value, s string) Value {
	if _, ok := like.(Markup); ok {
		return Markup(s)
	}
	return s
}

var htmlEscapes = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&#34;", "'", "&#39;")

func escapeHTML(s string) string { return htmlEscapes.Replace(s) }
