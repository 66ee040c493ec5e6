// Package text is what a model knows of text: its tokenizer and its chat template, together.
//
//	Open          the codec of a model; nil where it has no tokenizer
//	Tokenizer, Template   one half of it, for commands that need no more
//	Prompt        text or messages → the ids that a model answers
//	Conversation  prompt and answer → the ids that a reward model reads
//	Answer        an answer → its ids as the model would have written them
//	Encode, Render, WithEnd   the same, piece by piece, as training data needs them
//	Assistant     conversation → ids, and which of them the assistant wrote
//	Decode        ids → text
//
// BOS and EOS have one owner. A chat template writes the special tokens itself, so rendered text is encoded without any.
// Plain text gets what the tokenizer puts before a text (Encode), unless it stands there already; the end token comes from
// WithEnd and from nobody else, not from a tokenizer that adds one either: a prompt that ended in it would be over.
package text

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"croco/model/chat"
	"croco/model/gguf"
	"croco/model/hub"
	"croco/model/tokenizer"
)

// Codec turns text into ids and back as one model does.
type Codec struct {
	Tokenizer *tokenizer.Tokenizer
	Template  *chat.Template // nil: the model has none, and conversations are refused
	dir       string
	begin     []int32 // what stands before a plain text
	eos       string  // the end token's text
}

// The files of a tokenizer.
const (
	tokenizerFile = "tokenizer.json"
	configFile    = "tokenizer_config.json"
)

// Open reads tokenizer.json, and the chat template where there is one, of a model: a folder, a GGUF file, or a
// repository in the hub's cache. Without a tokenizer.json the codec is nil and there is no error: such a model works on
// token ids alone.
func Open(name string) (*Codec, error) {
	path, err := hub.Resolve(name)
	if err != nil {
		return nil, err
	}
	t, err := Tokenizer(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	c := &Codec{Tokenizer: t, dir: name}
	switch c.Template, err = Template(path); {
	case errors.Is(err, chat.ErrNoTemplate):
		c.Template = nil
	case err != nil:
		return nil, err
	}
	var behind []int32
	c.begin, behind = c.around()
	if c.eos, err = endToken(path); c.eos == "" && len(behind) == 1 {
		c.eos, _ = t.IDToToken(behind[0])
	}
	return c, err
}

// Tokenizer reads the tokenizer of a model, or a tokenizer.json.
func Tokenizer(name string) (*tokenizer.Tokenizer, error) {
	path, err := hub.Resolve(name)
	if err != nil {
		return nil, err
	}
	if !gguf.Is(path) {
		return tokenizer.Open(path)
	}
	raw, err := gguf.ReadFile(path, tokenizerFile)
	if err != nil {
		return nil, err
	}
	return tokenizer.Parse(hub.Path(path, tokenizerFile), raw)
}

// Template reads the chat template of a model, or one of the files that chat.Load takes.
func Template(name string) (*chat.Template, error) {
	path, err := hub.Resolve(name)
	if err != nil {
		return nil, err
	}
	if !gguf.Is(path) {
		return chat.Load(path)
	}
	raw, err := gguf.ReadFile(path, configFile)
	if err != nil {
		return nil, err
	}
	return chat.FromConfig(hub.Path(path, configFile), raw)
}

// endToken is eos_token of tokenizer_config.json, a text or an object with its content; "" where it is not named.
func endToken(dir string) (string, error) {
	path := hub.Path(dir, configFile)
	raw, err := hub.ReadFile(dir, configFile)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	var config struct {
		EOS json.RawMessage `json:"eos_token"`
	}
	if err == nil {
		err = json.Unmarshal(raw, &config)
	}
	if err != nil {
		return "", fmt.Errorf("%s: %w", path, err)
	}
	var plain string
	var added struct {
		Content string `json:"content"`
	}
	switch {
	case len(config.EOS) == 0 || string(config.EOS) == "null":
		return "", nil
	case json.Unmarshal(config.EOS, &plain) == nil:
		return plain, nil
	case json.Unmarshal(config.EOS, &added) == nil:
		return added.Content, nil
	}
	return "", fmt.Errorf("%s: eos_token: expected a text, or an object with content, found %s", path, config.EOS)
}

// EOS is the text of the end token, "" where the model names none.
func (c *Codec) EOS() string { return c.eos }

// WithEnd is a plain text with the end token behind it, once. Where the model names no end token, the text stays as it is.
func (c *Codec) WithEnd(text string) string {
	if strings.HasSuffix(text, c.eos) {
		return text
	}
	return text + c.eos
}

// Encode returns the ids of a text; special begins it as the tokenizer does, most often with BOS, unless it begins so
// already.
func (c *Codec) Encode(text string, special bool) ([]int32, error) {
	ids := c.Tokenizer.Encode(text, false)
	if special && (len(ids) < len(c.begin) || !slices.Equal(ids[:len(c.begin)], c.begin)) {
		ids = slices.Concat(c.begin, ids)
	}
	return ids, nil
}

// around finds what the tokenizer puts before and behind a text.
func (c *Codec) around() (before, behind []int32) {
	bare, whole := c.Tokenizer.Encode("a", false), c.Tokenizer.Encode("a", true)
	for at := 0; at+len(bare) <= len(whole); at++ {
		if slices.Equal(whole[at:at+len(bare)], bare) {
			return whole[:at], whole[at+len(bare):]
		}
	}
	return nil, nil
}

// Prompt returns the ids of a prompt as the model should answer it. prompt is JSON: messages are rendered with the
// chat template; a text is taken as it is, or, where asChat is set, as the one turn of a user.
func (c *Codec) Prompt(prompt json.RawMessage, asChat bool) ([]int32, error) {
	plain, messages, err := split(prompt, asChat)
	if err != nil {
		return nil, err
	}
	if messages == nil {
		return c.Encode(plain, true)
	}
	text, err := c.Render(Chat{Messages: messages}, true)
	if err != nil {
		return nil, err
	}
	return c.Encode(text, false)
}

// Conversation returns the ids of a prompt with its answer, as a reward model reads them: with a chat template as a whole
// conversation, otherwise as the two texts and the end token.
func (c *Codec) Conversation(prompt json.RawMessage, answer string) ([]int32, error) {
	plain, messages, err := split(prompt, c.Template != nil)
	if err != nil {
		return nil, err
	}
	if messages == nil {
		return c.Encode(c.WithEnd(plain+answer), true)
	}
	turn, err := json.Marshal(map[string]string{"role": "assistant", "content": answer})
	if err != nil {
		return nil, err
	}
	text, err := c.Render(Chat{Messages: append(messages, turn)}, false)
	if err != nil {
		return nil, err
	}
	return c.Encode(text, false)
}

// Decode is the text of ids, without special tokens.
func (c *Codec) Decode(ids []int32) string { return c.Tokenizer.Decode(ids, true) }

// Stopper says of an answer's ids whether its text holds one of the stop strings: nil where there are none. Only the end
// of the answer is looked at, as far back as a stop string that has just become complete can reach.
func (c *Codec) Stopper(stops []string) func(ids []int32) bool {
	longest := 0
	for _, s := range stops {
		longest = max(longest, len(s))
	}
	if longest == 0 {
		return nil
	}
	return func(ids []int32) bool {
		tail := c.Tokenizer.Decode(ids[max(0, len(ids)-longest-8):], true) // a token has a byte at least; 8 for a broken rune
		for _, s := range stops {
			if strings.Contains(tail, s) {
				return true
			}
		}
		return false
	}
}

// split tells a text from messages. A text becomes messages where asChat is set.
func split(prompt json.RawMessage, asChat bool) (plain string, messages []json.RawMessage, err error) {
	prompt = bytes.TrimSpace(prompt)
	switch {
	case len(prompt) == 0 || string(prompt) == "null":
		return "", nil, errors.New("the row has no prompt: expected a text or a list of messages")
	case prompt[0] == '[':
		messages = []json.RawMessage{}
		err = json.Unmarshal(prompt, &messages)
		return "", messages, err
	case prompt[0] != '"':
		return "", nil, fmt.Errorf("prompt: expected a text or a list of messages, found %.40s", prompt)
	case asChat:
		turn := fmt.Sprintf(`{"role":"user","content":%s}`, prompt)
		return "", []json.RawMessage{json.RawMessage(turn)}, nil
	}
	err = json.Unmarshal(prompt, &plain)
	return plain, nil, err
}
