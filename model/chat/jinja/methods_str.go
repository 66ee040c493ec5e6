package jinja

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// stringMethods are those of Python's str that cut, search, replace and join; their arguments count characters, not bytes.
var stringMethods = map[string]method{
	"capitalize": mapText("capitalize", capitalize),
	"casefold":   mapText("casefold", func(s string) string { return strings.ToLower(strings.ReplaceAll(s, "ß", "ss")) }),
	"lower":      mapText("lower", toLower),
	"upper":      mapText("upper", toUpper),
	"title":      mapText("title", titleCase),
	"swapcase":   mapText("swapcase", func(s string) string { return strings.Map(swapCase, s) }),

	"strip":  strip("strip", strings.TrimFunc),
	"lstrip": strip("lstrip", strings.TrimLeftFunc),
	"rstrip": strip("rstrip", strings.TrimRightFunc),

	"removeprefix": func(_ *state, self Value, a Args) Value {
		return strings.TrimPrefix(textOf(self), a.bind("removeprefix", "prefix").str(0, ""))
	},
	"removesuffix": func(_ *state, self Value, a Args) Value {
		return strings.TrimSuffix(textOf(self), a.bind("removesuffix", "suffix").str(0, ""))
	},
	"startswith": affix("startswith", strings.HasPrefix),
	"endswith":   affix("endswith", strings.HasSuffix),

	"find":   find("find", strings.Index, false),
	"index":  find("index", strings.Index, true),
	"rfind":  find("rfind", strings.LastIndex, false),
	"rindex": find("rindex", strings.LastIndex, true),
	"count": func(_ *state, self Value, a Args) Value {
		p := a.bind("count", "sub", "start?", "end?")
		part, _, ok := cut(textOf(self), p)
		if !ok {
			return 0
		}
		return strings.Count(part, p.str(0, ""))
	},
	"replace": func(st *state, self Value, a Args) Value {
		p := a.bind("replace", "old", "new", "count?")
		return sameText(self, st.replace(textOf(self), p.str(0, ""), p.str(1, ""), p.int(2, -1)))
	},
	"join": func(st *state, self Value, a Args) Value {
		return sameText(self, st.join(textOf(self), a.bind("join", "iterable").values[0], false))
	},
	"split":      splitMethod("split", false),
	"rsplit":     splitMethod("rsplit", true),
	"splitlines": splitLines,
	"partition": func(_ *state, self Value, a Args) Value {
		before, after, ok := strings.Cut(textOf(self), separator(a.bind("partition", "sep")))
		if !ok {
			return Tuple{before, "", ""}
		}
		return Tuple{before, a.Pos[0], after}
	},
	"rpartition": func(_ *state, self Value, a Args) Value {
		s, sep := textOf(self), separator(a.bind("rpartition", "sep"))
		i := strings.LastIndex(s, sep)
		if i < 0 {
			return Tuple{"", "", s}
		}
		return Tuple{s[:i], sep, s[i+len(sep):]}
	},

	"center": pad("center", func(n int) (int, int) { return n / 2, n - n/2 }),
	"ljust":  pad("ljust", func(n int) (int, int) { return 0, n }),
	"rjust":  pad("rjust", func(n int) (int, int) { return n, 0 }),
	"zfill": func(st *state, self Value, a Args) Value {
		s := textOf(self)
		n := a.bind("zfill", "width").int(0, 0) - runeLen(s)
		if n <= 0 {
			return s
		}
		st.grow(n)
		sign := ""
		if strings.HasPrefix(s, "+") || strings.HasPrefix(s, "-") {
			sign, s = s[:1], s[1:]
		}
		return sign + strings.Repeat("0", n) + s
	},
	"expandtabs": expandTabs,
	"format":     func(st *state, self Value, a Args) Value { return st.format(textOf(self), a) },
	"format_map": func(st *state, self Value, a Args) Value {
		d, ok := a.bind("format_map", "mapping").values[0].(*Dict)
		if !ok {
			raise("TypeError", "format_map() takes a dict")
		}
		return st.format(textOf(self), Args{Kw: keywordsOf(d)})
	},

	"isalnum":   allRunes(func(r rune) bool { return unicode.IsLetter(r) || unicode.IsNumber(r) }),
	"isalpha":   allRunes(unicode.IsLetter),
	"isdecimal": allRunes(unicode.IsDigit),
	"isdigit":   allRunes(isDigit),
	"isnumeric": allRunes(unicode.IsNumber),
	"isspace":   allRunes(isSpace),
	"isascii": func(_ *state, self Value, _ Args) Value {
		return strings.IndexFunc(textOf(self), func(r rune) bool { return r > 0x7f }) < 0
	},
	"isprintable": func(_ *state, self Value, _ Args) Value {
		return strings.IndexFunc(textOf(self), func(r rune) bool { return !isPrintable(r) }) < 0
	},
	"isidentifier": func(_ *state, self Value, _ Args) Value {
		s := textOf(self)
		first, _ := utf8.DecodeRuneInString(s)
		return s != "" && !unicode.IsDigit(first) && strings.IndexFunc(s, func(r rune) bool { return !isWord(r) }) < 0
	},
	"islower": func(_ *state, self Value, _ Args) Value { return hasCase(textOf(self), unicode.IsLower) },
	"isupper": func(_ *state, self Value, _ Args) Value { return hasCase(textOf(self), unicode.IsUpper) },
	"istitle": func(_ *state, self Value, _ Args) Value {
		s := textOf(self)
		return strings.IndexFunc(s, unicode.IsLetter) >= 0 && s == titleCase(s)
	},
}

func textOf(v Value) string { s, _ := text(v); return s }

func mapText(name string, f func(string) string) method {
	return func(st *state, self Value, a Args) Value {
		a.bind(name)
		s := textOf(self)
		st.grow(len(s))
		return sameText(self, f(s))
	}
}

func strip(name string, trim func(string, func(rune) bool) string) method {
	return func(_ *state, self Value, a Args) Value {
		p := a.bind(name, "chars?")
		unwanted := isSpace
		if p.or(0, nil) != nil {
			chars := p.str(0, "")
			unwanted = func(r rune) bool { return strings.ContainsRune(chars, r) }
		}
		return sameText(self, trim(textOf(self), unwanted))
	}
}

func affix(name string, has func(s, affix string) bool) method {
	return func(_ *state, self Value, a Args) Value {
		p := a.bind(name, "affix", "start?", "end?")
		part, _, ok := cut(textOf(self), p)
		if options, isTuple := p.values[0].(Tuple); isTuple {
			for _, o := range options {
				s, isText := text(o)
				if !isText {
					raise("TypeError", "tuple for %s must only contain str, not %s", name, typeName(o))
				}
				if ok && has(part, s) {
					return true
				}
			}
			return false
		}
		s, isText := text(p.values[0])
		if !isText {
			raise("TypeError", "%s first arg must be str or a tuple of str, not %s", name, typeName(p.values[0]))
		}
		return ok && has(part, s)
	}
}

// cut takes the part of s between the optional arguments 1 and 2; at is the characters before it, ok is false where start is behind the end.
func cut(s string, p params) (part string, at int, ok bool) {
	n := runeLen(s)
	start, stop := window(p, 1, n)
	if start > n || start > stop {
		return "", 0, false
	}
	return s[byteAt(s, start):byteAt(s, stop)], start, true
}

// byteAt is where character i begins.
func byteAt(s string, i int) int {
	at := 0
	for ; i > 0; i-- {
		at += runeWidth(s[at:])
	}
	return at
}

func find(name string, index func(s, sub string) int, must bool) method {
	return func(_ *state, self Value, a Args) Value {
		p := a.bind(name, "sub", "start?", "end?")
		part, at, ok := cut(textOf(self), p)
		i := index(part, p.str(0, ""))
		if ok && i >= 0 {
			return at + runeLen(part[:i])
		}
		if must {
			raise("ValueError", "substring not found")
		}
		return -1
	}
}

func separator(p params) string {
	sep := p.str(0, "")
	if sep == "" {
		raise("ValueError", "empty separator")
	}
	return sep
}

func splitMethod(name string, fromRight bool) method {
	return func(st *state, self Value, a Args) Value {
		p := a.bind(name, "sep?", "maxsplit?")
		n := p.int(1, -1)
		var parts []string
		switch s := textOf(self); {
		case p.or(0, nil) == nil:
			parts = splitSpace(s, n, fromRight)
		default:
			parts = splitOn(s, separator(p), n, fromRight)
		}
		return st.texts(self, parts)
	}
}

// texts makes a list of str, or of Markup as like is.
func (st *state) texts(like Value, parts []string) *List {
	st.grow(32 * len(parts))
	items := make([]Value, len(parts))
	for i, s := range parts {
		items[i] = sameText(like, s)
	}
	return &List{items}
}

// splitOn cuts s at most n times (all, if negative) at sep, from the left or the right.
func splitOn(s, sep string, n int, fromRight bool) []string {
	total := strings.Count(s, sep)
	if n < 0 || n >= total {
		return strings.Split(s, sep)
	}
	if !fromRight {
		return strings.SplitN(s, sep, n+1)
	}
	parts := make([]string, n+1)
	for i := n; i > 0; i-- {
		at := strings.LastIndex(s, sep)
		parts[i] = s[at+len(sep):]
		s = s[:at]
	}
	parts[0] = s
	return parts
}

// splitSpace cuts s at runs of white space, at most n times; none at the ends counts, but the uncut rest keeps its own.
func splitSpace(s string, n int, fromRight bool) []string {
	parts := []string{}
	trim, index := strings.TrimLeftFunc, strings.IndexFunc
	if fromRight {
		trim, index = strings.TrimRightFunc, strings.LastIndexFunc
	}
	for s = trim(s, isSpace); s != ""; s = trim(s, isSpace) {
		i := index(s, isSpace)
		if n == len(parts) || i < 0 {
			parts = append(parts, s)
			break
		}
		if fromRight {
			parts = append(parts, s[i+runeWidth(s[i:]):])
			s = s[:i]
		} else {
			parts = append(parts, s[:i])
			s = s[i:]
		}
	}
	if fromRight {
		slices.Reverse(parts)
	}
	return parts
}

func splitLines(st *state, self Value, a Args) Value {
	keep := truth(a.bind("splitlines", "keepends?").or(0, false))
	var parts []string
	for s := textOf(self); s != ""; {
		i := strings.IndexAny(s, "\n\r\v\f\x1c\x1d\x1e\u0085\u2028\u2029")
		if i < 0 {
			parts = append(parts, s)
			break
		}
		end := i + runeWidth(s[i:])
		if strings.HasPrefix(s[i:], "\r\n") {
			end = i + 2
		}
		if keep {
			i = end
		}
		parts = append(parts, s[:i])
		s = s[end:]
	}
	return st.texts(self, parts)
}

func pad(name string, share func(n int) (left, right int)) method {
	return func(st *state, self Value, a Args) Value {
		p := a.bind(name, "width", "fillchar?")
		s, fill := textOf(self), p.str(1, " ")
		if runeLen(fill) != 1 {
			raise("TypeError", "The fill character must be exactly one character long")
		}
		width := p.int(0, 0)
		n := width - runeLen(s)
		if n <= 0 {
			return sameText(self, s)
		}
		st.grow(n * len(fill))
		left, right := share(n)
		if name == "center" && n%2 == 1 && width%2 == 1 { // as CPython rounds
			left, right = right, left
		}
		return sameText(self, strings.Repeat(fill, left)+s+strings.Repeat(fill, right))
	}
}

func expandTabs(st *state, self Value, a Args) Value {
	size := a.bind("expandtabs", "tabsize?").int(0, 8)
	var b strings.Builder
	column := 0
	for _, r := range textOf(self) {
		switch {
		case r == '\t':
			if size > 0 {
				n := size - column%size
				st.grow(n)
				b.WriteString(strings.Repeat(" ", n))
				column += n
			}
			continue
		case r == '\n' || r == '\r':
			column = -1
		}
		b.WriteRune(r)
		column++
	}
	return b.String()
}
