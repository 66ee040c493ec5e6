package data

import (
	"reflect"
	"unicode/utf8"
)

// Message is one turn of a conversation: role, content, and whatever else the chat template reads.
type Message = map[string]any

// Encoder turns text into ids as the model's tokenizer and chat template do.
type Encoder interface {
	// Encode returns the ids of text; special adds the tokens that the tokenizer puts around a text, such as BOS.
	Encode(text string, special bool) ([]int32, error)
	// Render writes a conversation as the chat template has it; generate opens the assistant's next turn.
	Render(messages []Message, generate bool) (string, error)
	// EOS is the text of the end token, "" where the tokenizer names none.
	EOS() string
}

// piece is text or messages: exactly one of the two.
type piece struct {
	text     string
	messages []Message
	chat     bool
}

// piece reads a field that is a text, a message, or a list of messages.
func (r Row) piece(key string) (piece, error) {
	const expected = "a text or a list of messages"
	raw := r.fields[key]
	if len(raw) == 0 {
		return piece{}, r.errorf("key %q: expected %s, found nothing; the row holds %s", key, expected, r.keys())
	}
	p := piece{chat: raw[0] != '"'}
	if !p.chat {
		return p, r.get(key, &p.text, expected)
	}
	if raw[0] == '{' {
		var m Message
		p.messages = []Message{m}
		return p, r.get(key, &p.messages[0], expected)
	}
	if err := r.get(key, &p.messages, expected); err != nil {
		return p, err
	}
	for i, m := range p.messages {
		if _, ok := m["role"].(string); !ok {
			return p, r.errorf("key %q: message %d: expected a \"role\", found %s", key, i+1, clip(raw))
		}
	}
	return p, nil
}

// add is the conversation or text that begins with p and goes on with q.
func (p piece) add(q piece) piece {
	if q.chat {
		return piece{chat: true, messages: append(append([]Message(nil), p.messages...), q.messages...)}
	}
	return piece{text: p.text + q.text}
}

// encode returns the ids of a piece. Chat templates write the special tokens themselves.
func (p piece) encode(enc Encoder, generate bool) ([]int32, error) {
	if !p.chat {
		return enc.Encode(p.text, true)
	}
	text, err := enc.Render(p.messages, generate)
	if err != nil {
		return nil, err
	}
	return enc.Encode(text, false)
}

// split finds the prompt that a and b share where a row names none: their common first turns or characters, as TRL's
// extract_prompt has it. One turn or character is left to each, and a text prompt does not end in a space.
func split(a, b piece) (prompt, restA, restB piece) {
	if a.chat {
		n := 0
		for n < min(len(a.messages), len(b.messages))-1 && reflect.DeepEqual(a.messages[n], b.messages[n]) {
			n++
		}
		turns := func(m []Message) piece { return piece{chat: true, messages: m} }
		return turns(a.messages[:n]), turns(a.messages[n:]), turns(b.messages[n:])
	}
	n := 0
	for n < len(a.text) && n < len(b.text) {
		r, size := utf8.DecodeRuneInString(a.text[n:])
		s, _ := utf8.DecodeRuneInString(b.text[n:])
		if r != s || n+size == len(a.text) || n+size == len(b.text) {
			break
		}
		n += size
	}
	if n > 0 && a.text[n-1] == ' ' {
		n--
	}
	return piece{text: a.text[:n]}, piece{text: a.text[n:]}, piece{text: b.text[n:]}
}

// ids reads a field of token ids.
func (r Row) ids(key string, vocab int) ([]int32, error) {
	var ids []int32
	if err := r.get(key, &ids, "a list of token ids"); err != nil {
		return nil, err
	}
	for _, id := range ids {
		if id < 0 || vocab > 0 && int(id) >= vocab {
			return nil, r.errorf("key %q: id %d is not in the model's vocabulary of %d", key, id, vocab)
		}
	}
	return ids, nil
}

// logprobs reads the record of an answer of n tokens; nil where the row has none.
func (r Row) logprobs(key string, n int) ([]float32, error) {
	if !r.Has(key) {
		return nil, nil
	}
	var v []float32
	if err := r.get(key, &v, "a list of numbers"); err != nil {
		return nil, err
	}
	if len(v) != n {
		return nil, r.errorf("key %q: expected one number for each of the answer's %d tokens, found %d", key, n, len(v))
	}
	return v, nil
}

// number reads an optional field.
func (r Row) number(key string) (float64, error) {
	var v float64
	if !r.Has(key) {
		return 0, nil
	}
	return v, r.get(key, &v, "a number")
}
