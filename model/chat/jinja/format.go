package jinja

import (
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
	"unicode/utf8"
)

// spec is how one value is to be written, by % or by format().
type spec struct {
	fill      string
	align     byte // '<' '>' '^' '=' or 0
	zero      bool // align comes from a "0" before the width
	sign      byte // '+' ' ' or 0
	alternate bool
	width     int
	comma     string // between thousands: "," "_" or ""
	precision int    // -1 where none is given
	verb      byte   // 0 where none is given
}

// maxWidth bounds width and precision.
const maxWidth = 1 << 20

// percent is Python's s % v.
func (st *state) percent(s string, v Value) string {
	args, isTuple := v.(Tuple)
	if !isTuple {
		args = Tuple{v}
	}
	mapping, _ := v.(*Dict)
	named := false
	next := func() Value {
		if len(args) == 0 {
			raise("TypeError", "not enough arguments for format string")
		}
		x := args[0]
		args = args[1:]
		return x
	}
	var b strings.Builder
	whole := s
	for {
		before, rest, found := strings.Cut(s, "%")
		b.WriteString(before)
		if !found {
			break
		}
		sp := spec{fill: " ", precision: -1}
		var key Value
		if strings.HasPrefix(rest, "(") {
			end := strings.Index(rest, ")")
			if end < 0 {
				raise("ValueError", "incomplete format key")
			}
			if mapping == nil {
				raise("TypeError", "format requires a mapping")
			}
			x, ok := mapping.Get(rest[1:end])
			if !ok {
				raise("KeyError", "%s", Repr(rest[1:end]))
			}
			key, named, rest = x, true, rest[end+1:]
			args = Tuple{key}
		}
		i := 0
		for ; i < len(rest) && strings.IndexByte("-+ #0", rest[i]) >= 0; i++ {
			switch rest[i] {
			case '-':
				sp.fill, sp.align = " ", '<'
			case '+', ' ':
				if sp.sign != '+' {
					sp.sign = rest[i]
				}
			case '#':
				sp.alternate = true
			case '0':
				if sp.align == 0 {
					sp.fill, sp.align = "0", '='
				}
			}
		}
		number := func() int {
			if i < len(rest) && rest[i] == '*' {
				i++
				n, ok := toInt(next())
				if !ok || n > maxWidth || n < -maxWidth {
					raise("TypeError", "* wants int")
				}
				return n
			}
			start := i
			for i < len(rest) && rest[i] >= '0' && rest[i] <= '9' {
				i++
			}
			return atoi(rest[start:i])
		}
		if sp.width = number(); sp.width < 0 {
			sp.align, sp.width = '<', -sp.width
		}
		if i < len(rest) && rest[i] == '.' {
			i++
			sp.precision = max(number(), 0)
		}
		if i >= len(rest) {
			raise("ValueError", "incomplete format")
		}
		sp.verb = rest[i]
		s = rest[i+1:]
		if sp.verb == '%' {
			b.WriteByte('%')
			continue
		}
		if strings.IndexByte("sracdiuxXoeEfFgG", sp.verb) < 0 {
			r, _ := utf8.DecodeRuneInString(rest[i:])
			raise("ValueError", "unsupported format character '%c' (0x%x) at index %d", r, r, runeLen(whole)-runeLen(rest[i:]))
		}
		piece := st.percentVerb(sp, next)
		st.grow(len(piece))
		b.WriteString(piece)
	}
	if len(args) > 0 && !named && (isTuple || mapping == nil) && !takenForMapping(v) {
		raise("TypeError", "not all arguments converted during string formatting")
	}
	st.grow(b.Len())
	return b.String()
}

// takenForMapping: an unused list is no error, as CPython takes what has keys or indices for a mapping.
func takenForMapping(v Value) bool {
	switch v.(type) {
	case *List, *Range, *Undefined:
		return true
	}
	return false
}

func atoi(s string) int {
	if s == "" {
		return 0
	}
	n, err := strconv.Atoi(s)
	if err != nil || n > maxWidth {
		raise("LimitError", "a width or precision of %s, at most %d", s, maxWidth)
	}
	return n
}

func (st *state) percentVerb(sp spec, next func() Value) string {
	switch sp.verb {
	case 's', 'r', 'a':
		s := ""
		if v := next(); sp.verb == 's' {
			s = st.str(v)
		} else {
			s = st.repr(v)
		}
		if sp.align != '<' {
			sp.fill, sp.align = " ", '>'
		}
		return sp.pad("", sp.short(s))
	case 'c':
		v := next()
		if s, ok := text(v); ok && runeLen(s) == 1 {
			return sp.pad("", s)
		}
		n, ok := toInt(v)
		if !ok {
			raise("TypeError", "%%c requires int or char")
		}
		return sp.pad("", string(rune(n)))
	case 'd', 'i', 'u', 'x', 'X', 'o':
		v := next()
		failUndefined(v)
		if f, ok := v.(float64); ok && strings.IndexByte("diu", sp.verb) >= 0 && !math.IsInf(f, 0) && f == f {
			b, _ := new(big.Float).SetFloat64(f).Int(nil)
			v = normInt(b)
		}
		if !isWhole(v) {
			want := "a real number is required"
			if strings.IndexByte("xXo", sp.verb) >= 0 {
				want = "an integer is required"
			}
			raise("TypeError", "%%%c format: %s, not %s", sp.verb, want, typeName(v))
		}
		if sp.verb == 'i' || sp.verb == 'u' {
			sp.verb = 'd'
		}
		return sp.whole(toBig(v))
	}
	v := next() // e E f F g G
	failUndefined(v)
	if !isNumber(v) {
		raise("TypeError", "must be real number, not %s", typeName(v))
	}
	return sp.float(toFloat(v))
}

// short cuts text to the precision.
func (sp spec) short(s string) string {
	if sp.precision >= 0 && runeLen(s) > sp.precision {
		return s[:byteAt(s, sp.precision)]
	}
	return s
}

// pad fills sign+body up to the width; '=' puts the filling between them.
func (sp spec) pad(sign, body string) string {
	n := sp.width - runeLen(sign) - runeLen(body)
	if n <= 0 {
		return sign + body
	}
	switch sp.align {
	case '<':
		return sign + body + strings.Repeat(sp.fill, n)
	case '^':
		return strings.Repeat(sp.fill, n/2) + sign + body + strings.Repeat(sp.fill, n-n/2)
	case '=':
		return sign + strings.Repeat(sp.fill, n) + body
	}
	return strings.Repeat(sp.fill, n) + sign + body
}

func (sp spec) signOf(negative bool) string {
	switch {
	case negative:
		return "-"
	case sp.sign != 0:
		return string(sp.sign)
	}
	return ""
}

func (sp spec) whole(v *big.Int) string {
	base := map[byte]int{'x': 16, 'X': 16, 'o': 8, 'b': 2}[sp.verb]
	sign := sp.signOf(v.Sign() < 0)
	body := new(big.Int).Abs(v).Text(max(base, 10-10*min(base, 1)))
	if sp.verb == 'X' {
		body = strings.ToUpper(body)
	}
	if sp.precision > len(body) {
		body = strings.Repeat("0", sp.precision-len(body)) + body
	}
	if sp.comma != "" {
		body = thousands(body, sp.comma, map[bool]int{true: 3, false: 4}[base == 0])
	}
	if sp.alternate && base > 0 {
		sign += "0" + string(sp.verb)
	}
	return sp.pad(sign, body)
}

// thousands puts sep between every n digits of the whole part.
func thousands(body, sep string, n int) string {
	end := strings.IndexByte(body, '.')
	if end < 0 {
		end = len(body)
	}
	for i := end - n; i > 0; i -= n {
		body = body[:i] + sep + body[i:]
	}
	return body
}

func (sp spec) float(f float64) string {
	sign := sp.signOf(math.Signbit(f) && f == f)
	precision := sp.precision
	if precision < 0 {
		precision = 6
	}
	body := ""
	switch a := math.Abs(f); {
	case math.IsInf(a, 0) || a != a:
		body = floatRepr(a)
	case sp.verb == 'e' || sp.verb == 'E':
		body = strconv.FormatFloat(a, 'e', precision, 64)
	case sp.verb == 'f' || sp.verb == 'F':
		body = strconv.FormatFloat(a, 'f', precision, 64)
	case sp.verb == '%':
		body = strconv.FormatFloat(a*100, 'f', precision, 64) + "%"
	case sp.verb == 0 && sp.precision < 0:
		body = floatRepr(a)
	default:
		body = general(a, max(precision, 1), sp.alternate, sp.verb == 0)
	}
	if sp.verb == 'E' || sp.verb == 'G' || sp.verb == 'F' {
		body = strings.ToUpper(body)
	}
	if sp.comma != "" {
		body = thousands(body, sp.comma, 3)
	}
	return sp.pad(sign, body)
}

// general is the g format: precision counts significant digits, trailing zeros go unless keep; point keeps ".0" as format() without a verb does.
func general(a float64, precision int, keep, point bool) string {
	e := strconv.FormatFloat(a, 'e', precision-1, 64)
	digits, exponent, _ := strings.Cut(e, "e")
	x, _ := strconv.Atoi(exponent)
	limit := precision
	if point {
		limit--
	}
	scientific := x < -4 || x >= max(limit, 1)
	if !scientific {
		digits = strconv.FormatFloat(a, 'f', max(precision-1-x, 0), 64)
	}
	if !keep && strings.Contains(digits, ".") {
		digits = strings.TrimSuffix(strings.TrimRight(digits, "0"), ".")
	}
	if scientific {
		return digits + "e" + exponent
	}
	if point && !strings.Contains(digits, ".") {
		digits += ".0"
	}
	return digits
}

// filterFormat is the format filter: value % arguments.
func filterFormat(st *state, in Value, a Args) Value {
	if len(a.Kw) > 0 {
		if len(a.Pos) > 0 {
			raise("FilterArgumentError", "can't handle positional and keyword arguments at the same time")
		}
		d := &Dict{}
		for _, kw := range a.Kw {
			d.Set(kw.Name, kw.Value)
		}
		return st.percent(st.str(in), d)
	}
	return st.percent(st.str(in), Tuple(a.Pos))
}

// formatted applies a format() spec to a value.
func (st *state) formatted(v Value, text string) string {
	if text == "" {
		return st.str(v)
	}
	sp := parseSpec(text)
	switch {
	case isWhole(v) && strings.IndexByte("eEfFgG%", sp.verb) < 0:
		if sp.verb == 'c' {
			return sp.pad("", string(rune(toBig(v).Int64())))
		}
		if sp.verb == 's' {
			break
		}
		if sp.precision >= 0 {
			raise("ValueError", "Precision not allowed in integer format specifier")
		}
		return sp.whole(toBig(v))
	case isNumber(v) && strings.IndexByte("dbxXocs", max(sp.verb, 1)) < 0:
		return sp.float(toFloat(v))
	}
	if isText := typeName(v) == "str" || typeName(v) == "Markup"; !isText && !isNumber(v) {
		raise("TypeError", "unsupported format string passed to %s.__format__", typeName(v))
	} else if isNumber(v) || sp.verb != 0 && sp.verb != 's' {
		raise("ValueError", "Unknown format code '%c' for object of type '%s'", sp.verb, typeName(v))
	}
	switch {
	case sp.align == '=' && !sp.zero:
		raise("ValueError", "'=' alignment not allowed in string format specifier")
	case sp.sign != 0:
		raise("ValueError", "Sign not allowed in string format specifier")
	case sp.comma != "":
		raise("ValueError", "Cannot specify '%s' with 's'.", sp.comma)
	case sp.align == 0 || sp.zero:
		sp.align = '<'
	}
	return sp.pad("", sp.short(fmt.Sprint(v)))
}
