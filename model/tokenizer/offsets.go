package tokenizer

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// EncodeOffsets is Encode with, for each id, the part [from, to) of the text that it was made from, in bytes.
//
// A span covers whole characters: the tokens of the bytes of one character all have that character's span, and where
// the normalizer made one spelling of several characters (e and ´ → é), each token of it has the span of all of them.
// What the tokenizer inserts belongs to the character that it stands before. White space at the ends of a token is
// left out if the file's post-processor says so (trim_offsets). The tokens that addSpecial puts around the text have
// empty spans at its ends.
//
// Where spans cannot be certain, in a text with characters unknown to a vocabulary that drops them or reorders them,
// the ids come with an error that names the place.
func (t *Tokenizer) EncodeOffsets(text string, addSpecial bool) (ids []int32, spans [][2]int, err error) {
	s := t.borrow()
	defer t.giveBack(s)
	e := &s.edits
	e.track(text)
	defer func() { e.tracking = false }()
	if addSpecial {
		ids = append(ids, t.prefix...)
	}
	for range ids {
		spans = append(spans, [2]int{})
	}
	for _, p := range t.cut(valid(text), s) {
		if p.id != isText {
			ids = append(ids, p.id)
			spans = append(spans, t.trim.span(t.byID[p.id].name, text, e.placeOf(p.at, p.at+len(p.text)), len(spans) == 0))
			continue
		}
		start := len(ids)
		ids = t.model.encode(p.text, ids, s)
		places, certain := t.model.places(p.text, ids[start:], s)
		if certain != nil && err == nil {
			err = fmt.Errorf("tokenizer: the offsets are not certain: %w", certain)
		}
		for i, place := range places {
			whole := e.placeOf(p.at+place.from, p.at+place.to)
			spans = append(spans, t.trim.span(t.byID[ids[start+i]].name, text, whole, len(spans) == 0))
		}
	}
	s.forget()
	if addSpecial {
		ids = append(ids, t.suffix...)
		for range t.suffix {
			spans = append(spans, [2]int{len(text), len(text)})
		}
	}
	if err != nil {
		return ids, nil, err
	}
	return ids, spans, nil
}

// trimmer leaves the white space at the ends of tokens out of their spans.
type trimmer struct {
	active    bool
	keepFirst bool // a single space before the first token may be the one that the tokenizer put there
}

func (t *trimmer) read(n *node) {
	t.active = n.flag("trim_offsets", true) || t.active
	t.keepFirst = n.flag("add_prefix_space", true)
}

// span returns the span of a token, without the white space that its name says it begins and ends with: as many
// characters of the text.
func (t *trimmer) span(name, text string, p place, first bool) [2]int {
	if !t.active {
		return [2]int{p.from, p.to}
	}
	blank := func(r rune) bool { return r == visible[' '] || unicode.IsSpace(r) }
	left := utf8.RuneCountInString(name) - utf8.RuneCountInString(strings.TrimLeftFunc(name, blank))
	right := utf8.RuneCountInString(name) - utf8.RuneCountInString(strings.TrimRightFunc(name, blank))
	if (first || p.from == 0) && t.keepFirst && left == 1 {
		left = 0
	}
	for ; left > 0 && p.from < p.to; left-- {
		_, n := utf8.DecodeRuneInString(text[p.from:p.to])
		p.from += n
	}
	for ; right > 0 && p.from < p.to; right-- {
		_, n := utf8.DecodeLastRuneInString(text[p.from:p.to])
		p.to -= n
	}
	return [2]int{p.from, p.to}
}
