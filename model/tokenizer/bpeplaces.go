package tokenizer

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// places lays the tokens of a word on its text, one after the other: each must spell what stands there. So the places
// are right or there are none, and encode, which remembers words, need not know about them.
func (m *bpe) places(word string, ids []int32, _ *scratch) ([]place, error) {
	at, out := 0, make([]place, 0, len(ids))
	for _, id := range ids {
		for m.unknown < 0 && m.unknownAt(word, at) > 0 { // dropped
			at += m.unknownAt(word, at)
		}
		n := m.spells(id, word, at)
		if n == 0 && id == m.unknown {
			n = m.unknownAt(word, at)
			for more := n; m.fuseUnknown && more > 0; n += more {
				more = m.unknownAt(word, at+n)
			}
		}
		if n == 0 {
			return nil, fmt.Errorf("token %q does not spell what stands at byte %d of %q", m.table[id].name, at, word)
		}
		out = append(out, place{at, at + n})
		at += n
	}
	return out, nil
}

// spells returns how many bytes of the word, from at on, a token spells; 0 if it spells something else.
func (m *bpe) spells(id int32, word string, at int) int {
	name := m.table[id].name
	if m.byteLevel {
		raw, ok := unspell(nil, strings.TrimSuffix(name, m.suffix))
		if !ok {
			return 0
		}
		name = string(raw)
	} else if m.byteFallback && m.isByte(name) && id == m.byteID[word[min(at, len(word)-1)]] {
		return 1
	} else if at > 0 {
		name = strings.TrimPrefix(name, m.prefix)
	}
	if !strings.HasPrefix(word[at:], name) {
		if name = strings.TrimSuffix(name, m.suffix); m.suffix == "" || word[at:] != name {
			return 0
		}
	}
	return len(name)
}

// unknownAt returns the length of the character at a place of a word if the model does not know it, else 0.
func (m *bpe) unknownAt(word string, at int) int {
	if at >= len(word) || m.fromBytes {
		return 0
	}
	_, n := utf8.DecodeRuneInString(word[at:])
	if m.byteLevel {
		n = 1
	}
	name := word[at : at+n]
	if m.byteLevel {
		name = spell(name)
	}
	if m.prefix != "" && at > 0 {
		name = m.prefix + name
	}
	if m.suffix != "" && at+n == len(word) {
		name += m.suffix
	}
	if _, ok := m.vocab[name]; ok {
		return 0
	}
	if m.byteFallback {
		if _, ok := m.fallback(name, nil); ok {
			return 0
		}
	}
	return n
}
