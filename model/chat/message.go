package chat

import (
	"fmt"

	"croco/model/chat/jinja"
)

// Message is one turn of a conversation. Read from JSON it keeps every further field (tool_calls, name, a content of
// several parts) in its order, and writes them back.
type Message struct {
	Role    string // "system", "user", "assistant", "tool" …
	Content string // for a content of several parts: their text parts, one behind the other
	fields  *jinja.Dict
}

// Fields is the message as templates see it. A Role or Content that was changed since it was read replaces the field.
func (m Message) Fields() *jinja.Dict {
	d := m.fields.Clone()
	d.Set("role", m.Role)
	old, ok := d.Get("content")
	if !ok && m.Content != "" || ok && contentText(old) != m.Content || m.fields == nil {
		d.Set("content", m.Content)
	}
	return d
}

// contentText is the text of a content: a string, a list of parts, or null.
func contentText(content jinja.Value) string {
	switch c := content.(type) {
	case string:
		return c
	case *jinja.List:
		all := ""
		for _, part := range c.Items {
			if d, ok := part.(*jinja.Dict); ok {
				all += str(d, "text")
			}
		}
		return all
	}
	return ""
}

func str(d *jinja.Dict, key string) string {
	v, _ := d.Get(key)
	s, _ := v.(string)
	return s
}

// NewMessage makes a message of a decoded JSON object, which it shares: an object with a role, and a content that is text, a list of parts, or null.
func NewMessage(v jinja.Value) (Message, error) {
	d, ok := v.(*jinja.Dict)
	if !ok {
		return Message{}, fmt.Errorf(`a message must be an object like {"role": "user", "content": "…"}, found %s`, jinja.Repr(v))
	}
	role, ok := d.Get("role")
	if _, isText := role.(string); !isText {
		return Message{}, fmt.Errorf(`key "role": a string expected, found %s (present: %v)`, jinja.Repr(role), ok)
	}
	content, _ := d.Get("content")
	switch content.(type) {
	case string, *jinja.List, nil:
	default:
		return Message{}, fmt.Errorf(`key "content": a string, a list of parts or null expected, found %s`, jinja.Repr(content))
	}
	return Message{Role: role.(string), Content: contentText(content), fields: d}, nil
}

func (m *Message) UnmarshalJSON(data []byte) error {
	v, err := jinja.Decode(data)
	if err != nil {
		return err
	}
	*m, err = NewMessage(v)
	return err
}

func (m Message) MarshalJSON() ([]byte, error) {
	s, err := jinja.Dump(m.Fields())
	return []byte(s), err
}
