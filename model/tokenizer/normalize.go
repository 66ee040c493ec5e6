package tokenizer

import (
	"strings"
	"unicode"
)

// A normalizer rewrites a text (never an added token).
type normalizer func(string) string

func readNormalizer(n *node) (normalizer, error) {
	var all []normalizer
	err := components(n, "normalizers", func(kind string, n *node) error {
		f, err := normalizerOf(kind, n)
		all = append(all, f)
		return err
	})
	switch len(all) {
	case 0:
		return nil, err
	case 1:
		return all[0], err
	}
	return func(s string) string {
		for _, f := range all {
			s = f(s)
		}
		return s
	}, err
}

func normalizerOf(kind string, n *node) (normalizer, error) {
	switch kind {
	case "NFC":
		return form{compose: true}.normalize, nil
	case "NFD":
		return form{}.normalize, nil
	case "NFKC":
		return form{compatible: true, compose: true}.normalize, nil
	case "NFKD":
		return form{compatible: true}.normalize, nil
	case "Lowercase":
		return lowercase, nil
	case "Prepend":
		prefix := n.text("prepend")
		return func(s string) string {
			if s == "" {
				return s
			}
			return prefix + s
		}, nil
	case "Replace":
		literal, regex := n.pattern()
		if regex != "" {
			return nil, n.errorf("replacing the expression %q is not supported", regex)
		}
		content := n.text("content")
		return func(s string) string { return strings.ReplaceAll(s, literal, content) }, nil
	case "Strip":
		left, right := n.flag("strip_left", true), n.flag("strip_right", true)
		return func(s string) string {
			if left {
				s = strings.TrimLeftFunc(s, unicode.IsSpace)
			}
			if right {
				s = strings.TrimRightFunc(s, unicode.IsSpace)
			}
			return s
		}, nil
	}
	return nil, n.errorf("normalizer %q is not supported", kind)
}

// lowercase lowers each character by itself, as Rust's char::to_lowercase does: the capital dotted İ becomes two.
func lowercase(s string) string {
	return strings.ToLowerSpecial(newCase, strings.ReplaceAll(s, "İ", "i\u0307"))
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
