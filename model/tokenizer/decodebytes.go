package tokenizer

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// fromBytes undoes the spelling of byte-level tokens and joins them into one text. It holds back the bytes of a
// character that is not complete.
type fromBytes struct {
	next    stage
	pending []byte
}

func (f *fromBytes) token(text string) {
	bytes, ok := unspell(f.pending, text)
	if !ok { // an added token with a character that is no spelling: it stands for itself
		bytes = append(bytes[:len(f.pending)], text...)
	}
	whole := len(bytes)
	for back := 1; back < utf8.UTFMax && back <= len(bytes); back++ {
		last := bytes[len(bytes)-back:]
		if utf8.RuneStart(last[0]) {
			if n, open := maximalPart(string(last)); open && n == back {
				whole -= back
			}
			break
		}
	}
	if whole > 0 {
		f.next.token(valid(string(bytes[:whole])))
	}
	f.pending = append(bytes[:0], bytes[whole:]...)
}

func (f *fromBytes) end() {
	if len(f.pending) > 0 {
		f.next.token(valid(string(f.pending)))
	}
	f.next.end()
}

// fallbackBytes joins a run of tokens <0xC3> <0xA9> into characters, if all of the run is UTF-8; else each of them is
// U+FFFD. So the run is held back until it ends.
type fallbackBytes struct {
	next stage
	run  []byte
}

func (f *fallbackBytes) token(text string) {
	if len(text) == len("<0x00>") && strings.HasPrefix(text, "<0x") && text[5] == '>' {
		if b, err := strconv.ParseUint(text[3:5], 16, 8); err == nil {
			f.run = append(f.run, byte(b))
			return
		}
	}
	f.flush()
	f.next.token(text)
}

func (f *fallbackBytes) flush() {
	if len(f.run) == 0 {
		return
	}
	if utf8.Valid(f.run) {
		f.next.token(string(f.run))
	} else {
		for range f.run {
			f.next.token("\uFFFD")
		}
	}
	f.run = f.run[:0]
}

func (f *fallbackBytes) end() {
	f.flush()
	f.next.end()
}

// strip cuts up to start copies of a character from the beginning of each token and up to stop from its end. Fused,
// the tokens are the parts of one, so it holds back what may turn out to be its end.
type strip struct {
	next        stage
	content     string
	start, stop int
	fused       bool

	cut  int  // copies cut from the beginning so far
	past bool // the beginning has passed
	held int  // copies at the end, held back
}

func (s *strip) token(text string) {
	if !s.fused {
		s.cut, s.past = 0, false
	}
	for !s.past && s.cut < s.start && strings.HasPrefix(text, s.content) {
		text = text[len(s.content):]
		s.cut++
	}
	s.past = s.past || text != ""
	tail := 0
	for !s.fused && tail < s.stop && strings.HasSuffix(text, s.content) {
		text = text[:len(text)-len(s.content)]
		tail++
	}
	if s.fused {
		text = s.hold(text)
	}
	s.next.token(text)
}

// hold returns text behind what was held back, and holds back up to stop copies at its end.
func (s *strip) hold(text string) string {
	text = strings.Repeat(s.content, s.held) + text
	s.held = 0
	for s.held < s.stop && strings.HasSuffix(text, s.content) {
		text = text[:len(text)-len(s.content)]
		s.held++
	}
	return text
}

func (s *strip) end() { s.next.end() }
