package jinja

import (
	"math/big"
	"unicode"
)

// test is what stands behind "is".
type test func(st *state, v Value, a Args) bool

// tests are Jinja2's built-in ones.
var tests map[string]test

func init() {
	tests = map[string]test{
		"defined":   plain(func(v Value) bool { _, u := v.(*Undefined); return !u }),
		"undefined": plain(func(v Value) bool { _, u := v.(*Undefined); return u }),
		"none":      plain(func(v Value) bool { return v == nil }),
		"boolean":   plain(func(v Value) bool { _, ok := v.(bool); return ok }),
		"true":      plain(func(v Value) bool { b, ok := v.(bool); return ok && b }),
		"false":     plain(func(v Value) bool { b, ok := v.(bool); return ok && !b }),
		"integer": plain(func(v Value) bool {
			_, small := v.(int)
			_, large := v.(*big.Int)
			return small || large
		}),
		"float":    plain(func(v Value) bool { _, ok := v.(float64); return ok }),
		"number":   plain(isNumber),
		"string":   plain(func(v Value) bool { _, ok := text(v); return ok }),
		"escaped":  plain(func(v Value) bool { _, ok := v.(Markup); return ok }),
		"mapping":  plain(func(v Value) bool { _, ok := v.(*Dict); return ok }),
		"sequence": plain(isSequence),
		"iterable": plain(isIterable),
		"callable": plain(isCallable),
		"lower":    cased(unicode.IsLower),
		"upper":    cased(unicode.IsUpper),
		"odd":      remainder("odd", 1),
		"even":     remainder("even", 0),
		"divisibleby": func(st *state, v Value, a Args) bool {
			return st.equal(st.binary("%", v, a.bind("divisibleby", "num").values[0]), 0)
		},
		"sameas": func(st *state, v Value, a Args) bool { return same(v, a.bind("sameas", "other").values[0]) },
		"in":     func(st *state, v Value, a Args) bool { return st.contains(v, a.bind("in", "seq").values[0]) },
		"filter": func(st *state, v Value, a Args) bool { a.bind("filter"); return filters[st.str(v)] != nil },
		"test":   func(st *state, v Value, a Args) bool { a.bind("test"); return tests[st.str(v)] != nil },
	}
	for op, names := range map[string][]string{
		"==": {"==", "eq", "equalto"}, "!=": {"!=", "ne"}, "<": {"<", "lt", "lessthan"},
		"<=": {"<=", "le"}, ">": {">", "gt", "greaterthan"}, ">=": {">=", "ge"},
	} {
		for _, name := range names {
			tests[name] = comparing(op, name)
		}
	}
}

func plain(f func(Value) bool) test {
	return func(_ *state, v Value, a Args) bool {
		a.bind("test")
		return f(v)
	}
}

func comparing(op, name string) test {
	return func(st *state, v Value, a Args) bool {
		other := a.bind(name, "other").values[0]
		switch op {
		case "==":
			return st.equal(v, other)
		case "!=":
			return !st.equal(v, other)
		}
		return st.order(op, v, other)
	}
}

func cased(is func(rune) bool) test {
	return func(st *state, v Value, a Args) bool {
		a.bind("test")
		return hasCase(st.str(v), is)
	}
}

func remainder(name string, want int) test {
	return func(st *state, v Value, a Args) bool {
		a.bind(name)
		return st.equal(st.binary("%", v, 2), want)
	}
}

// same is Python's "is" as far as templates can rely on it: one object, or equal None, bool, number or text of one type.
func same(a, b Value) bool {
	switch a.(type) {
	case Tuple:
		return false
	}
	if typeName(a) != typeName(b) {
		return false
	}
	return a == b
}

func isSequence(v Value) bool {
	switch v.(type) {
	case *Generator, *View:
		return false
	}
	_, ok := length(v)
	return ok
}

func isIterable(v Value) bool {
	if _, ok := v.(*Generator); ok {
		return true
	}
	_, ok := length(v)
	return ok
}

func isCallable(v Value) bool {
	switch v.(type) {
	case *Func, callable, *Undefined:
		return true
	}
	return false
}
