package tokenizer

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// A normalizer rewrites a text (never an added token): it reads e.text and says what to replace.
type normalizer func(e *edits)

// readNormalizer returns the normalizers to apply, one after the other.
func readNormalizer(n *node) (all []normalizer, err error) {
	err = components(n, "normalizers", func(kind string, n *node) error {
		made, err := normalizersOf(kind, n)
		all = append(all, made...)
		return err
	})
	return all, err
}

func normalizersOf(kind string, n *node) ([]normalizer, error) {
	one := func(f normalizer) ([]normalizer, error) { return []normalizer{f}, nil }
	switch kind {
	case "NFC":
		return one(form{compose: true}.normalize)
	case "NFD":
		return one(form{}.normalize)
	case "NFKC":
		return one(form{compatible: true, compose: true}.normalize)
	case "NFKD":
		return one(form{compatible: true}.normalize)
	case "Lowercase":
		return one(lowercase)
	case "StripAccents":
		return one(deleteRunes(isCombining))
	case "Nmt":
		return one(nmt)
	case "BertNormalizer":
		return readBertNormalizer(n), n.err
	case "Precompiled":
		f, err := readPrecompiled(n)
		return []normalizer{f}, err
	case "Prepend":
		return one(prepend(n.text("prepend")))
	case "Replace":
		find, err := n.finder()
		content := n.text("content")
		return []normalizer{replaceAll(find, content)}, err
	case "Strip":
		left, right := n.flag("strip_left", true), n.flag("strip_right", true)
		return one(func(e *edits) {
			end := len(e.text)
			if left {
				start := end - len(strings.TrimLeftFunc(e.text, unicode.IsSpace))
				e.delete(0, start)
			}
			if right {
				e.delete(max(e.done, len(strings.TrimRightFunc(e.text, unicode.IsSpace))), end)
			}
		})
	}
	return nil, n.errorf("normalizer %q is not supported", kind)
}

func prepend(prefix string) normalizer {
	return func(e *edits) {
		if e.text != "" {
			e.replace(0, 0, prefix)
		}
	}
}

func replaceAll(find finder, content string) normalizer {
	return func(e *edits) {
		for i := 0; i < len(e.text); {
			a, b := find(e.text, i)
			if content == "" {
				e.delete(a, b)
			} else if a < b {
				e.replace(a, b, content)
			}
			i = b
		}
	}
}

func deleteRunes(is func(rune) bool) normalizer {
	return func(e *edits) {
		for i, r := range e.text {
			if is(r) {
				e.delete(i, i+utf8.RuneLen(r))
			}
		}
	}
}

// lowercase lowers each character by itself, as Rust's char::to_lowercase does: the capital dotted İ becomes two.
func lowercase(e *edits) {
	for i, r := range e.text {
		switch {
		case r < utf8.RuneSelf:
			if 'A' <= r && r <= 'Z' {
				e.replaceRune(i, i+1, r+'a'-'A')
			}
		case r == 'İ':
			e.replace(i, i+len("İ"), "i\u0307")
		default:
			if small := newCase.ToLower(r); small != r {
				e.replaceRune(i, i+utf8.RuneLen(r), small)
			}
		}
	}
}

// nmt cleans a text as SentencePiece's nmt rules do: control characters go, unusual spaces become spaces.
func nmt(e *edits) {
	for i, r := range e.text {
		switch {
		case r >= 1 && r <= 8, r == 0x0B, r >= 0x0E && r <= 0x1F, r == 0x7F, r == 0x8F, r == 0x9F:
			e.delete(i, i+utf8.RuneLen(r))
		case r == '\t', r == '\n', r == '\f', r == '\r', r == 0x1680, r >= 0x200B && r <= 0x200F, r == 0x2028, r == 0x2029,
			r == '▁', r == 0xFEFF, r == 0xFFFD:
			e.replaceRune(i, i+utf8.RuneLen(r), ' ')
		}
	}
}

// newCase has the capitals that are newer than Go's tables, up to Unicode 17.
var newCase = unicode.SpecialCase{
	lowered(0x1C89, 0x1C89, 0x1C8A), lowered(0xA7CB, 0xA7CB, 0x0264), lowered(0xA7CC, 0xA7CC, 0xA7CD),
	lowered(0xA7CE, 0xA7CE, 0xA7CF), lowered(0xA7D2, 0xA7D2, 0xA7D3), lowered(0xA7D4, 0xA7D4, 0xA7D5),
	lowered(0xA7DA, 0xA7DA, 0xA7DB), lowered(0xA7DC, 0xA7DC, 0x019B), lowered(0x10D50, 0x10D65, 0x10D70),
	lowered(0x16EA0, 0x16EB8, 0x16EBB),
}

// lowered says that the capitals lo … hi have the small letters from small on.
func lowered(lo, hi uint32, small rune) unicode.CaseRange {
	return unicode.CaseRange{Lo: lo, Hi: hi, Delta: [unicode.MaxCase]rune{unicode.LowerCase: small - rune(lo)}}
}
