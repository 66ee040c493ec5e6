package tokenizer

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// A model makes ids of the words that the pre-tokenizer cut.
type model interface {
	// encode appends the ids of a word.
	encode(word string, ids []int32, s *scratch) []int32
	// places returns, for each of the ids that encode made of a word, the part of the word that it stands for.
	places(word string, ids []int32, s *scratch) ([]place, error)
}

// vocabulary is the tokens of a model, by name and by id.
type vocabulary struct {
	ids   map[string]int32
	table []token
	size  int // tokens; a Unigram list may hold one twice, and then ids has the last
}

// readModel reads the model. Where an old file does not name its type, the fields tell.
func readModel(n *node, byteLevel bool) (model, vocabulary, error) {
	kind := ""
	if !n.get("type", &kind) {
		switch vocab := bytes.TrimSpace(n.fields["vocab"]); {
		case n.fields["merges"] != nil:
			kind = "BPE"
		case bytes.HasPrefix(vocab, []byte("[")):
			kind = "Unigram"
		case n.fields["max_input_chars_per_word"] != nil:
			kind = "WordPiece"
		}
	}
	switch kind {
	case "BPE":
		m := &bpe{}
		table, err := m.read(n, byteLevel)
		return m, vocabulary{m.vocab, table, len(m.vocab)}, err
	case "Unigram", "WordPiece":
		if byteLevel {
			return nil, vocabulary{}, n.errorf("a %s model behind a ByteLevel pre-tokenizer is not supported", kind)
		}
	}
	switch kind {
	case "Unigram":
		return readUnigram(n)
	case "WordPiece":
		return readWordPiece(n)
	}
	return nil, vocabulary{}, n.errorf("a model of type %q is not supported: only BPE, Unigram and WordPiece are", kind)
}

// readTable reads a vocabulary {"token": id, …}.
func readTable(raw json.RawMessage) (vocabulary, error) {
	ids, err := readVocab(raw)
	if err != nil {
		return vocabulary{}, err
	}
	size := int32(0)
	for _, id := range ids {
		size = max(size, id+1)
	}
	if int(size) > 4*len(ids)+1024 {
		return vocabulary{}, fmt.Errorf("the largest of %d ids is %d: most ids would have no token", len(ids), size-1)
	}
	table := make([]token, size)
	for name, id := range ids {
		if table[id].present {
			return vocabulary{}, fmt.Errorf("tokens %q and %q have the same id %d", table[id].name, name, id)
		}
		table[id] = token{name: name, present: true}
	}
	return vocabulary{ids, table, len(ids)}, nil
}

// byteTokens are the ids of the tokens <0x00> … <0xFF>, −1 where there is none.
func byteTokens(vocab map[string]int32) (ids [256]int32) {
	for b := range ids {
		id, ok := vocab[fmt.Sprintf("<0x%02X>", b)]
		if !ok {
			id = -1
		}
		ids[b] = id
	}
	return ids
}

// appendBytes appends the byte tokens of a text; false if one is missing.
func appendBytes(text string, tokens *[256]int32, ids []int32) ([]int32, bool) {
	n := len(ids)
	for i := 0; i < len(text); i++ {
		id := tokens[text[i]]
		if id < 0 {
			return ids[:n], false
		}
		ids = append(ids, id)
	}
	return ids, true
}
