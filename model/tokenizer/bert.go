package tokenizer

import (
	"unicode"
	"unicode/utf8"
)

// readBertNormalizer reads the normalizer of BERT: out go control characters and, for models without case, accents and
// capitals; Chinese characters get a space on each side, so that each is a word.
func readBertNormalizer(n *node) (all []normalizer) {
	lower := n.flag("lowercase", true)
	if n.flag("clean_text", true) {
		all = append(all, deleteRunes(func(r rune) bool { return r == 0 || r == utf8.RuneError || isOther(r) }), blankSpaces)
	}
	if n.flag("handle_chinese_chars", true) {
		all = append(all, setApart)
	}
	if n.flag("strip_accents", lower) {
		all = append(all, form{}.normalize, deleteRunes(isAccent))
	}
	if lower {
		all = append(all, lowercase)
	}
	return all
}

// blankSpaces makes every white space a space.
func blankSpaces(e *edits) {
	for i, r := range e.text {
		if r != ' ' && unicode.IsSpace(r) {
			e.replaceRune(i, i+utf8.RuneLen(r), ' ')
		}
	}
}

// setApart puts spaces around the characters of the CJK blocks that BERT calls Chinese.
func setApart(e *edits) {
	for i, r := range e.text {
		if r >= 0x3400 && unicode.Is(chinese, r) {
			e.replace(i, i+utf8.RuneLen(r), " "+string(r)+" ")
		}
	}
}

var chinese = ranges(0x3400, 0x4DBF, 0x4E00, 0x9FFF, 0xF900, 0xFAFF, 0x20000, 0x2A6DF, 0x2A700, 0x2B73F, 0x2B740, 0x2B81F,
	0x2B920, 0x2CEAF, 0x2F800, 0x2FA1F)
