package tokenizer

import (
	"encoding/json"
	"strings"
	"unicode/utf8"
)

// wordPiece is the model of BERT (Devlin et al. 2019, arXiv:1810.04805, after Schuster and Nakajima 2012): the longest
// token that a word begins with, then the longest that the rest begins with, which is spelled with a prefix:
//
//	unaffable  →  un ##aff ##able
//
// A word that cannot be cut to its end like this is one unknown token, and so is a very long one.
type wordPiece struct {
	trie    trie
	inside  int32  // the node behind the prefix: −1 if no token has it
	prefix  string // most often ##
	longest int    // characters of a word
	unknown int32
}

func readWordPiece(n *node) (model, vocabulary, error) {
	m := &wordPiece{trie: newTrie(), longest: 100, prefix: "##"}
	var raw json.RawMessage
	n.must("vocab", &raw)
	unknown := "[UNK]"
	n.get("unk_token", &unknown)
	n.get("continuing_subword_prefix", &m.prefix)
	n.get("max_input_chars_per_word", &m.longest)
	if err := n.done(); err != nil {
		return nil, vocabulary{}, err
	}
	v, err := readTable(raw)
	if err != nil {
		return nil, v, n.errorf("vocab: %w", err)
	}
	known := false
	if m.unknown, known = v.ids[unknown]; !known {
		return nil, v, n.errorf("unk_token %q is not in the vocab", unknown)
	}
	for name, id := range v.ids {
		if err := m.trie.add(name, id); err != nil {
			return nil, v, n.errorf("vocab: %w", err)
		}
	}
	m.inside = m.trie.walk(0, m.prefix)
	return m, v, nil
}

// next returns the longest token at the beginning of text, and its end; end 0 if there is none.
func (m *wordPiece) next(node int32, text string) (id int32, end int) {
	for i := 0; i < len(text) && node >= 0; i++ {
		if node = m.trie.child(node, text[i]); node == 0 {
			break
		}
		if v := m.trie.values[node]; v >= 0 {
			id, end = v, i+1
		}
	}
	return id, end
}

func (m *wordPiece) encode(word string, ids []int32, _ *scratch) []int32 {
	if word == "" {
		return ids
	}
	start := len(ids)
	if len(word) > m.longest && utf8.RuneCountInString(word) > m.longest {
		return append(ids, m.unknown)
	}
	for at, node := 0, int32(0); at < len(word); node = m.inside {
		id, n := m.next(node, word[at:])
		if n == 0 {
			return append(ids[:start], m.unknown)
		}
		ids = append(ids, id)
		at += n
	}
	return ids
}

func (m *wordPiece) places(word string, ids []int32, _ *scratch) ([]place, error) {
	if len(ids) == 1 {
		return []place{{0, len(word)}}, nil
	}
	var out []place
	for at, node := 0, int32(0); at < len(word); node = m.inside {
		_, n := m.next(node, word[at:])
		out = append(out, place{at, at + n})
		at += n
	}
	return out, nil
}

// words is the decoder of WordPiece models: tokens with the prefix continue a word, all others begin one.
type wordStage struct {
	next    stage
	prefix  string
	cleanUp bool
	began   bool
}

func (w *wordStage) token(text string) {
	if w.began {
		if rest, inside := strings.CutPrefix(text, w.prefix); inside {
			text = rest
		} else {
			text = " " + text
		}
	}
	w.began = true
	if w.cleanUp {
		for _, pair := range cleanUps {
			text = strings.ReplaceAll(text, pair[0], pair[1])
		}
	}
	w.next.token(text)
}

func (w *wordStage) end() { w.next.end() }

// cleanUps are made in each token, in this order.
var cleanUps = [...][2]string{{" .", "."}, {" ?", "?"}, {" !", "!"}, {" ,", ","}, {" ' ", "'"}, {" n't", "n't"},
	{" 'm", "'m"}, {" do not", " don't"}, {" 's", "'s"}, {" 've", "'ve"}, {" 're", "'re"}}
