package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"croco/model/text"
)

// chatTokens shows a conversation token by token: what the model is asked, and what it is to answer (the last turn, where
// that is the assistant's). On a terminal in colours.
type chatTokens struct {
	codec *text.Codec
	tty   bool
}

func (c chatTokens) show(line []byte) (string, error) {
	var row struct {
		Messages []json.RawMessage `json:"messages"`
	}
	if err := json.Unmarshal(line, &row); err != nil || len(row.Messages) == 0 {
		return "", errors.Join(errors.New(`expected one object with "messages" a line`), err)
	}
	asked, answered := row.Messages, false
	var last struct {
		Role string `json:"role"`
	}
	if json.Unmarshal(asked[len(asked)-1], &last) == nil && last.Role == "assistant" {
		asked, answered = asked[:len(asked)-1], true
	}
	prompt, err := c.ids(asked, true)
	if err != nil {
		return "", err
	}
	out := c.part("prompt", 36, prompt)
	if !answered {
		return out, nil
	}
	whole, err := c.ids(row.Messages, false)
	if err != nil {
		return "", err
	}
	if n := len(prompt); n > len(whole) || !slices.Equal(whole[:n], prompt) {
		return out + "warning: the prompt's ids do not begin the ids of the whole conversation\n" + c.part("whole", 31, whole), nil
	}
	return out + c.part("completion", 32, whole[len(prompt):]), nil
}

func (c chatTokens) ids(messages []json.RawMessage, generate bool) ([]int32, error) {
	rendered, err := c.codec.Render(text.Chat{Messages: messages}, generate)
	if err != nil {
		return nil, err
	}
	return c.codec.Encode(rendered, false)
}

// part is one line: how many tokens, and each token between bars.
func (c chatTokens) part(name string, colour int, ids []int32) string {
	var b strings.Builder
	for _, id := range ids {
		b.WriteString("▏" + strings.ReplaceAll(c.codec.Tokenizer.Decode([]int32{id}, false), "\n", "⏎"))
	}
	body := b.String()
	if c.tty {
		body = fmt.Sprintf("\x1b[%dm%s\x1b[0m", colour, body)
	}
	return fmt.Sprintf("%-10s %4d tokens  %s\n", name, len(ids), body)
}
