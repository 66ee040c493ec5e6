package tokenizer

import (
	"strings"
	"unicode/utf8"
)

// valid returns text with each maximal part of a broken character replaced by one U+FFFD (Unicode 16, §3.9, "U+FFFD
// Substitution of Maximal Subparts"), as Python's and Rust's lossy decoders do. Go's own loop would write one for
// every byte.
func valid(text string) string {
	if utf8.ValidString(text) {
		return text
	}
	var out strings.Builder
	out.Grow(len(text) + 8)
	for i := 0; i < len(text); {
		r, n := utf8.DecodeRuneInString(text[i:])
		if r == utf8.RuneError && n == 1 {
			n, _ = maximalPart(text[i:])
		}
		out.WriteRune(r)
		i += n
	}
	return out.String()
}

// maximalPart returns the length of the longest beginning of text, which is not a valid character, that could begin
// one, at least 1; and whether more bytes could complete it (false: it is broken for good).
func maximalPart(text string) (n int, open bool) {
	lo, hi, size := byte(0x80), byte(0xBF), 0 // bounds of the second byte; length of the character
	switch c := text[0]; {
	case c >= 0xC2 && c <= 0xDF:
		size = 2
	case c >= 0xE0 && c <= 0xEF:
		size = 3
		if c == 0xE0 {
			lo = 0xA0 // below: overlong
		} else if c == 0xED {
			hi = 0x9F // above: surrogates
		}
	case c >= 0xF0 && c <= 0xF4:
		size = 4
		if c == 0xF0 {
			lo = 0x90
		} else if c == 0xF4 {
			hi = 0x8F // above: beyond U+10FFFF
		}
	default:
		return 1, false
	}
	for n = 1; n < len(text); n++ {
		if text[n] < lo || text[n] > hi {
			return n, false
		}
		lo, hi = 0x80, 0xBF
	}
	return n, n < size
}
