package tokenizer

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// addedToken is a token that is found in a text as it is written, before anything else happens to the text.
type addedToken struct {
	id         int32
	content    string
	singleWord bool // not inside a word
	lstrip     bool // takes the white space before it along
	rstrip     bool // … and after it
	normalized bool // looked for in the normalized text, in its normalized spelling
	special    bool
}

// readAdded reads "added_tokens" into the two matchers and the table of all tokens. The model has modelSize tokens.
func (t *Tokenizer) readAdded(list []*node, modelSize int) error {
	next := int32(modelSize) // the id of the next token that the model does not know
	for _, n := range list {
		a := addedToken{content: n.text("content"), special: n.flag("special", false), singleWord: n.flag("single_word", false),
			lstrip: n.flag("lstrip", false), rstrip: n.flag("rstrip", false)}
		a.normalized = n.flag("normalized", !a.special)
		n.must("id", &a.id)
		if err := n.done(); err != nil {
			return err
		}
		if a.content == "" {
			continue
		}
		// As in the Rust library, a token that the model knows keeps the model's id, and the others are numbered from
		// there on. Where a file says otherwise about the others, it contradicts the library.
		want, known := t.TokenToID(a.content)
		if !known {
			want = next
			if a.id != want {
				return n.errorf("token %q has id %d, but Hugging Face's tokenizers gives it %d: fix the file, one of them is wrong",
					a.content, a.id, want)
			}
		}
		a.id = want
		next = max(next, a.id+1)
		if int(a.id) >= len(t.byID) {
			t.byID = append(t.byID, make([]token, int(a.id)+1-len(t.byID))...)
		}
		t.byID[a.id] = token{name: a.content, present: true, special: a.special || t.byID[a.id].special}
		t.added[a.content] = a.id
		spelling, m := a.content, &t.literal
		if a.normalized {
			m = &t.spelled
			for _, f := range t.normalizers {
				spelling, _ = new(edits).rewrite(spelling, 0, f)
			}
		}
		m.add(spelling, a)
	}
	if modelSize > len(t.ids) { // some token is in the model twice: both of its ids are special if one is
		for id := range t.byID {
			if twin, ok := t.added[t.byID[id].name]; ok {
				t.byID[id].special = t.byID[twin].special
			}
		}
	}
	return nil
}

// matcher finds added tokens: at the leftmost place where one stands, the longest. It is a trie over bytes; nodes[0]
// is the root.
type matcher struct {
	starts [256]bool // bytes with which a token begins
	nodes  []trieNode
}

type trieNode struct {
	next  map[byte]int32
	token *addedToken // that ends here
}

func (m *matcher) add(spelling string, a addedToken) {
	if spelling == "" {
		return
	}
	if m.nodes == nil {
		m.nodes = []trieNode{{}}
	}
	m.starts[spelling[0]] = true
	at := int32(0)
	for i := 0; i < len(spelling); i++ {
		next, ok := m.nodes[at].next[spelling[i]]
		if !ok {
			next = int32(len(m.nodes))
			m.nodes = append(m.nodes, trieNode{})
			if m.nodes[at].next == nil {
				m.nodes[at].next = map[byte]int32{}
			}
			m.nodes[at].next[spelling[i]] = next
		}
		at = next
	}
	m.nodes[at].token = &a
}

// longest returns the longest token at the beginning of text, and its length.
func (m *matcher) longest(text string) (found *addedToken, length int) {
	at := int32(0)
	for i := 0; i < len(text); i++ {
		next, ok := m.nodes[at].next[text[i]]
		if !ok {
			break
		}
		at = next
		if a := m.nodes[at].token; a != nil {
			found, length = a, i+1
		}
	}
	return found, length
}

// split appends pieces to out, cut at the added tokens that stand in their texts.
func (m *matcher) split(pieces, out []piece) []piece {
	for _, p := range pieces {
		if p.id != isText || m.nodes == nil {
			out = append(out, p)
		} else {
			out = m.splitText(p, out)
		}
	}
	return out
}

func (m *matcher) splitText(p piece, out []piece) []piece {
	text, done := p.text, 0 // text[:done] has been dealt with
	for i := 0; i < len(text); {
		if !m.starts[text[i]] {
			i++
			continue
		}
		a, n := m.longest(text[i:])
		if a == nil {
			i++
			continue
		}
		start, end := i, i+n
		i = end
		if a.singleWord && (wordBefore(text[:start]) || wordAfter(text[end:])) {
			continue
		}
		if a.lstrip && start > done {
			start = done + len(strings.TrimRightFunc(text[done:start], unicode.IsSpace))
		}
		if a.rstrip {
			end = max(end, done) // done is further if the token before took this one's white space
			end = len(text) - len(strings.TrimLeftFunc(text[end:], unicode.IsSpace))
		}
		if start > done {
			out = p.part(done, start, out)
		}
		out = append(out, piece{text: text[start:end], at: p.at + start, id: a.id})
		done = end
	}
	if done < len(text) {
		out = p.part(done, len(text), out)
	}
	return out
}

func wordBefore(text string) bool {
	r, n := utf8.DecodeLastRuneInString(text)
	return n > 0 && isWord(r)
}

func wordAfter(text string) bool {
	r, n := utf8.DecodeRuneInString(text)
	return n > 0 && isWord(r)
}
