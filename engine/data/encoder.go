package data

import (
	"bytes"
	"encoding/json"
	"reflect"
	"unicode/utf8"

	"croco/model/text"
)

// Encoder turns text into ids as the model's tokenizer and chat template do. A *text.Codec is one.
type Encoder interface {
	// Encode returns the ids of text; special begins it as the tokenizer begins a text, with BOS for example.
	Encode(text string, special bool) ([]int32, error)
	// WithEnd is text with the end token behind it, once.
	WithEnd(text string) string
	// Render writes a conversation as the chat template has it; generate opens the assistant's next turn.
	Render(talk text.Chat, generate bool) (string, error)
	// Assistant returns the ids of a conversation, and which of them the assistant wrote.
	Assistant(talk text.Chat) (ids []int32, mask []bool, err error)
}

// turn is one message of a conversation: its role, and the JSON that the chat template reads.
type turn struct {
	role string
	raw  json.RawMessage
}

// piece is text or a conversation: exactly one of the two.
type piece struct {
	text             string
	turns            []turn
	chat             bool
	tools, variables json.RawMessage // of the row; nil: none
}

// piece reads a field that is a text, a message, or a list of messages; with messages go the row's tools (a list, or a text
// that holds one) and chat_template_kwargs.
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
	list := []json.RawMessage{raw}
	if raw[0] != '{' {
		if err := r.get(key, &list, expected); err != nil {
			return p, err
		}
	}
	for i, raw := range list {
		var message struct{ Role *string }
		if err := json.Unmarshal(raw, &message); err != nil || message.Role == nil {
			return p, r.errorf("key %q: message %d: expected an object with a \"role\", found %s", key, i+1, clip(raw))
		}
		p.turns = append(p.turns, turn{*message.Role, raw})
	}
	if r.Has("chat_template_kwargs") {
		p.variables = r.fields["chat_template_kwargs"]
	}
	if !r.Has("tools") {
		return p, nil
	}
	if p.tools = r.fields["tools"]; p.tools[0] == '"' {
		var list string
		if err := r.get("tools", &list, "a list, or a text that holds one"); err != nil {
			return p, err
		}
		p.tools = json.RawMessage(bytes.TrimSpace([]byte(list)))
	}
	if len(p.tools) == 0 || p.tools[0] != '[' {
		return p, r.errorf("key %q: expected a list, or a text that holds one, found %s", "tools", clip(p.tools))
	}
	return p, nil
}

// add is the conversation or text that begins with p and goes on with q.
func (p piece) add(q piece) piece {
	if q.chat {
		q.turns = append(append([]turn(nil), p.turns...), q.turns...)
		return q
	}
	return piece{text: p.text + q.text}
}

// talk is a conversation as the chat template takes it.
func (p piece) talk() text.Chat {
	c := text.Chat{Tools: p.tools, Variables: p.variables}
	for _, t := range p.turns {
		c.Messages = append(c.Messages, t.raw)
	}
	return c
}

// encode returns the ids of a piece. Chat templates write the special tokens themselves.
func (p piece) encode(enc Encoder, generate bool) ([]int32, error) {
	if !p.chat {
		return enc.Encode(p.text, true)
	}
	text, err := enc.Render(p.talk(), generate)
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
		for n < min(len(a.turns), len(b.turns))-1 && sameTurn(a.turns[n], b.turns[n]) {
			n++
		}
		prompt, restA, restB = a, a, b
		prompt.turns, restA.turns, restB.turns = a.turns[:n], a.turns[n:], b.turns[n:]
		return prompt, restA, restB
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

// sameTurn compares two messages as values: spaces and the order of keys do not count.
func sameTurn(a, b turn) bool {
	var x, y any
	return json.Unmarshal(a.raw, &x) == nil && json.Unmarshal(b.raw, &y) == nil && reflect.DeepEqual(x, y)
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
