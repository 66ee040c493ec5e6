package tokenizer

import (
	"strings"
	"unicode/utf8"
)

// Decode returns the text of ids. With skipSpecial the special tokens are left out. Ids without a token are passed
// over; bytes that make no character become U+FFFD.
func (t *Tokenizer) Decode(ids []int32, skipSpecial bool) string {
	s := t.NewStream(skipSpecial)
	s.text.Grow(4 * len(ids))
	for _, id := range ids {
		s.push(id)
	}
	return s.Flush()
}

// Stream decodes one id at a time. What Push and Flush return, joined, is what Decode makes of all the ids.
type Stream struct {
	tokenizer   *Tokenizer
	skipSpecial bool
	first       stage
	text        *strings.Builder // what the stages have let through since the last Push
}

// NewStream starts a text.
func (t *Tokenizer) NewStream(skipSpecial bool) *Stream {
	s := &Stream{tokenizer: t, skipSpecial: skipSpecial, text: &strings.Builder{}}
	s.first = &writer{out: s.text}
	if t.decoders == nil {
		s.first = &writer{out: s.text, separator: " "}
	}
	for i := len(t.decoders) - 1; i >= 0; i-- {
		s.first = t.decoders[i](s.first)
	}
	return s
}

// Push takes the next id and returns the text that is certain by now: always whole characters, often nothing.
func (s *Stream) Push(id int32) string {
	s.push(id)
	return s.take()
}

// Flush ends the text and returns what was held back. The stream cannot be used again.
func (s *Stream) Flush() string {
	s.first.end()
	return s.take()
}

func (s *Stream) push(id int32) {
	if name, ok := s.tokenizer.IDToToken(id); ok && !(s.skipSpecial && s.tokenizer.Special(id)) {
		s.first.token(name)
	}
}

func (s *Stream) take() string {
	text := s.text.String()
	s.text.Reset()
	return text
}

// A stage of the decoder takes tokens and hands what it makes of them to the next stage. It may hold text back until
// it knows what comes after it, at the latest until the end.
type stage interface {
	token(text string)
	end()
}

type stageMaker func(next stage) stage

// readDecoder reads the stages; nil for a file without a decoder, which joins tokens with spaces.
func readDecoder(n *node) ([]stageMaker, error) {
	if n == nil {
		return nil, nil
	}
	stages := []stageMaker{}
	fused := false // from here on there is one token, the whole text
	err := components(n, "decoders", func(kind string, n *node) error {
		made, err := stageOf(kind, n, fused)
		if err != nil {
			return err
		}
		if fused && kind != "Strip" { // it needs to see the text in one piece
			stages = append(stages, func(next stage) stage { return &whole{next: next} })
		}
		fused = fused || kind == "Fuse" || kind == "ByteLevel"
		stages = append(stages, made)
		return nil
	})
	return stages, err
}

func stageOf(kind string, n *node, fused bool) (stageMaker, error) {
	switch kind {
	case "ByteLevel":
		n.ignore("add_prefix_space", "trim_offsets", "use_regex")
		return func(next stage) stage { return &fromBytes{next: next} }, nil
	case "ByteFallback":
		return func(next stage) stage { return &fallbackBytes{next: next} }, nil
	case "Fuse":
		return func(next stage) stage { return next }, nil // what follows takes the tokens as parts of one
	case "Replace":
		find, err := n.finder()
		change := replaceAll(find, n.text("content"))
		return func(next stage) stage { return &replace{next: next, change: change} }, err
	case "WordPiece":
		prefix, cleanUp := n.text("prefix"), n.flag("cleanup", true)
		return func(next stage) stage { return &wordStage{next: next, prefix: prefix, cleanUp: cleanUp} }, nil
	case "BPEDecoder":
		suffix := n.text("suffix")
		return func(next stage) stage { return &suffixes{next: next, suffix: suffix} }, nil
	case "Metaspace":
		mark, scheme := n.text("replacement"), prependScheme(n)
		n.ignore("split", "str_rep")
		return func(next stage) stage { return &metaspace{next: next, mark: mark, drop: scheme != "never"} }, nil
	case "Strip":
		content, start, stop := n.text("content"), 0, 0
		n.must("start", &start)
		n.must("stop", &stop)
		if utf8.RuneCountInString(content) != 1 {
			n.fail("content: expected one character, found %q", content)
		}
		return func(next stage) stage {
			return &strip{next: next, content: content, start: start, stop: stop, fused: fused}
		}, nil
	}
	return nil, n.errorf("decoder %q is not supported", kind)
}

// writer is the last stage.
type writer struct {
	out       *strings.Builder
	separator string
	began     bool
}

func (w *writer) token(text string) {
	if w.began {
		w.out.WriteString(w.separator)
	}
	w.began = true
	w.out.WriteString(text)
}

func (w *writer) end() {}

// whole joins all tokens into one.
type whole struct {
	next stage
	text strings.Builder
}

func (w *whole) token(text string) { w.text.WriteString(text) }

func (w *whole) end() {
	w.next.token(w.text.String())
	w.next.end()
}

type replace struct {
	next   stage
	change normalizer
	edits  edits
}

func (r *replace) token(text string) {
	text, _ = r.edits.rewrite(text, 0, r.change)
	r.next.token(text)
}

func (r *replace) end() { r.next.end() }

// metaspace makes ▁ a space; in the first token, where the pre-tokenizer put one in front, nothing.
type metaspace struct {
	next  stage
	mark  string
	drop  bool
	began bool
}

func (m *metaspace) token(text string) {
	space := " "
	if m.drop && !m.began {
		space = ""
	}
	m.began = true
	m.next.token(strings.ReplaceAll(text, m.mark, space))
}

func (m *metaspace) end() { m.next.end() }

// suffixes makes the mark at the end of a word a space, and nothing at the end of the text: so it holds back a token
// until it knows whether another follows.
type suffixes struct {
	next   stage
	suffix string
	held   string
	began  bool
}

func (s *suffixes) token(text string) {
	s.release(" ")
	s.held, s.began = text, true
}

func (s *suffixes) release(space string) {
	if s.began {
		s.next.token(strings.ReplaceAll(s.held, s.suffix, space))
	}
}

func (s *suffixes) end() {
	s.release("")
	s.next.end()
}
