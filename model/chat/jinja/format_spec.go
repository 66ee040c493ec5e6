package jinja

import (
	"strconv"
	"strings"
)

// parseSpec reads [[fill]align][sign][#][0][width][,][.precision][type].
func parseSpec(s string) spec {
	sp := spec{fill: " ", precision: -1}
	isAlign := func(i int) bool { return i < len(s) && strings.IndexByte("<>^=", s[i]) >= 0 }
	n := runeWidth(s)
	filled := isAlign(n)
	if filled {
		sp.fill, sp.align, s = s[:n], s[n], s[n+1:]
	} else if isAlign(0) {
		sp.align, s = s[0], s[1:]
	}
	take := func(set string) byte {
		if s != "" && strings.IndexByte(set, s[0]) >= 0 {
			c := s[0]
			s = s[1:]
			return c
		}
		return 0
	}
	if sp.sign = take("+- "); sp.sign == '-' {
		sp.sign = 0
	}
	sp.alternate = take("#") != 0
	if take("0") != 0 && !filled {
		if sp.fill = "0"; sp.align == 0 {
			sp.align, sp.zero = '=', true
		}
	}
	number := func() int {
		i := 0
		for i < len(s) && s[i] >= '0' && s[i] <= '9' {
			i++
		}
		n := atoi(s[:i])
		s = s[i:]
		return n
	}
	sp.width = number()
	if c := take(",_"); c != 0 {
		sp.comma = string(c)
	}
	if take(".") != 0 {
		sp.precision = number()
	}
	sp.verb = take("bcdeEfFgGnosxX%")
	if s != "" {
		raise("ValueError", "Invalid format specifier")
	}
	return sp
}

// format is str.format: "{}", "{0}", "{name.attribute[key]!r:spec}", "{{" and "}}".
func (st *state) format(s string, a Args) string {
	next := 0
	return st.formatNested(s, a, &next, 0)
}

func (st *state) formatNested(s string, a Args, next *int, depth int) string {
	if depth > 2 {
		raise("ValueError", "Max string recursion exceeded")
	}
	var b strings.Builder
	for s != "" {
		i := strings.IndexAny(s, "{}")
		if i < 0 {
			b.WriteString(s)
			break
		}
		b.WriteString(s[:i])
		if strings.HasPrefix(s[i+1:], s[i:i+1]) {
			b.WriteByte(s[i])
			s = s[i+2:]
			continue
		}
		if s[i] == '}' {
			raise("ValueError", "Single '}' encountered in format string")
		}
		end, level := i+1, 1
		for ; end < len(s); end++ {
			if s[end] == '{' {
				level++
			} else if s[end] == '}' {
				if level--; level == 0 {
					break
				}
			}
		}
		if level > 0 {
			raise("ValueError", "expected '}' before end of string")
		}
		piece := st.formatField(s[i+1:end], a, next, depth)
		st.grow(len(piece))
		b.WriteString(piece)
		s = s[end+1:]
	}
	return b.String()
}

// formatField formats what stands between { and }.
func (st *state) formatField(field string, a Args, next *int, depth int) string {
	field, text, hasSpec := strings.Cut(field, ":")
	field, conversion, _ := strings.Cut(field, "!")
	v := st.fieldValue(field, a, next)
	switch conversion {
	case "":
	case "s":
		v = st.str(v)
	case "r", "a":
		v = st.repr(v)
	default:
		raise("ValueError", "Unknown conversion specifier '%s'", conversion)
	}
	if hasSpec {
		text = st.formatNested(text, a, next, depth+1)
	}
	return st.formatted(v, text)
}

// fieldValue finds the argument and follows .attribute and [key].
func (st *state) fieldValue(field string, a Args, next *int) Value {
	end := strings.IndexAny(field, ".[")
	if end < 0 {
		end = len(field)
	}
	name, path := field[:end], field[end:]
	var v Value = absent{}
	i, err := strconv.Atoi(name)
	switch {
	case name == "":
		i = *next
		*next++
		fallthrough
	case err == nil:
		if i < 0 || i >= len(a.Pos) {
			raise("IndexError", "tuple index out of range")
		}
		v = a.Pos[i]
	default:
		for _, kw := range a.Kw {
			if kw.Name == name {
				v = kw.Value
			}
		}
		if v == (absent{}) {
			raise("KeyError", "%s", Repr(name))
		}
	}
	for path != "" {
		if path[0] == '.' {
			end := strings.IndexAny(path[1:], ".[")
			if end < 0 {
				end = len(path) - 1
			}
			v = st.attribute(v, path[1:1+end])
			path = path[1+end:]
			continue
		}
		end := strings.IndexByte(path, ']')
		if path[0] != '[' || end < 0 {
			raise("ValueError", "Missing ']' in format string")
		}
		var key Value = path[1:end]
		if n, err := strconv.Atoi(path[1:end]); err == nil {
			key = n
		}
		v = st.item(v, key)
		path = path[end+1:]
	}
	return v
}
