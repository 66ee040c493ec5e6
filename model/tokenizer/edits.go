package tokenizer

import "unicode/utf8"

// edits rewrites a text. A normalizer reads text and calls replace for the parts that it changes, from left to right;
// what it does not mention stays. A text in which nothing changes is not copied.
//
// When somebody asks for offsets, places holds, for each byte of a text on its way, the part of the original text that
// it was made from. A piece of text knows where its places begin (piece.at).
type edits struct {
	text string // being rewritten
	at   int    // of its first byte in places

	out     []byte // the new text, as far as it is made
	done    int    // text[:done] has been dealt with
	shifted bool   // the beginning of the text was deleted

	tracking bool
	places   []place
	start    int // of the new text in places
}

// place is a part [from, to) of the original text, in bytes.
type place struct{ from, to int }

// rewrite applies f to a text whose places begin at at, and returns what it makes of it.
func (e *edits) rewrite(text string, at int, f func(*edits)) (string, int) {
	e.text, e.at, e.start, e.done, e.out, e.shifted = text, at, len(e.places), 0, e.out[:0], false
	f(e)
	if e.done > 0 || len(e.out) > 0 {
		e.keep(len(text))
		text, at = string(e.out), e.start
	}
	e.text = ""
	return text, at
}

// keep copies the text up to position to.
func (e *edits) keep(to int) {
	e.out = append(e.out, e.text[e.done:to]...)
	if e.tracking {
		e.places = append(e.places, e.places[e.at+e.done:e.at+to]...)
	}
	e.done = to
}

// replace writes other text for text[a:b]. What is inserted (a = b) belongs to the character that it stands before.
func (e *edits) replace(a, b int, other string) {
	e.keep(a)
	e.out = append(e.out, other...)
	e.cover(a, b, len(other))
}

// delete leaves text[a:b] out.
func (e *edits) delete(a, b int) {
	if a < b {
		e.keep(a)
		e.done = b
		e.shifted = e.shifted || len(e.out) == 0
	}
}

func (e *edits) replaceRune(a, b int, r rune) {
	e.keep(a)
	n := len(e.out)
	e.out = utf8.AppendRune(e.out, r)
	e.cover(a, b, len(e.out)-n)
}

// cover records that the last n bytes of the new text were made from text[a:b].
func (e *edits) cover(a, b, n int) {
	e.done = b
	if !e.tracking {
		return
	}
	for range n {
		e.places = append(e.places, e.placeOf(e.at+a, e.at+max(b, min(a+1, len(e.text)))))
	}
}

// placeOf joins the places from index a to index b.
func (e *edits) placeOf(a, b int) place {
	if a == b {
		return place{}
	}
	return place{e.places[a].from, e.places[b-1].to}
}

// track begins to record places, for a text as its caller has it. valid replaces the broken parts of the text by one
// U+FFFD each; the places are those of the text that it returns.
func (e *edits) track(text string) {
	e.tracking, e.places = true, e.places[:0]
	for i := 0; i < len(text); {
		r, n := utf8.DecodeRuneInString(text[i:])
		size := n
		if r == utf8.RuneError && n == 1 {
			n, _ = maximalPart(text[i:])
			size = len("\uFFFD")
		}
		for range size {
			e.places = append(e.places, place{i, i + n})
		}
		i += n
	}
}
