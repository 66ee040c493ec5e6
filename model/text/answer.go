package text

import (
	"encoding/json"
	"slices"
	"strings"
)

// Answer returns the ids of an answer behind a prompt, as the model itself would have written them: what the chat template
// puts behind the opened turn, up to the first of the ends, the model's end tokens. A plain prompt, and a template that
// rewrites the conversation, get the answer's own tokens and the first end token.
func (c *Codec) Answer(prompt json.RawMessage, answer string, asChat bool, ends []int32) ([]int32, error) {
	rest := answer
	if len(prompt) > 0 && string(prompt) != "null" {
		_, messages, err := split(prompt, asChat)
		if err != nil {
			return nil, err
		}
		if messages != nil {
			if rest, err = c.behind(messages, answer); err != nil {
				return nil, err
			}
		}
	}
	ids, err := c.Encode(rest, false)
	if err != nil {
		return nil, err
	}
	if at := slices.IndexFunc(ids, func(id int32) bool { return slices.Contains(ends, id) }); at >= 0 {
		return ids[:at+1], nil
	}
	if len(ends) > 0 {
		ids = append(ids, ends[0])
	}
	return ids, nil
}

// behind is what a conversation holds behind its opened last turn.
func (c *Codec) behind(messages []json.RawMessage, answer string) (string, error) {
	open, err := c.Render(Chat{Messages: messages}, true)
	if err != nil {
		return "", err
	}
	turn, err := json.Marshal(map[string]string{"role": "assistant", "content": answer})
	if err != nil {
		return "", err
	}
	whole, err := c.Render(Chat{Messages: append(slices.Clone(messages), turn)}, false)
	if err != nil {
		return "", err
	}
	if rest, ok := strings.CutPrefix(whole, open); ok {
		return rest, nil
	}
	return answer, nil
}
