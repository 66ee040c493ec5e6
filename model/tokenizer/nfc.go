package tokenizer

import (
	"slices"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// form is a Unicode normal form (UAX #15): decompose, put the marks on a letter in order, compose again.
//
// x/text/unicode/norm has the tables, but two of its ways are not those of the Rust library: it cuts a run of more
// than 30 marks with U+034F (the stream-safe format), and it knows characters that are newer than the library's
// tables (unicode-normalization-alignments, Unicode 9 to 10). So text that is not already normal is normalized here;
// text that is normal, which is most, costs a quick check.
type form struct{ compatible, compose bool }

func (f form) normalize(e *edits) {
	decomposition, check := norm.NFD, norm.NFD
	if f.compatible {
		decomposition, check = norm.NFKD, norm.NFKD
		if f.compose {
			check = norm.NFKC
		}
	} else if f.compose {
		check = norm.NFC
	}
	if check.IsNormalString(e.text) {
		return
	}
	for start := 0; start < len(e.text); {
		end := nextBoundary(e.text, start, check)
		if part := e.text[start:end]; len(part) > 1 && !check.IsNormalString(part) { // ASCII is normal
			if other := f.apply(part, decomposition); other != part {
				e.replace(start, end, other)
			}
		}
		start = end
	}
}

// nextBoundary returns the end of the shortest part of the text from i on that can be normalized by itself.
func nextBoundary(text string, i int, check norm.Form) int {
	for j := i; ; {
		n := 1
		if text[j] >= utf8.RuneSelf {
			_, n = utf8.DecodeRuneInString(text[j:])
		}
		if j += n; j == len(text) || text[j] < utf8.RuneSelf || check.PropertiesString(text[j:]).BoundaryBefore() {
			return j
		}
	}
}

func (f form) apply(s string, decomposition norm.Form) string {
	marks := decompose(s, decomposition)
	reorder(marks)
	if f.compose {
		marks = compose(marks)
	}
	out := make([]byte, 0, len(s)+len(s)/4)
	for _, m := range marks {
		out = append(out, string(m.r)...)
	}
	return string(out)
}

// markedRune is a character with its canonical combining class: 0 for a starter, else the place of a mark (below the
// letter, above it, …). Marks of different classes do not interact, so their order carries no meaning.
type markedRune struct {
	r     rune
	class uint8
}

func decompose(s string, f norm.Form) []markedRune {
	out := make([]markedRune, 0, len(s))
	var buf [64]byte
	for _, r := range s {
		if r < 0xC0 && !(f == norm.NFKD && r >= 0xA0) {
			out = append(out, markedRune{r, 0})
			continue
		}
		if unicode.Is(youngComposites, r) {
			out = append(out, markedRune{r, 0})
			continue
		}
		for _, d := range string(f.AppendString(buf[:0], string(r))) {
			out = append(out, markedRune{d, combiningClass(d)})
		}
	}
	return out
}

func combiningClass(r rune) uint8 {
	if r < 0x300 || unicode.Is(youngMarks, r) {
		return 0
	}
	var buf [4]byte
	return norm.NFD.Properties(append(buf[:0], string(r)...)).CCC()
}

// reorder sorts each run of marks by class, equals in their order.
func reorder(s []markedRune) {
	for i := 0; i < len(s); i++ {
		start := i
		for i < len(s) && s[i].class != 0 {
			i++
		}
		slices.SortStableFunc(s[start:i], func(a, b markedRune) int { return int(a.class) - int(b.class) })
	}
}

// compose joins each character with the last starter before it, unless something between them blocks it: a starter,
// or a mark of the same or a higher class.
func compose(s []markedRune) []markedRune {
	out := s[:0]
	starter := -1
	for _, m := range s {
		if last := len(out) - 1; starter >= 0 && (last == starter || out[last].class != 0 && out[last].class < m.class) {
			if r, ok := composite(out[starter].r, m.r); ok {
				out[starter].r = r
				continue
			}
		}
		if m.class == 0 {
			starter = len(out)
		}
		out = append(out, m)
	}
	return out
}

// composite returns the one character that is canonically equal to a, b.
func composite(a, b rune) (rune, bool) {
	if a < 0x80 && b < 0x80 {
		return 0, false
	}
	var buf, both [16]byte
	c := []rune(string(norm.NFC.Append(buf[:0], append(append(both[:0], string(a)...), string(b)...)...)))
	return c[0], len(c) == 1 && !unicode.Is(youngComposites, c[0])
}

// Characters that x/text (Unicode 15) knows and the Rust library's tables do not: to the library these marks are
// starters, and these composites have no decomposition. Measured with tokenizers 0.23.3.
var (
	youngMarks = ranges(0x07FD, 0x07FD, 0x0898, 0x089F, 0x08CA, 0x08D3, 0x09FE, 0x09FE, 0x0C3C, 0x0C3C, 0x0D3B, 0x0D3C,
		0x0EBA, 0x0EBA, 0x1715, 0x1715, 0x1ABF, 0x1ACE, 0x1DF6, 0x1DFA, 0xA82C, 0xA82C, 0x10D24, 0x10D27, 0x10EAB, 0x10EAC,
		0x10EFD, 0x10EFF, 0x10F46, 0x10F50, 0x10F82, 0x10F85, 0x11070, 0x11070, 0x1133B, 0x1133B, 0x1145E, 0x1145E,
		0x11839, 0x1183A, 0x1193D, 0x1193E, 0x11943, 0x11943, 0x119E0, 0x119E0, 0x11A34, 0x11A34, 0x11A47, 0x11A47,
		0x11A99, 0x11A99, 0x11D42, 0x11D42, 0x11D44, 0x11D45, 0x11D97, 0x11D97, 0x11F41, 0x11F42, 0x16FF0, 0x16FF1,
		0x1E08F, 0x1E08F, 0x1E130, 0x1E136, 0x1E2AE, 0x1E2AE, 0x1E2EC, 0x1E2EF, 0x1E4EC, 0x1E4EF)
	youngComposites = ranges(0x32FF, 0x32FF, 0xA7F2, 0xA7F4, 0xAB69, 0xAB69, 0x10781, 0x10785, 0x10787, 0x107B0,
		0x107B2, 0x107BA, 0x11938, 0x11938, 0x1E030, 0x1E06D, 0x1F16C, 0x1F16C, 0x1FBF0, 0x1FBF9)
)
