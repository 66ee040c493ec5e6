package python

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/language"
)

// Strip is str.strip(): no-break, ideographic and other Unicode spaces go, and the separators U+001C … U+001F, which
// Go's strings.TrimSpace keeps. U+200B and U+FEFF stay.
func Strip(s string) string { return strings.TrimFunc(s, isSpace) }

// Lower is str.lower(), with the rules that look at neighbours (final sigma) and those that change the length.
func Lower(s string) string { return cases.Lower(language.Und).String(s) }

// IsSpace is str.isspace() of one character, which is also \s in Python's regular expressions on text. RE2's \s is ASCII
// without \v.
func IsSpace(r rune) bool { return isSpace(r) }

func isSpace(r rune) bool {
	switch {
	case 0x09 <= r && r <= 0x0d, 0x1c <= r && r <= 0x20, 0x2000 <= r && r <= 0x200a:
		return true
	}
	switch r {
	case 0x85, 0xa0, 0x1680, 0x2028, 0x2029, 0x202f, 0x205f, 0x3000:
		return true
	}
	return false
}

// Lines cuts a text as Python's text mode does: at \n, \r\n and \r, and at nothing else. Line ends are not included,
// and a text that ends with one has no empty last line.
func Lines(text string) []string {
	text = strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n")
	if text == "" {
		return nil
	}
	return strings.Split(strings.TrimSuffix(text, "\n"), "\n")
}

// surrogate decodes an unpaired surrogate at the start of s: three bytes that no valid UTF-8 holds.
func surrogate(s string) (rune, bool) {
	if len(s) < 3 || s[0] != 0xed || s[1] < 0xa0 || s[1] > 0xbf || s[2] < 0x80 || s[2] > 0xbf {
		return 0, false
	}
	return 0xd000 | rune(s[1]&0x3f)<<6 | rune(s[2]&0x3f), true
}

func appendSurrogate(b []byte, r rune) []byte {
	return append(b, 0xed, 0x80|byte(r>>6&0x3f), 0x80|byte(r&0x3f))
}

// decode reads the next code point of a Python string, surrogates included.
func decode(s string) (rune, int) {
	if r, ok := surrogate(s); ok {
		return r, 3
	}
	return utf8.DecodeRuneInString(s)
}
