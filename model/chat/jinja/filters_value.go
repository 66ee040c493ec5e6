package jinja

import (
	"fmt"
	"math"
	"math/big"
	"strconv"
)

func filterDefault(_ *state, in Value, a Args) Value {
	p := a.bind("default", "default_value?", "boolean?")
	if _, missing := in.(*Undefined); missing || truth(p.or(1, false)) && !truth(in) {
		return p.or(0, "")
	}
	return in
}

// failUndefined raises where a filter needs a value that is there.
func failUndefined(v Value) {
	if u, ok := v.(*Undefined); ok {
		u.fail()
	}
}

// filterInt is int(x), or int(float(x)), or the default.
func filterInt(_ *state, in Value, a Args) Value {
	p := a.bind("int", "default?", "base?")
	failUndefined(in)
	if s, ok := text(in); ok {
		base := p.int(1, 10)
		if base < 0 || base == 1 || base > 36 {
			return p.or(0, 0)
		}
		if n, ok := parseInt(s, base); ok {
			return n
		}
		f, ok := parseFloat(s)
		if !ok {
			return p.or(0, 0)
		}
		in = f
	}
	switch v := in.(type) {
	case float64:
		if math.IsInf(v, 0) || v != v {
			return p.or(0, 0)
		}
		b, _ := new(big.Float).SetFloat64(v).Int(nil)
		return normInt(b)
	case bool, int, *big.Int:
		return normInt(toBig(v))
	}
	return p.or(0, 0)
}

func filterFloat(_ *state, in Value, a Args) Value {
	p := a.bind("float", "default?")
	failUndefined(in)
	if isNumber(in) {
		return toFloat(in)
	}
	if s, ok := text(in); ok {
		if f, ok := parseFloat(s); ok {
			return f
		}
	}
	return p.or(0, 0.0)
}

func filterAbs(_ *state, in Value, a Args) Value {
	a.bind("abs")
	failUndefined(in)
	if f, ok := in.(float64); ok {
		return math.Abs(f)
	}
	if !isNumber(in) {
		raise("TypeError", "bad operand type for abs(): '%s'", typeName(in))
	}
	return normInt(new(big.Int).Abs(toBig(in)))
}

// filterRound rounds half to even on the exact binary value, as Python's round does; ceil and floor scale first.
func filterRound(st *state, in Value, a Args) Value {
	p := a.bind("round", "precision?", "method?")
	precision, method := p.int(0, 0), p.str(1, "common")
	if method != "common" && method != "ceil" && method != "floor" {
		raise("FilterArgumentError", "method must be common, ceil or floor")
	}
	if !isNumber(in) {
		raise("TypeError", "type %s doesn't define __round__ method", typeName(in))
	}
	if method != "common" {
		scale := math.Pow(10, float64(precision))
		x := toFloat(in) * scale
		if method == "ceil" {
			return math.Ceil(x) / scale
		}
		return math.Floor(x) / scale
	}
	if isWhole(in) {
		if precision >= 0 || precision < -300 {
			return normInt(toBig(in))
		}
		unit := wholeNumbers("**", 10, -precision)
		half := wholeNumbers("//", unit, 2)
		low := wholeNumbers("//", in, unit)
		rest := wholeNumbers("-", in, wholeNumbers("*", low, unit))
		c := compareNumbers(rest, half)
		if c > 0 || c == 0 && truth(wholeNumbers("%", low, 2)) {
			low = wholeNumbers("+", low, 1)
		}
		return wholeNumbers("*", low, unit)
	}
	f := toFloat(in)
	switch {
	case math.IsInf(f, 0) || f != f || precision > 330:
		return f
	case precision < 0:
		scale := math.Pow(10, float64(-precision))
		return math.RoundToEven(f/scale) * scale
	}
	rounded, _ := strconv.ParseFloat(strconv.FormatFloat(f, 'f', precision, 64), 64)
	return rounded
}

// filterString keeps Markup what it is.
func filterString(st *state, in Value, a Args) Value {
	a.bind("string")
	if m, ok := in.(Markup); ok {
		return m
	}
	return st.str(in)
}

func filterSafe(st *state, in Value, a Args) Value {
	a.bind("safe")
	return Markup(st.str(in))
}

func filterList(st *state, in Value, a Args) Value {
	a.bind("list")
	return &List{st.items(in)}
}

func filterLength(_ *state, in Value, a Args) Value {
	a.bind("length")
	n, ok := length(in)
	if !ok {
		raise("TypeError", "object of type '%s' has no len()", typeName(in))
	}
	return n
}

// filterAttr looks for an attribute only, never for an item.
func filterAttr(st *state, in Value, a Args) Value {
	name := st.str(a.bind("attr", "name").values[0])
	failUndefined(in)
	if v, ok := st.own(in, name); ok {
		return v
	}
	return &Undefined{of: in, name: name}
}

func filterFileSize(_ *state, in Value, a Args) Value {
	binary := truth(a.bind("filesizeformat", "binary?").or(0, false))
	failUndefined(in)
	size, ok := filterFloat(nil, in, Args{Pos: []Value{nil}}).(float64)
	if s, isText := text(in); !ok && isText {
		raise("ValueError", "could not convert string to float: %s", Repr(s))
	} else if !ok {
		raise("TypeError", "float() argument must be a string or a real number, not '%s'", typeName(in))
	}
	base, suffix := 1000.0, "B"
	if binary {
		base, suffix = 1024, "iB"
	}
	switch {
	case size == 1:
		return "1 Byte"
	case size < base:
		return fmt.Sprintf("%.0f Bytes", math.Trunc(size))
	}
	unit := base
	units := "kMGTPEZY"
	if binary {
		units = "KMGTPEZY"
	}
	for i, prefix := range units {
		unit *= base
		if size < unit || i == len(units)-1 {
			return fmt.Sprintf("%.1f %c%s", base*size/unit, prefix, suffix)
		}
	}
	return nil
}
