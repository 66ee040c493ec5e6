package jinja

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

type kind int

const (
	tokData     kind = iota // text outside of tags
	tokOutput               // {{
	tokOutEnd               // }}
	tokBlock                // {%
	tokBlockEnd             // %}
	tokName
	tokString // text holds the value, escapes resolved
	tokInt
	tokFloat
	tokOp
	tokEOF
)

type token struct {
	kind kind
	text string
	line int
}

// describe names a token as Jinja's messages do.
func (t token) describe() string {
	switch t.kind {
	case tokData:
		return "template data / text"
	case tokOutput:
		return "begin of print statement"
	case tokOutEnd:
		return "end of print statement"
	case tokBlock:
		return "begin of statement block"
	case tokBlockEnd:
		return "end of statement block"
	case tokEOF:
		return "end of template"
	}
	return t.text
}

type lexer struct {
	src       string
	pos       int
	line      int
	lineStart bool // the last thing consumed ended a line
	tokens    []token
}

// lex cuts a template into tokens. White space control happens here: "-" strips all white space on its side of a tag,
// "+" keeps it; without a sign, a block or comment tag that is first on its line loses the blanks before it
// (lstrip_blocks) and the newline right behind it (trim_blocks). One newline at the very end is dropped.
func lex(src string) []token {
	src = strings.ReplaceAll(strings.ReplaceAll(src, "\r\n", "\n"), "\r", "\n")
	l := &lexer{src: strings.TrimSuffix(src, "\n"), line: 1, lineStart: true}
	for l.pos < len(l.src) {
		at, tag := l.findTag()
		text := l.src[l.pos:at]
		if tag == "" {
			l.data(text)
			l.pos = at
			break
		}
		sign := byte(0)
		if at+2 < len(l.src) && (l.src[at+2] == '-' || l.src[at+2] == '+') {
			sign = l.src[at+2]
		}
		l.data(l.stripBefore(text, sign, tag != "{{"))
		l.advance(at + 2)
		if sign != 0 {
			l.advance(l.pos + 1)
		}
		switch tag {
		case "{#":
			l.comment()
		case "{%":
			if !l.raw() {
				l.add(tokBlock, "{%")
				l.inside(tokBlockEnd, "%}")
			}
		default:
			l.add(tokOutput, "{{")
			l.inside(tokOutEnd, "}}")
		}
	}
	l.add(tokEOF, "")
	return l.tokens
}

func (l *lexer) add(k kind, text string) { l.tokens = append(l.tokens, token{k, text, l.line}) }

func (l *lexer) data(text string) {
	if text != "" {
		l.add(tokData, text)
	}
}

// advance consumes the source up to to, keeping count of lines.
func (l *lexer) advance(to int) {
	if to > l.pos {
		l.line += strings.Count(l.src[l.pos:to], "\n")
		l.lineStart = l.src[to-1] == '\n'
		l.pos = to
	}
}

func (l *lexer) fail(format string, args ...any) {
	e := syntaxError(l.line, format, args...)
	panic(e)
}

// findTag returns the place and the kind of the next tag, or the end and "".
func (l *lexer) findTag() (int, string) {
	for i := l.pos; ; i++ {
		j := strings.IndexByte(l.src[i:], '{')
		if j < 0 || i+j+1 >= len(l.src) {
			return len(l.src), ""
		}
		i += j
		if c := l.src[i+1]; c == '{' || c == '%' || c == '#' {
			return i, l.src[i : i+2]
		}
	}
}

// stripBefore applies the sign of a tag, or lstrip_blocks, to the text before it.
func (l *lexer) stripBefore(text string, sign byte, block bool) string {
	if sign == '-' {
		return strings.TrimRightFunc(text, isSpace)
	}
	if sign == '+' || !block {
		return text
	}
	start := strings.LastIndexByte(text, '\n') + 1
	if (start > 0 || l.lineStart) && strings.TrimFunc(text[start:], isSpace) == "" {
		return text[:start]
	}
	return text
}

// closeTag consumes the end of a block tag or comment at pos ("-%}" with white space, "+%}", "%}" with a newline) and tells whether it was there.
func (l *lexer) closeTag(end string, trim bool) bool {
	rest := l.src[l.pos:]
	switch {
	case strings.HasPrefix(rest, "-"+end):
		after := strings.TrimLeftFunc(rest[1+len(end):], isSpace)
		l.advance(len(l.src) - len(after))
	case trim && strings.HasPrefix(rest, "+"+end):
		l.advance(l.pos + 1 + len(end))
	case strings.HasPrefix(rest, end):
		n := len(end)
		if trim && strings.HasPrefix(rest[n:], "\n") {
			n++
		}
		l.advance(l.pos + n)
	default:
		return false
	}
	return true
}

func (l *lexer) comment() {
	for i := l.pos; ; i++ {
		j := strings.Index(l.src[i:], "#}")
		if j < 0 {
			l.fail("Missing end of comment tag")
		}
		i += j
		at := i
		if at > l.pos && (l.src[at-1] == '-' || l.src[at-1] == '+') {
			at--
		}
		l.advance(at)
		l.closeTag("#}", true)
		return
	}
}

// raw handles {% raw %}…{% endraw %}; pos is behind "{%" and its sign.
func (l *lexer) raw() bool {
	word := func(at int, name string) (int, bool) { // skips white space, name, white space
		rest := strings.TrimLeftFunc(l.src[at:], isSpace)
		after, ok := strings.CutPrefix(rest, name)
		return len(l.src) - len(strings.TrimLeftFunc(after, isSpace)), ok
	}
	at, ok := word(l.pos, "raw")
	if !ok {
		return false
	}
	if rest := l.src[at:]; !strings.HasPrefix(rest, "%}") && !strings.HasPrefix(rest, "-%}") {
		return false
	}
	l.advance(at)
	l.closeTag("%}", false)
	for from := l.pos; ; {
		i := strings.Index(l.src[from:], "{%")
		if i < 0 {
			l.fail("Missing end of raw directive")
		}
		start := from + i
		from = start + 2
		sign := byte(0)
		if from < len(l.src) && (l.src[from] == '-' || l.src[from] == '+') {
			sign = l.src[from]
			from++
		}
		at, ok := word(from, "endraw")
		if !ok {
			continue
		}
		if rest := strings.TrimLeft(l.src[at:min(at+1, len(l.src))], "-+") + l.src[min(at+1, len(l.src)):]; !strings.HasPrefix(rest, "%}") {
			continue
		}
		l.data(l.stripBefore(l.src[l.pos:start], sign, true))
		l.advance(at)
		l.closeTag("%}", true)
		return true
	}
}

// operators, longest first.
var operators = []string{"**", "//", "==", "!=", ">=", "<=", "+", "-", "*", "/", "%", "~", "[", "]", "(", ")", "{", "}", ">", "<", "=", ".", ":", "|", ",", ";"}

var closing = map[string]string{"(": ")", "[": "]", "{": "}"}

// inside cuts the expression part of a tag, up to and with its end.
func (l *lexer) inside(endKind kind, end string) {
	var open []string // brackets that wait for their partner: "}}" inside a dict does not end the tag
	for {
		for l.pos < len(l.src) {
			r, n := utf8.DecodeRuneInString(l.src[l.pos:])
			if !isSpace(r) {
				break
			}
			l.advance(l.pos + n)
		}
		if l.pos >= len(l.src) {
			return // the parser sees the end of the template
		}
		if len(open) == 0 {
			line := l.line
			if l.closeTag(end, endKind == tokBlockEnd) {
				l.tokens = append(l.tokens, token{endKind, end, line})
				return
			}
		}
		rest := l.src[l.pos:]
		r, _ := utf8.DecodeRuneInString(rest)
		switch {
		case r >= '0' && r <= '9':
			k, n := scanNumber(rest, l.pos > 0 && l.src[l.pos-1] == '.')
			l.add(k, strings.ReplaceAll(rest[:n], "_", ""))
			l.advance(l.pos + n)
		case isWord(r):
			n := strings.IndexFunc(rest, func(r rune) bool { return !isWord(r) })
			if n < 0 {
				n = len(rest)
			}
			l.add(tokName, rest[:n])
			l.advance(l.pos + n)
		case r == '"' || r == '\'':
			l.quoted(rest)
		default:
			l.operator(rest, &open)
		}
	}
}

func (l *lexer) quoted(rest string) {
	for i := 1; i < len(rest); i++ {
		switch rest[i] {
		case '\\':
			i++
		case rest[0]:
			l.add(tokString, unescape(rest[1:i]))
			l.advance(l.pos + i + 1)
			return
		}
	}
	l.fail("unexpected char %s at %d", Repr(rest[:1]), utf8.RuneCountInString(l.src[:l.pos]))
}

func (l *lexer) operator(rest string, open *[]string) {
	for _, op := range operators {
		if !strings.HasPrefix(rest, op) {
			continue
		}
		switch {
		case closing[op] != "":
			*open = append(*open, closing[op])
		case op == ")" || op == "]" || op == "}":
			n := len(*open)
			if n == 0 {
				l.fail("unexpected '%s'", op)
			}
			if want := (*open)[n-1]; want != op {
				l.fail("unexpected '%s', expected '%s'", op, want)
			}
			*open = (*open)[:n-1]
		}
		l.add(tokOp, op)
		l.advance(l.pos + len(op))
		return
	}
	r, _ := utf8.DecodeRuneInString(rest)
	l.fail("unexpected char %s at %d", Repr(string(r)), utf8.RuneCountInString(l.src[:l.pos]))
}

func isWord(r rune) bool {
	return r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.Is(unicode.Mn, r) || unicode.Is(unicode.Mc, r)
}

// isSpace is Python's str.isspace of one character.
func isSpace(r rune) bool { return unicode.IsSpace(r) || r >= 0x1c && r <= 0x1f }
