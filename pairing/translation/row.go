package translation

import "croco/sampler"

// Row is a line of translations.jsonl: an answer, and what a model made of it in another language.
type Row struct {
	ID           sampler.ID `json:"id"` // of the answer's prompt, as the next three
	LineID       int        `json:"line_id"`
	Language     string     `json:"language"`
	Sample       int        `json:"sample"`
	To           string     `json:"to"`
	Text         string     `json:"text"`
	Translation  string     `json:"translation"` // or Failed
	Reply        string     `json:"reply"`       // what the translation was read from
	FinishReason string     `json:"finish_reason"`
	Model        string     `json:"model"` // hash of the weights that translated
}
