package python

import (
	"fmt"
	"strings"
	"unicode/utf16"
)

// Indent is json.dumps(v, indent=spaces, ensure_ascii=ascii): a line for every element, empty lists and objects closed
// on the spot. ascii escapes all above U+007E as \uxxxx, what does not fit one of them as a surrogate pair.
func Indent(v any, spaces int, ascii bool) string {
	var b strings.Builder
	indent(&b, v, "\n", strings.Repeat(" ", spaces), ascii)
	return b.String()
}

func indent(b *strings.Builder, v any, line, step string, ascii bool) {
	inner := line + step
	switch v := v.(type) {
	case []any:
		if len(v) == 0 {
			b.WriteString("[]")
			return
		}
		for i, e := range v {
			b.WriteString(opening("[", i) + inner)
			indent(b, e, inner, step, ascii)
		}
		b.WriteString(line + "]")
	case *Object:
		if len(v.Keys) == 0 {
			b.WriteString("{}")
			return
		}
		for i, k := range v.Keys {
			b.WriteString(opening("{", i) + inner + leaf(k, ascii) + ": ")
			indent(b, v.Get(k), inner, step, ascii)
		}
		b.WriteString(line + "}")
	default:
		b.WriteString(leaf(v, ascii))
	}
}

// opening stands before element i.
func opening(bracket string, i int) string {
	if i == 0 {
		return bracket
	}
	return ","
}

func leaf(v any, ascii bool) string {
	text := Dumps(v)
	if !ascii {
		return text
	}
	var b strings.Builder
	for len(text) > 0 {
		r, n := decode(text)
		high, low := utf16.EncodeRune(r)
		switch {
		case r < 0x7f:
			b.WriteByte(byte(r))
		case r < 0x10000:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			fmt.Fprintf(&b, `\u%04x\u%04x`, high, low)
		}
		text = text[n:]
	}
	return b.String()
}
