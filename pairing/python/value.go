package python

import (
	"fmt"
	"math"
	"strings"
	"unicode"
)

// Int is an integer of any size in canonical decimal digits: JSON integers do not fit a machine word.
type Int string

// Object is a dict: keys in the order of their first appearance, values of their last.
type Object struct {
	Keys   []string
	values map[string]any
}

// Get is dict.get(key): nil if absent.
func (o *Object) Get(key string) any { return o.values[key] }

// Lookup tells an absent key from a null one.
func (o *Object) Lookup(key string) (any, bool) {
	v, ok := o.values[key]
	return v, ok
}

// Set is dict[key] = v.
func (o *Object) Set(key string, v any) { o.set(key, v) }

// Dict is the object of keys and values in turn: Dict("id", "a", "score", 1.5).
func Dict(keysAndValues ...any) *Object {
	o := &Object{}
	for i := 0; i < len(keysAndValues); i += 2 {
		o.set(keysAndValues[i].(string), keysAndValues[i+1])
	}
	return o
}

// Copy is copy.deepcopy(v): objects and lists are new all the way down.
func Copy(v any) any {
	switch v := v.(type) {
	case []any:
		list := make([]any, len(v))
		for i, e := range v {
			list[i] = Copy(e)
		}
		return list
	case *Object:
		o := &Object{}
		for _, k := range v.Keys {
			o.set(k, Copy(v.Get(k)))
		}
		return o
	}
	return v
}

func (o *Object) set(key string, v any) {
	if _, seen := o.values[key]; !seen {
		o.Keys = append(o.Keys, key)
	}
	if o.values == nil {
		o.values = map[string]any{}
	}
	o.values[key] = v
}

// Truthy is bool(v): nil, false, zero and everything empty are false.
func Truthy(v any) bool {
	switch v := v.(type) {
	case nil:
		return false
	case bool:
		return v
	case Int:
		return v != "0"
	case float64:
		return v != 0
	case string:
		return v != ""
	case []any:
		return len(v) > 0
	case *Object:
		return len(v.Keys) > 0
	}
	panic(fmt.Sprintf("python: %T is not a JSON value", v))
}

// Str is str(v): text as it is, everything else as Repr. So null becomes the text None.
func Str(v any) string {
	if s, ok := v.(string); ok {
		return s
	}
	return Repr(v)
}

// Repr is repr(v).
func Repr(v any) string {
	var b strings.Builder
	repr(&b, v)
	return b.String()
}

func repr(b *strings.Builder, v any) {
	switch v := v.(type) {
	case nil:
		b.WriteString("None")
	case bool:
		b.WriteString(map[bool]string{true: "True", false: "False"}[v])
	case Int:
		b.WriteString(string(v))
	case float64:
		b.WriteString(FloatRepr(v))
	case string:
		reprText(b, v)
	case []any:
		b.WriteByte('[')
		for i, e := range v {
			if i > 0 {
				b.WriteString(", ")
			}
			repr(b, e)
		}
		b.WriteByte(']')
	case *Object:
		b.WriteByte('{')
		for i, k := range v.Keys {
			if i > 0 {
				b.WriteString(", ")
			}
			reprText(b, k)
			b.WriteString(": ")
			repr(b, v.Get(k))
		}
		b.WriteByte('}')
	default:
		panic(fmt.Sprintf("python: %T is not a JSON value", v))
	}
}

// reprText quotes with ' unless that would need escapes and " would not; what cannot be printed is escaped.
func reprText(b *strings.Builder, s string) {
	quote := '\''
	if strings.Contains(s, "'") && !strings.Contains(s, `"`) {
		quote = '"'
	}
	b.WriteRune(quote)
	for len(s) > 0 {
		r, n := decode(s)
		switch {
		case r == quote, r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case unicode.IsPrint(r):
			b.WriteString(s[:n])
		case r < 0x100:
			fmt.Fprintf(b, `\x%02x`, r)
		case r < 0x10000:
			fmt.Fprintf(b, `\u%04x`, r)
		default:
			fmt.Fprintf(b, `\U%08x`, r)
		}
		s = s[n:]
	}
	b.WriteRune(quote)
}

func typeName(v any) string {
	switch v.(type) {
	case nil:
		return "null"
	case bool:
		return "a boolean"
	case Int, float64:
		return "a number"
	case string:
		return "text"
	case []any:
		return "a list"
	case *Object:
		return "an object"
	}
	return fmt.Sprintf("%T", v)
}

// jsonFloat prints the three tokens that the json module adds to JSON.
func jsonFloat(x float64) string {
	switch {
	case math.IsNaN(x):
		return "NaN"
	case math.IsInf(x, 1):
		return "Infinity"
	case math.IsInf(x, -1):
		return "-Infinity"
	}
	return FloatRepr(x)
}
