package tokenizer

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// A step of the pre-tokenizer appends the pieces that it makes of in to out. Added tokens pass through.
type step func(in, out []piece, e *edits) []piece

// readPreTokenizer returns the steps, and whether the words are bytes: a ByteLevel pre-tokenizer spells each byte as
// a visible character, so "é" is "Ã©" in the vocabulary. Here the words stay as they are and the model starts from
// their bytes.
func readPreTokenizer(n *node) (steps []step, bytes bool, err error) {
	err = components(n, "pretokenizers", func(kind string, n *node) error {
		if bytes {
			return n.errorf("pre-tokenizer %q after ByteLevel is not supported", kind)
		}
		switch kind {
		case "ByteLevel":
			bytes = true
			n.ignore("trim_offsets")
			if n.flag("add_prefix_space", true) {
				steps = append(steps, rewritten(func(e *edits, _ bool) {
					if !strings.HasPrefix(e.text, " ") {
						e.replace(0, 0, " ")
					}
				}))
			}
			if n.flag("use_regex", true) {
				steps = append(steps, eachText(isolated(findGPT2)))
			}
			return nil
		case "Digits":
			cut := contiguous(findRune(isNumber))
			if n.flag("individual_digits", false) {
				cut = isolated(findRune(isNumber))
			}
			steps = append(steps, eachText(cut))
			return nil
		case "Split":
			s, err := readSplit(n)
			steps = append(steps, s)
			return err
		case "Metaspace":
			s, err := readMetaspace(n)
			steps = append(steps, s...)
			return err
		case "WhitespaceSplit":
			steps = append(steps, eachText(removed(findRune(unicode.IsSpace), false)))
			return nil
		case "Whitespace":
			steps = append(steps, eachText(removed(findWord, true)))
			return nil
		case "BertPreTokenizer":
			steps = append(steps, eachText(removed(findRune(unicode.IsSpace), false)), eachText(isolated(findRune(isPunctuation))))
			return nil
		case "Punctuation":
			behavior := "Isolated"
			n.get("behavior", &behavior)
			s, err := splitter(n, findRune(isPunctuation), behavior, false)
			steps = append(steps, s)
			return err
		case "CharDelimiterSplit":
			delimiter := n.text("delimiter")
			if n.err == nil && utf8.RuneCountInString(delimiter) != 1 {
				n.fail("delimiter: expected one character, found %q", delimiter)
			}
			steps = append(steps, eachText(removed(findLiteral(delimiter), false)))
			return n.err
		}
		return n.errorf("pre-tokenizer %q is not supported", kind)
	})
	return steps, bytes, err
}

func eachText(cut cutter) step {
	return func(in, out []piece, _ *edits) []piece {
		for _, p := range in {
			if p.id == isText {
				out = cut(p, out)
			} else {
				out = append(out, p)
			}
		}
		return out
	}
}

// rewritten changes each text in place; first is true for the one at the very beginning.
func rewritten(f func(e *edits, first bool)) step {
	return func(in, out []piece, e *edits) []piece {
		for _, p := range in {
			if p.id == isText {
				p.text, p.at = e.rewrite(p.text, p.at, func(e *edits) { f(e, p.first) })
			}
			out = append(out, p)
		}
		return out
	}
}

func readSplit(n *node) (step, error) {
	behavior, invert := n.text("behavior"), n.flag("invert", false)
	find, err := n.finder()
	if err != nil {
		return nil, err
	}
	return splitter(n, find, behavior, invert)
}

func splitter(n *node, find finder, behavior string, invert bool) (step, error) {
	cut, ok := map[string]cutter{
		"Isolated":           isolated(find),
		"Removed":            removed(find, invert),
		"MergedWithPrevious": mergedWithPrevious(find, invert),
		"MergedWithNext":     mergedWithNext(find, invert),
		"Contiguous":         contiguous(find),
	}[behavior]
	if !ok {
		return nil, n.errorf("split behavior %q is not supported", behavior)
	}
	return eachText(cut), nil
}

// readMetaspace reads the pre-tokenizer of SentencePiece models: spaces become ▁, one more is put in front (always,
// never, or at the very beginning of the text only), and with split each ▁ begins a word.
func readMetaspace(n *node) ([]step, error) {
	mark, scheme := n.text("replacement"), prependScheme(n)
	split := n.flag("split", true)
	n.ignore("str_rep")
	if mark == "" {
		n.fail(`field "replacement" is empty`)
	}
	if n.err != nil {
		return nil, n.err
	}
	spaces := replaceAll(findLiteral(" "), mark)
	steps := []step{rewritten(func(e *edits, first bool) {
		bare := !strings.HasPrefix(e.text, " ") && !strings.HasPrefix(e.text, mark)
		if bare && (scheme == "always" || scheme == "first" && first) {
			e.replace(0, 0, mark)
		}
		spaces(e)
	})}
	if split {
		steps = append(steps, eachText(mergedWithNext(findLiteral(mark), false)))
	}
	return steps, nil
}

// prependScheme reads Metaspace's two spellings of one setting: prepend_scheme, and the older add_prefix_space.
func prependScheme(n *node) string {
	scheme := ""
	prefix, hasPrefix := true, n.get("add_prefix_space", new(bool))
	n.get("add_prefix_space", &prefix)
	switch {
	case n.get("prepend_scheme", &scheme):
		if scheme != "always" && scheme != "first" && scheme != "never" {
			n.fail(`prepend_scheme: expected always, first or never, found %q`, scheme)
		}
		if hasPrefix && !prefix && scheme != "never" {
			n.fail(`add_prefix_space false contradicts prepend_scheme %q`, scheme)
		}
	case prefix:
		scheme = "always"
	default:
		scheme = "never"
	}
	return scheme
}

// A cutter appends the words that it makes of one text.
type cutter func(p piece, out []piece) []piece

// part appends text[a:b] of a piece, unless it is empty.
func (p piece) part(a, b int, out []piece) []piece {
	if a == b {
		return out
	}
	return append(out, piece{text: p.text[a:b], at: p.at + a, id: isText, first: p.first && a == 0})
}

// segments calls visit for the matches of find and the gaps between them, in order.
func segments(find finder, text string, visit func(a, b int, match bool)) {
	for end := 0; end < len(text); {
		a, b := find(text, end)
		if a > end {
			visit(end, a, false)
		}
		if a < b {
			visit(a, b, true)
		}
		end = b
	}
}

// isolated makes each match and each gap a word.
func isolated(find finder) cutter {
	return func(p piece, out []piece) []piece {
		for end := 0; end < len(p.text); {
			a, b := find(p.text, end)
			out = p.part(a, b, p.part(end, a, out))
			end = b
		}
		return out
	}
}

// removed keeps the gaps; inverted, the matches.
func removed(find finder, invert bool) cutter {
	return func(p piece, out []piece) []piece {
		segments(find, p.text, func(a, b int, match bool) {
			if match == invert {
				out = p.part(a, b, out)
			}
		})
		return out
	}
}

// contiguous joins matches that touch.
func contiguous(find finder) cutter {
	return func(p piece, out []piece) []piece {
		start, end, was := 0, 0, false
		segments(find, p.text, func(a, b int, match bool) {
			if match != was {
				out = p.part(start, a, out)
				start = a
			}
			end, was = b, match
		})
		return p.part(start, end, out)
	}
}

// mergedWithPrevious appends a match to the gap before it. Of two matches that touch, the second stands alone.
func mergedWithPrevious(find finder, invert bool) cutter {
	return func(p piece, out []piece) []piece {
		start, end, was := 0, 0, false
		segments(find, p.text, func(a, b int, match bool) {
			match = match != invert
			if !match || was {
				out = p.part(start, a, out)
				start = a
			}
			end, was = b, match
		})
		return p.part(start, end, out)
	}
}

// mergedWithNext puts a match in front of the gap after it. Of two matches that touch, the first stands alone.
func mergedWithNext(find finder, invert bool) cutter {
	return func(p piece, out []piece) []piece {
		start, end, was := 0, 0, false
		segments(find, p.text, func(a, b int, match bool) {
			match = match != invert
			if match || !was {
				out = p.part(start, a, out)
				start = a
			}
			end, was = b, match
		})
		return p.part(start, end, out)
	}
}
