package tokenizer

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// The simpler finders: parts of split sequences, and what normalizers and decoders replace.

func findLiteral(literal string) finder {
	return func(text string, i int) (a, b int) {
		if at := strings.Index(text[i:], literal); at >= 0 {
			return i + at, i + at + len(literal)
		}
		return len(text), len(text)
	}
}

// findRune finds single characters.
func findRune(is func(rune) bool) finder {
	return func(text string, i int) (a, b int) {
		at := strings.IndexFunc(text[i:], is)
		if at < 0 {
			return len(text), len(text)
		}
		_, n := utf8.DecodeRuneInString(text[i+at:])
		return i + at, i + at + n
	}
}

// findRun finds runs of characters, as long as they go and at least so many.
func findRun(least int, is func(rune) bool) finder {
	return func(text string, i int) (a, b int) {
		for i < len(text) {
			at := strings.IndexFunc(text[i:], is)
			if at < 0 {
				break
			}
			a, b = i+at, len(text)
			if n := strings.IndexFunc(text[a:], func(r rune) bool { return !is(r) }); n >= 0 {
				b = a + n
			}
			if least == 1 || utf8.RuneCountInString(text[a:b]) >= least {
				return a, b
			}
			i = b
		}
		return len(text), len(text)
	}
}

func isBlank(r rune) bool { return r == ' ' }
func isBreak(r rune) bool { return r == '\r' || r == '\n' }

// isCJK is [一-龥぀-ゟ゠-ヿ].
func isCJK(r rune) bool { return r >= '一' && r <= '龥' || r >= 0x3040 && r <= 0x30FF }

// findWord scans \w+ | [^\w\s]+ as Rust's regular expressions understand it.
func findWord(text string, i int) (a, b int) {
	const blank, word, other = 0, 1, 2
	kind := blank
	for j, r := range text[i:] {
		k := other
		if isWord(r) {
			k = word
		} else if unicode.IsSpace(r) {
			k = blank
		}
		switch {
		case kind == blank:
			a, kind = i+j, k
		case k != kind:
			return a, i + j
		}
	}
	if kind == blank {
		a = len(text)
	}
	return a, len(text)
}

// findDeepSeek scans, with PUNCTUATION for the 32 ASCII signs,
//
//	PUNCTUATION[A-Za-z]+  |  [^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+  |   ?[\p{P}\p{S}]+[\r\n]*  |
//	\s*[\r\n]+  |  \s+(?!\S)  |  \s+
//
// Some characters match nothing: digits that no letter follows, control characters.
func findDeepSeek(text string, i int) (a, b int) {
	for i < len(text) {
		c, n := classAt(text, i)
		if b = i + n; c&sign != 0 && text[i] < utf8.RuneSelf {
			for b < len(text) && isASCIILetter(text[b]) {
				b++
			}
			if b > i+n {
				return i, b
			}
		}
		next, m := classAt(text, i+n)
		switch {
		case c&(newline|letter|sign) == 0 && next&(letter|mark) != 0:
			return i, run(text, i+n+m, letter|mark)
		case c&(letter|mark) != 0:
			return i, run(text, i+n, letter|mark)
		case c&sign != 0, text[i] == ' ' && next&sign != 0:
			return i, run(text, run(text, i+n, sign), newline)
		}
		if b = blanks(text, i); b > i {
			return i, b
		}
		i += n
	}
	return i, i
}

func isASCIILetter(b byte) bool { return 'a' <= b|0x20 && b|0x20 <= 'z' }

// findBLOOM scans  ?[^(\s|[.,!?…。，、।۔،])]+ , in which Oniguruma sees a class within a class: not ( | ) nor any of the
// inner signs nor white space.
func findBLOOM(text string, i int) (a, b int) {
	inside := func(r rune) bool {
		return !unicode.IsSpace(r) && !strings.ContainsRune("(|).,!?…。，、।۔،", r)
	}
	a, b = findRun(1, inside)(text, i)
	if a < b && a > i && text[a-1] == ' ' {
		a--
	}
	return a, b
}
