package jinja

import (
	"math/big"
	"strconv"
	"strings"
	"unicode/utf8"
)

// scanNumber returns the kind and length of the number that rest begins with. Underscores may separate digits.
// Right behind a dot (x.0.1) only whole numbers are read.
func scanNumber(rest string, afterDot bool) (kind, int) {
	digits := func(i int, set string) int {
		for i < len(rest) && (strings.IndexByte(set, rest[i]) >= 0 || rest[i] == '_' && i+1 < len(rest) && strings.IndexByte(set, rest[i+1]) >= 0) {
			i++
		}
		return i
	}
	const decimal = "0123456789"
	if len(rest) > 2 && rest[0] == '0' {
		set := map[byte]string{'x': decimal + "abcdefABCDEF", 'o': "01234567", 'b': "01"}[rest[1]|0x20]
		if n := digits(2, set); set != "" && n > 2 {
			return tokInt, n
		}
	}
	n := digits(0, decimal)
	if afterDot {
		return tokInt, n
	}
	k := tokInt
	if n+1 < len(rest) && rest[n] == '.' && rest[n+1] >= '0' && rest[n+1] <= '9' {
		k, n = tokFloat, digits(n+1, decimal)
	}
	if n < len(rest) && rest[n]|0x20 == 'e' {
		m := n + 1
		if m < len(rest) && (rest[m] == '+' || rest[m] == '-') {
			m++
		}
		if end := digits(m, decimal); end > m && rest[m] != '_' {
			k, n = tokFloat, end
		}
	}
	return k, n
}

// parseInt reads a whole number of Python syntax ("12", "0x1f" with base 0); ok is false where Python's int() raises ValueError.
func parseInt(s string, base int) (Value, bool) {
	s = strings.TrimFunc(s, isSpace)
	if strings.HasPrefix(s, "_") || strings.HasSuffix(s, "_") || strings.Contains(s, "__") || len(s) > 4300 {
		return nil, false
	}
	digits := strings.TrimLeft(s, "+-")
	if len(s)-len(digits) > 1 {
		return nil, false
	}
	if base > 0 { // Go accepts a prefix or underscores with base 0 only
		lower := strings.ToLower(digits)
		for b, prefix := range map[int]string{16: "0x", 8: "0o", 2: "0b"} {
			if b == base {
				digits = digits[len(lower)-len(strings.TrimPrefix(lower, prefix)):]
			}
		}
		digits = strings.ReplaceAll(digits, "_", "")
	}
	if strings.ContainsAny(digits, "+-") {
		return nil, false
	}
	n, ok := new(big.Int).SetString(digits, base)
	if !ok {
		return nil, false
	}
	if strings.HasPrefix(s, "-") {
		n.Neg(n)
	}
	return normInt(n), true
}

// parseFloat reads what Python's float() reads; values beyond the range are infinite.
func parseFloat(s string) (float64, bool) {
	s = strings.TrimFunc(s, isSpace)
	if strings.ContainsAny(s, "xXpP") || strings.HasPrefix(s, "_") || strings.HasSuffix(s, "_") || strings.Contains(s, "__") {
		return 0, false
	}
	f, err := strconv.ParseFloat(strings.ReplaceAll(s, "_", ""), 64)
	if err != nil && err.(*strconv.NumError).Err != strconv.ErrRange {
		return 0, false
	}
	return f, true
}

var simpleEscapes = map[byte]string{'n': "\n", 't': "\t", 'r': "\r", '\\': `\`, '\'': "'", '"': `"`, 'a': "\a", 'b': "\b", 'f': "\f", 'v': "\v", '\n': ""}

// unescape resolves the escapes of a string literal as Python does; an unknown escape stays as it is written.
func unescape(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			b.WriteByte(s[i])
			continue
		}
		i++
		if text, ok := simpleEscapes[s[i]]; ok {
			b.WriteString(text)
			continue
		}
		if width := map[byte]int{'x': 2, 'u': 4, 'U': 8}[s[i]]; width > 0 {
			if i+width >= len(s) {
				raise("TemplateSyntaxError", "truncated \\%cXX escape", s[i])
			}
			n, err := strconv.ParseUint(s[i+1:i+1+width], 16, 32)
			if err != nil || n > utf8.MaxRune {
				raise("TemplateSyntaxError", "illegal Unicode character in \\%c escape", s[i])
			}
			b.WriteRune(rune(n))
			i += width
			continue
		}
		if s[i] >= '0' && s[i] <= '7' {
			end := i
			for end < len(s) && end < i+3 && s[end] >= '0' && s[end] <= '7' {
				end++
			}
			n, _ := strconv.ParseUint(s[i:end], 8, 32)
			b.WriteRune(rune(n))
			i = end - 1
			continue
		}
		b.WriteByte('\\')
		b.WriteByte(s[i])
	}
	return b.String()
}
