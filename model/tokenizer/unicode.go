package tokenizer

import (
	"sync"
	"unicode"
	"unicode/utf8"
)

// class is a set of character classes; a character is in exactly one of them, but that signs are other too, and the
// slash is all three. The end of a text is in none.
type class uint16

const (
	upper    class = 1 << iota // \p{Lu} \p{Lt}
	lower                      // \p{Ll}
	caseless                   // \p{Lm} \p{Lo}
	mark                       // \p{M}
	number                     // \p{N}
	newline                    // \r \n
	space                      // the rest of \s
	other                      // the rest
	slash                      // /
	sign                       // \p{P} \p{S}
	letter   = upper | lower | caseless
)

// classAt returns the class of the character at i and its length in bytes; 0, 0 at the end.
func classAt(text string, i int) (class, int) {
	if i >= len(text) {
		return 0, 0
	}
	if b := text[i]; b < utf8.RuneSelf {
		return asciiClass[b], 1
	}
	r, n := utf8.DecodeRuneInString(text[i:])
	if r < 1<<16 {
		return planeClass()[r], n
	}
	return classOf(r), n
}

var asciiClass = func() (t [utf8.RuneSelf]class) {
	for r := range t {
		t[r] = classOf(rune(r))
	}
	return t
}()

// planeClass is the table of the basic plane, made when it is first needed.
var planeClass = sync.OnceValue(func() *[1 << 16]class {
	t := new([1 << 16]class)
	for r := range t {
		t[r] = classOf(rune(r))
	}
	return t
})

func classOf(r rune) class {
	switch {
	case r == '\r' || r == '\n':
		return newline
	case r == '/':
		return other | slash | sign
	case unicode.IsSpace(r):
		return space
	case unicode.In(r, unicode.Lu, unicode.Lt, newUpper):
		return upper
	case unicode.In(r, unicode.Ll, newLower):
		return lower
	case unicode.In(r, unicode.L, newCaseless):
		return caseless
	case unicode.In(r, unicode.M, newMark):
		return mark
	case unicode.In(r, unicode.N, newNumber):
		return number
	case unicode.In(r, unicode.P, unicode.S, newSign):
		return other | sign
	}
	return other
}

// isNumber is Rust's char::is_numeric, which the Digits pre-tokenizer uses. Its tables are those of Unicode 17.
func isNumber(r rune) bool {
	if r < utf8.RuneSelf {
		return '0' <= r && r <= '9'
	}
	if r < 1<<16 {
		return planeClass()[r] == number
	}
	return unicode.In(r, unicode.N, newNumber, newerNumber)
}

// isWord is \w of Rust's regular expressions.
func isWord(r rune) bool {
	return r < utf8.RuneSelf && (r == '_' || '0' <= r && r <= '9' || 'a' <= r|32 && r|32 <= 'z') ||
		r >= utf8.RuneSelf && (unicode.In(r, unicode.L, unicode.M, unicode.Nd, unicode.Nl, unicode.Pc, unicode.Other_Alphabetic,
			newUpper, newLower, newCaseless, newMark, newNumber) || r == 0x200c || r == 0x200d)
}

// The characters that Unicode 15.1 and 16 added to the 15.0 of Go 1.26: the split expressions of Hugging Face's
// tokenizers (Oniguruma) know them. Measured, code point by code point, with tokenizers 0.23.3. Once Go's tables hold
// them too, these are redundant and harmless.
var (
	newUpper = ranges(0x1C89, 0x1C89, 0xA7CB, 0xA7CC, 0xA7DA, 0xA7DA, 0xA7DC, 0xA7DC, 0x10D50, 0x10D65)
	newLower = ranges(0x1C8A, 0x1C8A, 0xA7CD, 0xA7CD, 0xA7DB, 0xA7DB, 0x10D70, 0x10D85)
	// Lm and Lo
	newCaseless = ranges(0x105C0, 0x105F3, 0x10D4A, 0x10D4F, 0x10D6F, 0x10D6F, 0x10EC2, 0x10EC4, 0x11380, 0x11389,
		0x1138B, 0x1138B, 0x1138E, 0x1138E, 0x11390, 0x113B5, 0x113B7, 0x113B7, 0x113D1, 0x113D1, 0x113D3, 0x113D3,
		0x11BC0, 0x11BE0, 0x13460, 0x143FA, 0x16100, 0x1611D, 0x16D40, 0x16D6C, 0x18CFF, 0x18CFF, 0x1E5D0, 0x1E5ED,
		0x1E5F0, 0x1E5F0, 0x2EBF0, 0x2EE5D)
	newMark = ranges(0x0897, 0x0897, 0x10D69, 0x10D6D, 0x10EFC, 0x10EFC, 0x113B8, 0x113C0, 0x113C2, 0x113C2,
		0x113C5, 0x113C5, 0x113C7, 0x113CA, 0x113CC, 0x113D0, 0x113D2, 0x113D2, 0x113E1, 0x113E2, 0x11F5A, 0x11F5A,
		0x1611E, 0x1612F, 0x1E5EE, 0x1E5EF)
	newNumber = ranges(0x10D40, 0x10D49, 0x116D0, 0x116E3, 0x11BF0, 0x11BF9, 0x16130, 0x16139, 0x16D70, 0x16D79,
		0x1CCF0, 0x1CCF9, 0x1E5F1, 0x1E5FA)
	newSign = ranges(0x1B4E, 0x1B4F, 0x1B7F, 0x1B7F, 0x2427, 0x2429, 0x2FFC, 0x2FFF, 0x31E4, 0x31E5, 0x31EF, 0x31EF, 0x10D6E,
		0x10D6E, 0x10D8E, 0x10D8F, 0x113D4, 0x113D5, 0x113D7, 0x113D8, 0x11BE1, 0x11BE1, 0x16D6D, 0x16D6F,
		0x1CC00, 0x1CCEF, 0x1CD00, 0x1CEB3, 0x1E5FF, 0x1E5FF, 0x1F8B2, 0x1F8BB, 0x1F8C0, 0x1F8C1, 0x1FA89,
		0x1FA89, 0x1FA8F, 0x1FA8F, 0x1FABE, 0x1FABE, 0x1FAC6, 0x1FAC6, 0x1FADC, 0x1FADC, 0x1FADF, 0x1FADF,
		0x1FAE9, 0x1FAE9, 0x1FBCB, 0x1FBEF)
	newerNumber = ranges(0x11DE0, 0x11DE9, 0x16FF4, 0x16FF6)
)

// ranges makes a table of pairs of first and last code points.
func ranges(bounds ...uint32) *unicode.RangeTable {
	t := &unicode.RangeTable{}
	for i := 0; i < len(bounds); i += 2 {
		t.R32 = append(t.R32, unicode.Range32{Lo: bounds[i], Hi: bounds[i+1], Stride: 1})
	}
	return t
}
