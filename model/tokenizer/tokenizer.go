package tokenizer

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"unicode/utf8"
)

// Tokenizer is a tokenizer.json, ready to use.
type Tokenizer struct {
	hash string

	literal, spelled matcher // added tokens, looked for before and after the normalizer
	normalizers      []normalizer
	steps            []step // the pre-tokenizer
	model            model
	prefix, suffix   []int32 // what the post-processor puts around a text
	trim             trimmer // what it leaves out of offsets

	byID     []token          // by id; holes have no name
	ids      map[string]int32 // of the model's tokens
	added    map[string]int32
	decoders []stageMaker

	mu   sync.Mutex
	idle []*scratch
}

// token is one row of the vocabulary.
type token struct {
	name    string
	present bool
	special bool
}

// Open reads a tokenizer.json, or the one in a folder. It refuses whatever it could only guess at.
func Open(path string) (*Tokenizer, error) {
	if info, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("tokenizer: %w", err)
	} else if info.IsDir() {
		path = filepath.Join(path, "tokenizer.json")
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("tokenizer: %w", err)
	}
	t, err := parse(path, data)
	if err != nil {
		return nil, fmt.Errorf("tokenizer: %w", err)
	}
	return t, nil
}

// parse builds a tokenizer from the bytes of a tokenizer.json; file is its name in errors.
func parse(file string, data []byte) (*Tokenizer, error) {
	if !utf8.Valid(data) {
		return nil, fmt.Errorf("%s: not UTF-8 text", file)
	}
	n, err := newNode(file, "", json.RawMessage(data))
	if err != nil {
		return nil, err
	}
	if n == nil {
		return nil, fmt.Errorf("%s: expected an object, found null or nothing", file)
	}
	sum := sha256.Sum256(data)
	t := &Tokenizer{hash: hex.EncodeToString(sum[:]), added: map[string]int32{}}
	n.ignore("version", "truncation", "padding")
	normal, pre, model := n.child("normalizer"), n.child("pre_tokenizer"), n.child("model")
	post, decoder, added := n.child("post_processor"), n.child("decoder"), n.list("added_tokens")
	if err := n.done(); err != nil {
		return nil, err
	}
	if model == nil {
		return nil, n.errorf(`"model" is missing`)
	}
	bytes := false
	if t.steps, bytes, err = readPreTokenizer(pre); err != nil {
		return nil, err
	}
	if t.normalizers, err = readNormalizer(normal); err != nil {
		return nil, err
	}
	var vocab vocabulary
	if t.model, vocab, err = readModel(model, bytes); err != nil {
		return nil, err
	}
	t.byID, t.ids = vocab.table, vocab.ids
	if err = t.readAdded(added, vocab.size); err != nil {
		return nil, err
	}
	if err = t.readTemplate(post); err != nil {
		return nil, err
	}
	if t.decoders, err = readDecoder(decoder); err != nil {
		return nil, err
	}
	return t, nil
}

// Encode returns the ids of a text. With addSpecial the file's post-processor adds its tokens (most often a beginning
// of text); a rendered chat template already holds them. Added tokens that are written in the text become their ids
// either way.
func (t *Tokenizer) Encode(text string, addSpecial bool) []int32 {
	ids := make([]int32, 0, len(text)/4+len(t.prefix)+len(t.suffix)+4)
	if addSpecial {
		ids = append(ids, t.prefix...)
	}
	s := t.borrow()
	ids = t.encode(valid(text), ids, s)
	t.giveBack(s)
	if addSpecial {
		ids = append(ids, t.suffix...)
	}
	return ids
}

// encode appends the ids of a text that is UTF-8.
func (t *Tokenizer) encode(text string, ids []int32, s *scratch) []int32 {
	for _, p := range t.cut(text, s) {
		if p.id == isText {
			ids = t.model.encode(p.text, ids, s)
		} else {
			ids = append(ids, p.id)
		}
	}
	s.forget()
	return ids
}

// piece is a part of a text on its way to the model: text still to encode, or an added token found in it.
type piece struct {
	text  string
	at    int   // of its first byte in the places of the edits
	id    int32 // the added token, or isText
	first bool  // it stands at the very beginning of the text, of which nothing was deleted
}

const isText int32 = -1

// cut takes a text through everything before the model. The pieces live until s is used again.
func (t *Tokenizer) cut(text string, s *scratch) []piece {
	if text == "" {
		return nil
	}
	in, out := append(s.pieces[0][:0], piece{text: text, id: isText, first: true}), s.pieces[1][:0]
	in, out = t.literal.split(in, out), in[:0]
	if t.normalizers != nil {
		in = t.normalize(in, &s.edits)
	}
	in, out = t.spelled.split(in, out), in[:0]
	for _, cut := range t.steps {
		in, out = cut(in, out, &s.edits), in[:0]
	}
	s.pieces[0], s.pieces[1] = in, out
	return in
}

// normalize normalizes the texts among pieces in place and drops those of which nothing is left.
func (t *Tokenizer) normalize(pieces []piece, e *edits) []piece {
	kept := pieces[:0]
	for _, p := range pieces {
		if p.id == isText {
			for _, f := range t.normalizers {
				p.text, p.at = e.rewrite(p.text, p.at, f)
				p.first = p.first && !e.shifted
			}
		}
		if p.text != "" {
			kept = append(kept, p)
		}
	}
	return kept
}

// scratch is the memory of one encoding: two lists of pieces that take turns, and what the parts need.
type scratch struct {
	pieces [2][]piece
	edits  edits
	recent
	merger
	lattice
}

// forget lets go of the pieces: their text is the caller's.
func (s *scratch) forget() {
	for i, list := range s.pieces {
		clear(list[:cap(list)])
		s.pieces[i] = list[:0]
	}
}

func (t *Tokenizer) borrow() *scratch {
	t.mu.Lock()
	defer t.mu.Unlock()
	if n := len(t.idle); n > 0 {
		s := t.idle[n-1]
		t.idle = t.idle[:n-1]
		return s
	}
	return &scratch{}
}

func (t *Tokenizer) giveBack(s *scratch) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.idle) < runtime.GOMAXPROCS(0) {
		t.idle = append(t.idle, s)
	}
}

// TokenToID returns the id of a token by its name in the file ("Ġthe", "▁the", "<|im_end|>").
func (t *Tokenizer) TokenToID(name string) (int32, bool) {
	id, ok := t.added[name]
	if !ok {
		id, ok = t.ids[name]
	}
	return id, ok
}

// IDToToken returns the name of a token in the file; false for an id that has none.
func (t *Tokenizer) IDToToken(id int32) (string, bool) {
	if id < 0 || int(id) >= len(t.byID) {
		return "", false
	}
	return t.byID[id].name, t.byID[id].present
}

// Special reports whether id is an added token that the file calls special: Decode can leave it out.
func (t *Tokenizer) Special(id int32) bool {
	return id >= 0 && int(id) < len(t.byID) && t.byID[id].special
}

// VocabSize is the largest id plus one. A model's embedding may have more rows, never fewer.
func (t *Tokenizer) VocabSize() int { return len(t.byID) }

// Hash is the sha256 of the file, in hexadecimal: the name under which ids can be shared.
func (t *Tokenizer) Hash() string { return t.hash }
