package language

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// Buckets is the number of hash buckets that features fall into.
const Buckets = 1 << 14

const (
	longestGram = 4
	longestWord = 40 // runes; the rest of a longer word is read as the next word
	boundary    = '_'
)

// Features calls emit with the bucket of every character n-gram (n = 1 … 4) of every word and of the word itself. A word
// is a run of letters and of apostrophes after a letter, in small letters, with a boundary on either side; all else in
// the text is ignored.
func Features(text string, emit func(bucket uint32)) {
	if strings.ContainsFunc(text, combining) {
		text = norm.NFC.String(text)
	}
	var word [longestWord + 2]rune
	word[0] = boundary
	n := 1
	flush := func() {
		if n > 1 {
			word[n] = boundary
			grams(word[:n+1], emit)
			n = 1
		}
	}
	for _, r := range text {
		if r == '’' {
			r = '\''
		}
		switch {
		case 'a' <= r && r <= 'z', r == '\'' && n > 1:
		case 'A' <= r && r <= 'Z':
			r += 'a' - 'A'
		case r >= 0x80 && unicode.IsLetter(r):
			r = unicode.ToLower(r)
		default:
			flush()
			continue
		}
		word[n] = r
		n++
		if n == len(word)-1 {
			flush()
		}
	}
	flush()
}

// combining reports the accents that letters may be decomposed into.
func combining(r rune) bool { return 0x300 <= r && r < 0x370 }

// grams emits the features of one word with its boundaries.
func grams(word []rune, emit func(bucket uint32)) {
	for start := range word {
		h := uint32(2166136261)
		for k := 0; k < longestGram && start+k < len(word); k++ {
			h = (h ^ uint32(word[start+k])) * 16777619
			if k == 0 && word[start] == boundary {
				continue // a boundary alone says nothing
			}
			emit(bucket(h))
		}
	}
	h := uint32(0x9e3779b9)
	for _, r := range word {
		h = (h ^ uint32(r)) * 16777619
	}
	emit(bucket(h))
}

// bucket spreads the bits of an FNV hash, whose low bits are poor, and cuts it to the table.
func bucket(h uint32) uint32 {
	h ^= h >> 15
	h *= 0x2c1b3c6d
	h ^= h >> 12
	return h % Buckets
}
