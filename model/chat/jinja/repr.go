package jinja

import (
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Str is Python's str(v).
func Str(v Value) string { return unlimited().str(v) }

// Repr is Python's repr(v).
func Repr(v Value) string { return unlimited().repr(v) }

// unlimited is a state for values that come from the program, not from a template.
func unlimited() *state {
	return &state{template: &Template{}, left: Limits{Steps: math.MaxInt, Bytes: math.MaxInt, Depth: 10_000}}
}

func (st *state) str(v Value) string {
	switch v := v.(type) {
	case string:
		return v
	case Markup:
		return string(v)
	case *Undefined:
		return ""
	}
	return st.repr(v)
}

func (st *state) repr(v Value) string {
	var b strings.Builder
	st.writeRepr(&b, v)
	return b.String()
}

func (st *state) writeRepr(b *strings.Builder, v Value) {
	st.step()
	st.enter()
	defer st.leave()
	start := b.Len()
	switch v := v.(type) {
	case nil:
		b.WriteString("None")
	case bool:
		b.WriteString(map[bool]string{true: "True", false: "False"}[v])
	case int:
		b.WriteString(strconv.Itoa(v))
	case *big.Int:
		b.WriteString(v.String())
	case float64:
		b.WriteString(floatRepr(v))
	case string:
		b.WriteString(quote(v))
	case Markup:
		b.WriteString("Markup(" + quote(string(v)) + ")")
	case *List:
		st.reprItems(b, "[", v.Items, "]")
		return
	case Tuple:
		if len(v) == 1 {
			st.reprItems(b, "(", v, ",)")
		} else {
			st.reprItems(b, "(", v, ")")
		}
		return
	case *group:
		st.writeRepr(b, v.tuple())
		return
	case *Dict:
		st.reprDict(b, v)
		return
	case *View:
		items := make([]Value, v.of.Len())
		for i := range items {
			items[i] = v.at(i)
		}
		st.reprItems(b, "dict_"+v.what+"([", items, "])")
		return
	case *Range:
		if v.step == 1 {
			fmt.Fprintf(b, "range(%d, %d)", v.start, v.stop)
		} else {
			fmt.Fprintf(b, "range(%d, %d, %d)", v.start, v.stop, v.step)
		}
	case *Undefined:
		b.WriteString("Undefined")
	case *Namespace:
		b.WriteString("<Namespace ")
		st.reprDict(b, v.vars)
		b.WriteString(">")
	case *slice:
		st.reprItems(b, "slice(", []Value{v.start, v.stop, v.step}, ")")
		return
	case *loop:
		fmt.Fprintf(b, "<LoopContext %d/%d>", v.at+1, len(v.items))
	case *macro:
		fmt.Fprintf(b, "<Macro %s>", quote(v.name))
	case *Func:
		fmt.Fprintf(b, "<function %s>", v.name)
	default:
		fmt.Fprintf(b, "<%s object>", typeName(v))
	}
	st.grow(b.Len() - start)
}

func (st *state) reprItems(b *strings.Builder, open string, items []Value, end string) {
	b.WriteString(open)
	for i, x := range items {
		if i > 0 {
			b.WriteString(", ")
		}
		st.writeRepr(b, x)
	}
	b.WriteString(end)
	st.grow(len(open) + len(end) + 2*len(items))
}

func (st *state) reprDict(b *strings.Builder, d *Dict) {
	b.WriteString("{")
	for i, e := range d.entries {
		if i > 0 {
			b.WriteString(", ")
		}
		st.writeRepr(b, e.key)
		b.WriteString(": ")
		st.writeRepr(b, e.value)
	}
	b.WriteString("}")
	st.grow(2 + 4*d.Len())
}

// quote is repr of a str: single quotes unless only those occur inside.
func quote(s string) string {
	q := byte('\'')
	if strings.Contains(s, "'") && !strings.Contains(s, `"`) {
		q = '"'
	}
	var b strings.Builder
	b.WriteByte(q)
	for _, r := range s {
		switch {
		case r == rune(q) || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case r == ' ' || isPrintable(r):
			b.WriteRune(r)
		case r < 0x100:
			fmt.Fprintf(&b, `\x%02x`, r)
		case r < 0x10000:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			fmt.Fprintf(&b, `\U%08x`, r)
		}
	}
	b.WriteByte(q)
	return b.String()
}

func isPrintable(r rune) bool {
	return r == ' ' || unicode.IsGraphic(r) && !unicode.IsSpace(r) && !unicode.Is(unicode.Zs, r)
}

// floatRepr is the shortest decimal that reads back as f, laid out as Python does: an exponent from 1e16 on and below 1e-4.
func floatRepr(f float64) string {
	switch {
	case math.IsInf(f, 1):
		return "inf"
	case math.IsInf(f, -1):
		return "-inf"
	case f != f:
		return "nan"
	}
	if a := math.Abs(f); a != 0 && (a >= 1e16 || a < 1e-4) {
		return strconv.FormatFloat(f, 'e', -1, 64)
	}
	s := strconv.FormatFloat(f, 'f', -1, 64)
	if !strings.Contains(s, ".") {
		s += ".0"
	}
	return s
}

func runeLen(s string) int { return utf8.RuneCountInString(s) }

func runeWidth(s string) int {
	_, n := utf8.DecodeRuneInString(s)
	return n
}
