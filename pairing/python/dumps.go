package python

import (
	"fmt"
	"strings"
)

// Dumps is json.dumps(v, ensure_ascii=False): ", " and ": " between things; only quote, backslash and characters below
// U+0020 are escaped, so <, >, &, U+007F and U+2028 stay as they are.
func Dumps(v any) string { return string(AppendJSON(nil, v)) }

// AppendJSON appends Dumps(v) to b.
func AppendJSON(b []byte, v any) []byte {
	switch v := v.(type) {
	case nil:
		return append(b, "null"...)
	case bool:
		if v {
			return append(b, "true"...)
		}
		return append(b, "false"...)
	case Int:
		return append(b, v...)
	case float64:
		return append(b, jsonFloat(v)...)
	case string:
		return AppendText(b, v)
	case []any:
		b = append(b, '[')
		for i, e := range v {
			if i > 0 {
				b = append(b, ", "...)
			}
			b = AppendJSON(b, e)
		}
		return append(b, ']')
	case *Object:
		b = append(b, '{')
		for i, k := range v.Keys {
			if i > 0 {
				b = append(b, ", "...)
			}
			b = append(AppendText(b, k), ": "...)
			b = AppendJSON(b, v.Get(k))
		}
		return append(b, '}')
	}
	panic(fmt.Sprintf("python: %T is not a JSON value", v))
}

// AppendText appends s as a JSON string.
func AppendText(b []byte, s string) []byte {
	const hex = "0123456789abcdef"
	b = append(b, '"')
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case c >= 0x20:
			b = append(b, c)
		case strings.IndexByte("\b\f\n\r\t", c) >= 0:
			b = append(b, '\\', "btn?fr"[c-'\b'])
		default:
			b = append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		}
	}
	return append(b, '"')
}

// HasSurrogate says whether a text holds an unpaired surrogate, which Python refuses to write as UTF-8.
func HasSurrogate(b []byte) bool {
	s := string(b)
	for i := strings.IndexByte(s, 0xed); i >= 0 && i < len(s); {
		if _, bad := surrogate(s[i:]); bad {
			return true
		}
		next := strings.IndexByte(s[i+1:], 0xed)
		if next < 0 {
			return false
		}
		i += 1 + next
	}
	return false
}
