package text

import (
	"encoding/json"
	"errors"
	"fmt"

	"croco/model/chat"
	"croco/model/chat/jinja"
)

// Chat is a conversation in JSON, whose order of keys a template may see.
type Chat struct {
	Messages  []json.RawMessage
	Tools     json.RawMessage // a list of what the assistant may call; nil: none
	Variables json.RawMessage // an object of further variables of the template, TRL's chat_template_kwargs; nil: none
}

// variables are those that the template is rendered with.
func (c *Codec) variables(talk Chat, generate bool) (*jinja.Dict, error) {
	if c.Template == nil {
		return nil, fmt.Errorf("%s has no chat template, so conversations cannot be encoded: add chat_template.jinja, or give prompts as plain text", c.dir)
	}
	turns := make([]chat.Message, len(talk.Messages))
	for i, raw := range talk.Messages {
		if err := json.Unmarshal(raw, &turns[i]); err != nil {
			return nil, fmt.Errorf("messages: message %d: %w", i+1, err)
		}
	}
	extra := jinja.NewDict()
	if talk.Variables != nil {
		v, err := jinja.Decode(talk.Variables)
		if err != nil {
			return nil, fmt.Errorf("chat_template_kwargs: %w", err)
		}
		d, ok := v.(*jinja.Dict)
		if !ok {
			return nil, fmt.Errorf("chat_template_kwargs: expected an object, found %.40s", talk.Variables)
		}
		extra = d
	}
	if talk.Tools != nil {
		v, err := jinja.Decode(talk.Tools)
		if err != nil {
			return nil, fmt.Errorf("tools: %w", err)
		}
		if _, ok := v.(*jinja.List); !ok {
			return nil, fmt.Errorf("tools: expected a list, found %.40s", talk.Tools)
		}
		extra.Set("tools", v)
	}
	return chat.Variables(turns, generate, extra), nil
}

// Render writes a conversation as the chat template has it; generate opens the assistant's next turn.
func (c *Codec) Render(talk Chat, generate bool) (string, error) {
	vars, err := c.variables(talk, generate)
	if err != nil {
		return "", err
	}
	return c.Template.Render(vars)
}

// ErrNoGeneration is returned where a chat template does not mark what the assistant wrote.
var ErrNoGeneration = errors.New("the chat template has no {% generation %} … {% endgeneration %} around the assistant's words, so it does not say which tokens are the assistant's; " +
	"add them to chat_template.jinja, or give rows as prompt and completion")

// Assistant returns the ids of a conversation, those that its Render has, and for each whether it holds a byte of a generation
// block of the template. A token that reaches over the block's edge counts, as it does in transformers.
func (c *Codec) Assistant(talk Chat) (ids []int32, mask []bool, err error) {
	vars, err := c.variables(talk, false)
	if err != nil {
		return nil, nil, err
	}
	text, blocks, err := c.Template.RenderSpans(vars)
	if err != nil {
		return nil, nil, err
	}
	ids, places, err := c.Tokenizer.EncodeOffsets(text, false)
	if err != nil {
		return nil, nil, fmt.Errorf("which tokens are the assistant's: %w", err)
	}
	return ids, within(places, blocks), nil
}

// within tells of each token, which stands at places[i] of a text, whether it belongs to one of the blocks: from the first
// token that shares a byte with the block to the last. Places ascend; white space may be missing from them, and a token of
// nothing else has an empty one.
func within(places [][2]int, blocks []chat.Span) []bool {
	mask := make([]bool, len(places))
	for _, b := range blocks {
		first, last := -1, -1
		for i, p := range places {
			if max(p[0], b.Start) < min(p[1], b.End) || p[0] == p[1] && b.Start <= p[0] && p[0] < b.End {
				if last = i; first < 0 {
					first = i
				}
			}
		}
		for i := first; first >= 0 && i <= last; i++ {
			mask[i] = true
		}
	}
	return mask
}
