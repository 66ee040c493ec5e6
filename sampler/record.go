package sampler

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
)

// ID is a prompt's stable identifier. JSON numbers are accepted and kept as their text.
type ID string

// UnmarshalJSON reads a string or a number.
func (id *ID) UnmarshalJSON(b []byte) error {
	if bytes.HasPrefix(b, []byte(`"`)) {
		return json.Unmarshal(b, (*string)(id))
	}
	if _, err := strconv.ParseFloat(string(b), 64); err != nil && string(b) != "null" {
		return fmt.Errorf("id: expected a string or a number, found %s", b)
	}
	if string(b) != "null" {
		*id = ID(b)
	}
	return nil
}

// Prompt is a row of a prompts file. Prompt is a text or a list of messages; PromptIDs, where given, are used as they are.
type Prompt struct {
	ID        ID              `json:"id"`
	LineID    *int            `json:"line_id,omitempty"`
	Language  string          `json:"language,omitempty"`
	Prompt    json.RawMessage `json:"prompt,omitempty"`
	PromptIDs []int32         `json:"prompt_ids,omitempty"`
	Answer    json.RawMessage `json:"answer,omitempty"`
	Source    string          `json:"source,omitempty"`
	Domain    string          `json:"domain,omitempty"`
}

// Completion is a row of a completions file: one answer of one prompt, with all that a scorer and a trainer need.
type Completion struct {
	ID            ID              `json:"id"`
	LineID        int             `json:"line_id"`
	Language      string          `json:"language"`
	Sample        int             `json:"sample"`
	Prompt        json.RawMessage `json:"prompt"`
	Completion    string          `json:"completion"`
	PromptIDs     []int32         `json:"prompt_ids"`
	CompletionIDs []int32         `json:"completion_ids"`
	Logprobs      []float32       `json:"logprobs"`
	FinishReason  string          `json:"finish_reason"`
	Model         string          `json:"model"` // hash of the weights that wrote it
}
