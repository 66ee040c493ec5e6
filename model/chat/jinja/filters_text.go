package jinja

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"unicode"
)

// textFilter takes str() of its input first, as every text filter does.
func textFilter(name string, f func(string) string) filter {
	return func(st *state, in Value, a Args) Value {
		a.bind(name)
		s := st.str(in)
		st.grow(len(s))
		return sameText(in, f(s))
	}
}

// titleWords is the title filter: unlike str.title, only blanks, hyphens and opening brackets end a word.
func titleWords(s string) string {
	start := true
	return strings.Map(func(r rune) rune {
		first := start
		start = isSpace(r) || strings.ContainsRune("-({[<", r)
		if first {
			return unicode.ToUpper(r)
		}
		return unicode.ToLower(r)
	}, s)
}

func filterTrim(st *state, in Value, a Args) Value {
	p := a.bind("trim", "chars?")
	if chars := p.or(0, nil); chars != nil {
		return sameText(in, strings.Trim(st.str(in), p.str(0, "")))
	}
	return sameText(in, strings.TrimFunc(st.str(in), isSpace))
}

func filterReplace(st *state, in Value, a Args) Value {
	p := a.bind("replace", "old", "new", "count?")
	n := -1
	if p.or(2, nil) != nil {
		n = p.int(2, -1)
	}
	return st.replace(st.str(in), st.str(p.values[0]), st.str(p.values[1]), n)
}

func filterIndent(st *state, in Value, a Args) Value {
	p := a.bind("indent", "width?", "first?", "blank?")
	prefix, ok := text(p.or(0, 4))
	if !ok {
		n := max(p.int(0, 4), 0)
		st.grow(n)
		prefix = strings.Repeat(" ", n)
	}
	s, ok := text(in)
	if !ok {
		failUndefined(in)
		raise("TypeError", "unsupported operand type(s) for +=: '%s' and 'str'", typeName(in))
	}
	st.grow(len(s) + len(prefix)*(1+strings.Count(s, "\n")))
	blank := truth(p.or(2, false))
	lines := strings.Split(s, "\n")
	for i, line := range lines {
		if i == 0 && !truth(p.or(1, false)) || i > 0 && line == "" && !blank {
			continue
		}
		lines[i] = prefix + line
	}
	return sameText(in, strings.Join(lines, "\n"))
}

func filterCenter(st *state, in Value, a Args) Value {
	p := a.bind("center", "width?")
	return stringMethods["center"](st, sameText(in, st.str(in)), Args{Pos: []Value{p.int(0, 80)}})
}

func filterTruncate(st *state, in Value, a Args) Value {
	p := a.bind("truncate", "length?", "killwords?", "end?", "leeway?")
	s, end, n := st.str(in), p.str(2, "..."), p.int(0, 255)
	leeway := 5
	if p.or(3, nil) != nil {
		leeway = p.int(3, 5)
	}
	if n < runeLen(end) {
		raise("AssertionError", "expected length >= %d, got %d", runeLen(end), n)
	}
	if size := filterLength(st, in, Args{}).(int); size <= n+leeway {
		return in
	}
	if _, ok := text(in); !ok {
		raise("TypeError", "truncate wants text, found %s", typeName(in))
	}
	s = s[:byteAt(s, n-runeLen(end))]
	if !truth(p.or(1, false)) {
		if i := strings.LastIndex(s, " "); i >= 0 {
			s = s[:i]
		}
	}
	return sameText(in, s+end)
}

var word = regexp.MustCompile(`[\pL\pN_]+`)

func filterWordCount(st *state, in Value, a Args) Value {
	a.bind("wordcount")
	return len(word.FindAllStringIndex(st.str(in), -1))
}

// filterWordWrap breaks lines longer than width at blanks and behind hyphens, and longer words inside.
func filterWordWrap(st *state, in Value, a Args) Value {
	p := a.bind("wordwrap", "width?", "break_long_words?", "wrapstring?", "break_on_hyphens?")
	width := p.int(0, 79)
	if width < 1 {
		raise("ValueError", "invalid width %d (must be > 0)", width)
	}
	wrap := "\n"
	if p.or(2, nil) != nil {
		wrap = p.str(2, "\n")
	}
	w := wrapper{width, truth(p.or(1, true)), truth(p.or(3, true))}
	if _, ok := text(in); !ok {
		failUndefined(in)
		raise("AttributeError", "'%s' object has no attribute 'splitlines'", typeName(in))
	}
	st.grow(32 * len(textOf(in)))
	var out []string
	for line := range st.iter(splitLines(st, st.str(in), Args{})) {
		lines := w.lines(textOf(line))
		out = append(out, strings.Join(lines, wrap))
	}
	return strings.Join(out, wrap)
}

type wrapper struct {
	width          int
	breakLong      bool
	breakOnHyphens bool
}

// chunks alternate between white space and pieces that may not be cut; a hyphen between letters ends a piece.
func (w wrapper) chunks(s string) []string {
	var chunks []string
	runes := []rune(s)
	start := 0
	for i := 1; i <= len(runes); i++ {
		boundary := i == len(runes) || isSpace(runes[i]) != isSpace(runes[i-1])
		if !boundary && w.breakOnHyphens && runes[i-1] == '-' && i >= 2 && unicode.IsLetter(runes[i]) && isWord(runes[i-2]) {
			boundary = true
		}
		if boundary {
			chunks = append(chunks, string(runes[start:i]))
			start = i
		}
	}
	return chunks
}

func (w wrapper) lines(s string) (lines []string) {
	chunks := w.chunks(s)
	for len(chunks) > 0 {
		if strings.TrimFunc(chunks[0], isSpace) == "" && len(lines) > 0 {
			if chunks = chunks[1:]; len(chunks) == 0 {
				break
			}
		}
		var line []string
		used := 0
		for len(chunks) > 0 && used+runeLen(chunks[0]) <= w.width {
			line = append(line, chunks[0])
			used += runeLen(chunks[0])
			chunks = chunks[1:]
		}
		if len(chunks) > 0 && runeLen(chunks[0]) > w.width {
			if room := max(w.width-used, 1); w.breakLong && (used < w.width || len(line) == 0) {
				at := byteAt(chunks[0], room)
				line = append(line, chunks[0][:at])
				chunks[0] = chunks[0][at:]
			} else if len(line) == 0 {
				line = append(line, chunks[0])
				chunks = chunks[1:]
			}
		}
		if n := len(line); n > 0 && strings.TrimFunc(line[n-1], isSpace) == "" {
			line = line[:n-1]
		}
		if len(line) > 0 {
			lines = append(lines, strings.Join(line, ""))
		}
	}
	return lines
}

func filterEscape(st *state, in Value, a Args) Value {
	a.bind("escape")
	if m, ok := in.(Markup); ok {
		return m
	}
	s := st.str(in)
	st.grow(6 * len(s))
	return Markup(escapeHTML(s))
}

func filterForceEscape(st *state, in Value, a Args) Value {
	a.bind("forceescape")
	return filterEscape(st, st.str(in), a)
}

var (
	htmlComment = regexp.MustCompile(`(?s)<!--.*?-->`)
	htmlTag     = regexp.MustCompile(`(?s)<.*?>`)
	unescapes   = strings.NewReplacer("&amp;", "&", "&lt;", "<", "&gt;", ">", "&#34;", `"`, "&quot;", `"`, "&#39;", "'", "&nbsp;", "\u00a0")
)

func filterStripTags(st *state, in Value, a Args) Value {
	a.bind("striptags")
	s := htmlTag.ReplaceAllString(htmlComment.ReplaceAllString(st.str(in), ""), "")
	return unescapes.Replace(strings.Join(strings.FieldsFunc(s, isSpace), " "))
}

// quoteURL is urllib.parse.quote with "/" safe, or quote_plus' blanks.
func quoteURL(s string, query bool) string {
	s = strings.ReplaceAll(url.QueryEscape(s), "%7E", "~")
	if query {
		return s
	}
	return strings.ReplaceAll(strings.ReplaceAll(s, "+", "%20"), "%2F", "/")
}

func filterURLEncode(st *state, in Value, a Args) Value {
	a.bind("urlencode")
	_, isText := text(in)
	if _, sized := length(in); isText || !sized {
		return quoteURL(st.str(in), false)
	}
	var parts []string
	pairs := in
	if d, ok := in.(*Dict); ok {
		pairs = &View{d, "items"}
	}
	for pair := range st.iter(pairs) {
		kv := st.items(pair)
		if len(kv) != 2 {
			raise("ValueError", "urlencode wants pairs, found %d items", len(kv))
		}
		parts = append(parts, quoteURL(st.str(kv[0]), true)+"="+quoteURL(st.str(kv[1]), true))
	}
	return strings.Join(parts, "&")
}

func filterXMLAttr(st *state, in Value, a Args) Value {
	space := truth(a.bind("xmlattr", "autospace?").or(0, true))
	d, ok := in.(*Dict)
	if !ok {
		raise("TypeError", "xmlattr wants a dict, found %s", typeName(in))
	}
	var parts []string
	for _, e := range d.entries {
		if _, missing := e.value.(*Undefined); missing || e.value == nil {
			continue
		}
		key := st.str(e.key)
		if strings.ContainsAny(key, " \t\n\f\r/>=") {
			raise("ValueError", "Invalid character in attribute name: %s", Repr(key))
		}
		parts = append(parts, fmt.Sprintf(`%s="%s"`, escapeHTML(key), escapeHTML(st.str(e.value))))
	}
	s := strings.Join(parts, " ")
	if space && s != "" {
		s = " " + s
	}
	return s
}
