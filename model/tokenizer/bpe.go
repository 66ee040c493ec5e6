package tokenizer

import (
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"
)

// bpe is the model: byte-pair encoding (Sennrich et al. 2016, arXiv:1508.07909) with the variations of the Rust
// library. A word starts as symbols, one for each character that the vocabulary has; then the earliest merge of the
// list that applies anywhere is applied, at its leftmost place, until none applies.
type bpe struct {
	vocab  map[string]int32
	table  []token // by id
	merges pairs

	// The ids of single bytes, −1 where there is none. In a byte-level model with all of them a word starts from its
	// bytes as they are (fromBytes); one without works on their visible spelling, like any other model. With
	// byteFallback a character that the vocabulary lacks becomes the tokens <0xC3> <0xA9> of its bytes.
	byteLevel, fromBytes, byteFallback bool
	byteID                             [256]int32

	ignoreMerges   bool             // a word that is a token is that token, whatever the merges would make of it
	whole          map[string]int32 // for ignoreMerges: ids by word
	unknown        int32            // for a character that is not in the vocabulary; −1: it is dropped
	fuseUnknown    bool             // a run of such characters becomes one token
	prefix, suffix string           // continuing_subword_prefix, end_of_word_suffix: part of the first symbols

	cutMarks bool          // a ▁ begins a word of its own: see cuts
	glued    map[rune]bool // … unless one of these characters stands before it
}

// read reads the model and returns its tokens by id.
func (m *bpe) read(n *node, byteLevel bool) ([]token, error) {
	var vocab, merges json.RawMessage
	n.must("vocab", &vocab)
	n.must("merges", &merges)
	m.byteLevel, m.byteFallback = byteLevel, n.flag("byte_fallback", false)
	m.fuseUnknown, m.ignoreMerges = n.flag("fuse_unk", false), n.flag("ignore_merges", false)
	n.get("continuing_subword_prefix", &m.prefix)
	n.get("end_of_word_suffix", &m.suffix)
	dropout, unknown := 0.0, ""
	n.get("dropout", &dropout)
	named := n.get("unk_token", &unknown)
	if dropout != 0 {
		n.fail("dropout %g makes the ids random: only 0 or null is supported", dropout)
	}
	if err := n.done(); err != nil {
		return nil, err
	}
	v, err := readTable(vocab)
	if err != nil {
		return nil, n.errorf("vocab: %w", err)
	}
	m.vocab, m.table = v.ids, v.table
	m.unknown = -1
	if named {
		id, ok := m.vocab[unknown]
		if !ok {
			return nil, n.errorf("unk_token %q is not in the vocab", unknown)
		}
		m.unknown = id
	}
	m.readBytes()
	if err := m.readMerges(merges); err != nil {
		return nil, n.errorf("merges: %w", err)
	}
	return v.table, nil
}

// readBytes finds the tokens of single bytes, and for fromBytes the tokens as bytes.
func (m *bpe) readBytes() {
	m.whole = m.vocab
	m.fromBytes = m.byteLevel && m.prefix == "" && m.suffix == ""
	for b := 0; b < 256 && m.fromBytes; b++ {
		_, m.fromBytes = m.vocab[string(visible[b])]
	}
	m.byteID = byteTokens(m.vocab)
	for b := 0; b < 256 && m.fromBytes; b++ {
		m.byteID[b] = m.vocab[string(visible[b])]
	}
	if !m.fromBytes || !m.ignoreMerges {
		return
	}
	m.whole = make(map[string]int32, len(m.vocab))
	for name, id := range m.vocab {
		if bytes, ok := unspell(nil, name); ok {
			m.whole[string(bytes)] = id
		}
	}
}

func (m *bpe) readMerges(raw json.RawMessage) error {
	m.merges = newPairs(strings.Count(string(raw), ",") + 1)
	m.cutMarks = !m.byteLevel && !m.ignoreMerges && m.prefix == "" && m.suffix == "" && m.neverUnknown()
	m.glued = map[rune]bool{'▁': true}
	return readMerges(raw, func(rank int, left, right string) error {
		a, okA := m.vocab[left]
		b, okB := m.vocab[right]
		joined := left + right[min(len(m.prefix), len(right)):]
		c, okC := m.vocab[joined]
		if !okA || !okB || !okC {
			return fmt.Errorf("%q and %q make %q: not all three are in the vocab", left, right, joined)
		}
		m.merges.put(a, b, rank, c)
		if strings.HasPrefix(right, "▁") {
			last, _ := utf8.DecodeLastRuneInString(left)
			m.glued[last] = true
		}
		if m.isByte(left) || m.isByte(right) {
			m.cutMarks = false
		}
		return nil
	})
}

// neverUnknown reports whether every character has ids, if only those of its bytes.
func (m *bpe) neverUnknown() bool {
	_, mark := m.vocab["▁"]
	for b, id := range m.byteID {
		_, char := m.vocab[string(rune(b))]
		if id < 0 && (b >= utf8.RuneSelf || !char) {
			return false
		}
	}
	return mark && m.byteFallback
}

func (m *bpe) isByte(name string) bool {
	return len(name) == len("<0x00>") && strings.HasPrefix(name, "<0x")
}

// encode appends the ids of a text that the pre-tokenizer left in one piece.
func (m *bpe) encode(text string, ids []int32, s *scratch) []int32 {
	for start := 0; start < len(text); {
		end := m.cut(text, start)
		ids = m.word(text[start:end], ids, s)
		start = end
	}
	return ids
}

// cut returns the end of the word that begins at start.
//
// SentencePiece models have no pre-tokenizer: a whole text is one word, and merging it takes a heap. But a merge can
// cross from a character to a ▁ only if some merge of the list does, and hardly any does. So where none can, the text
// is cut in front of the ▁, without changing an id, and the words become short and familiar.
func (m *bpe) cut(text string, start int) int {
	if !m.cutMarks {
		return len(text)
	}
	for i := start + 1; i < len(text); {
		at := strings.Index(text[i:], "▁")
		if at < 0 {
			break
		}
		i += at
		if last, _ := utf8.DecodeLastRuneInString(text[start:i]); !m.glued[last] {
			return i
		}
		i += len("▁")
	}
	return len(text)
}

// word appends the ids of one word.
func (m *bpe) word(w string, ids []int32, s *scratch) []int32 {
	if m.fromBytes && len(w) == 1 {
		return append(ids, m.byteID[w[0]])
	}
	if m.byteLevel && !m.fromBytes {
		w = spell(w)
	}
	if m.ignoreMerges {
		if id, ok := m.whole[w]; ok {
			return append(ids, id)
		}
	}
	known := s.recall(w)
	if known != nil && known.word == w {
		return append(ids, known.ids...)
	}
	s.symbols = m.symbols(w, s.symbols[:0])
	start := len(ids)
	ids = m.merge(ids, &s.merger)
	if known != nil {
		known.word = strings.Clone(w)
		known.ids = append([]int32(nil), ids[start:]...)
	}
	return ids
}

// symbols appends what a word starts as.
func (m *bpe) symbols(w string, out []symbol) []symbol {
	if m.fromBytes {
		for i := 0; i < len(w); i++ {
			out = append(out, symbol{id: m.byteID[w[i]]})
		}
		return out
	}
	pending := false // an unknown character that the next may join
	for i, r := range w {
		end := i + utf8.RuneLen(r)
		name := w[i:end]
		if m.prefix != "" && i > 0 {
			name = m.prefix + name
		}
		if m.suffix != "" && end == len(w) {
			name += m.suffix
		}
		if id, ok := m.vocab[name]; ok {
			if pending {
				out = append(out, symbol{id: m.unknown})
				pending = false
			}
			out = append(out, symbol{id: id})
			continue
		}
		if m.byteFallback {
			if bytes, ok := m.fallback(name, out); ok {
				out = bytes // a pending unknown stays pending, as in the Rust library
				continue
			}
		}
		if m.unknown >= 0 {
			if pending && !m.fuseUnknown {
				out = append(out, symbol{id: m.unknown})
			}
			pending = true
		}
	}
	if pending {
		out = append(out, symbol{id: m.unknown})
	}
	return out
}

// fallback appends the byte tokens of a character; false if one is missing.
func (m *bpe) fallback(name string, out []symbol) ([]symbol, bool) {
	for i := 0; i < len(name); i++ {
		id := m.byteID[name[i]]
		if id < 0 {
			return out, false
		}
		out = append(out, symbol{id: id})
	}
	return out, true
}
