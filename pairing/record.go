package pairing

import (
	"encoding/json"
	"strconv"

	"croco/pairing/python"
)

// Candidate is one scored answer: a line of scores.jsonl.
type Candidate struct {
	ID            json.RawMessage `json:"id"`       // the prompt's id, any JSON value
	LineID        int             `json:"line_id"`  // equal for the translations of one prompt
	Language      string          `json:"language"` // of the prompt
	Sample        int             `json:"sample"`
	Prompt        json.RawMessage `json:"prompt"` // text or a list of messages
	Completion    string          `json:"completion"`
	PromptIDs     []int32         `json:"prompt_ids"`
	CompletionIDs []int32         `json:"completion_ids"` // (T), the end token included
	Logprobs      []float32       `json:"logprobs"`       // (T), of the completion's tokens
	FinishReason  string          `json:"finish_reason"`
	Model         string          `json:"model"`

	Score               float64 `json:"score"`
	Scorer              string  `json:"scorer"`
	DetectedLanguage    string  `json:"detected_language"` // empty: not looked at, or not known
	LanguageProbability float64 `json:"language_probability"`
	Length              int     `json:"length"`

	Source json.RawMessage `json:"source,omitempty"`
	Domain json.RawMessage `json:"domain,omitempty"`

	Given bool `json:"-"` // not the model's own: it is the chosen side of its pool, whatever it scores
}

// FailedScore is what the authors' scorer writes when it could not score an answer.
const FailedScore = -999.0

// Pair is one preference: CroCo's record, then what training needs to take the sampler's log-probabilities as those of
// the reference. A side's log-probabilities are absent (null) where they do not hold for this pair: where the answer was
// given to another prompt than the one written here, or by another model.
type Pair struct {
	ID               json.RawMessage `json:"id"`
	SourceDataset    json.RawMessage `json:"source_dataset"`
	Domain           json.RawMessage `json:"domain"`
	Prompt           json.RawMessage `json:"prompt"`
	PromptLanguage   string          `json:"prompt_language"`
	Chosen           string          `json:"chosen"`
	Rejected         string          `json:"rejected"`
	ChosenScore      float64         `json:"chosen_score"` // the scores that decided: after normalisation and penalties
	RejectedScore    float64         `json:"rejected_score"`
	ChosenLanguage   string          `json:"chosen_language"` // the language in which the answer was asked for
	RejectedLanguage string          `json:"rejected_language"`
	PoolSize         int             `json:"pool_size"`

	PromptIDs        []int32   `json:"prompt_ids,omitempty"`
	ChosenIDs        []int32   `json:"chosen_ids,omitempty"`
	RejectedIDs      []int32   `json:"rejected_ids,omitempty"`
	ChosenLogprobs   []float32 `json:"chosen_logprobs,omitempty"`
	RejectedLogprobs []float32 `json:"rejected_logprobs,omitempty"`
	Model            string    `json:"model,omitempty"`
}

// SFT is one example for supervised fine-tuning, CroCo's record.
type SFT struct {
	ID            json.RawMessage `json:"id"`
	SourceDataset json.RawMessage `json:"source_dataset"`
	Domain        json.RawMessage `json:"domain"`
	Prompt        json.RawMessage `json:"prompt"`
	Language      string          `json:"language"`
	Completion    string          `json:"completion"`
	RewardScore   float64         `json:"reward_score"`

	PromptIDs     []int32 `json:"prompt_ids,omitempty"`
	CompletionIDs []int32 `json:"completion_ids,omitempty"`
}

// AppendJSON appends the record as one line without its end: Python's separators, nothing escaped but quote, backslash
// and control characters, scores as Python prints a float64, log-probabilities as the shortest float32. The fields after
// pool_size are left out together where the answers came without ids and model.
func (p Pair) AppendJSON(b []byte) []byte {
	w := writer{b: append(b, '{')}
	w.raw("id", p.ID)
	w.raw("source_dataset", p.SourceDataset)
	w.raw("domain", p.Domain)
	w.raw("prompt", p.Prompt)
	w.text("prompt_language", p.PromptLanguage)
	w.text("chosen", p.Chosen)
	w.text("rejected", p.Rejected)
	w.value("chosen_score", p.ChosenScore)
	w.value("rejected_score", p.RejectedScore)
	w.text("chosen_language", p.ChosenLanguage)
	w.text("rejected_language", p.RejectedLanguage)
	w.key("pool_size")
	w.b = strconv.AppendInt(w.b, int64(p.PoolSize), 10)
	if p.ChosenIDs != nil || p.RejectedIDs != nil || p.Model != "" {
		w.ids("prompt_ids", p.PromptIDs)
		w.ids("chosen_ids", p.ChosenIDs)
		w.ids("rejected_ids", p.RejectedIDs)
		w.logprobs("chosen_logprobs", p.ChosenLogprobs)
		w.logprobs("rejected_logprobs", p.RejectedLogprobs)
		w.text("model", p.Model)
	}
	return append(w.b, '}')
}

// AppendJSON is Pair.AppendJSON for an SFT record, the ids last.
func (s SFT) AppendJSON(b []byte) []byte {
	w := writer{b: append(b, '{')}
	w.raw("id", s.ID)
	w.raw("source_dataset", s.SourceDataset)
	w.raw("domain", s.Domain)
	w.raw("prompt", s.Prompt)
	w.text("language", s.Language)
	w.text("completion", s.Completion)
	w.value("reward_score", s.RewardScore)
	if s.CompletionIDs != nil {
		w.ids("prompt_ids", s.PromptIDs)
		w.ids("completion_ids", s.CompletionIDs)
	}
	return append(w.b, '}')
}

// Text is the JSON form of a plain string, for the fields that may hold any JSON value.
func Text(s string) json.RawMessage { return python.AppendText(nil, s) }

// writer builds one object, key by key.
type writer struct{ b []byte }

func (w *writer) key(name string) {
	if w.b[len(w.b)-1] != '{' {
		w.b = append(w.b, ", "...)
	}
	w.b = append(python.AppendText(w.b, name), ": "...)
}

func (w *writer) raw(name string, v json.RawMessage) {
	w.key(name)
	if v == nil {
		v = json.RawMessage("null")
	}
	w.b = append(w.b, v...)
}

func (w *writer) text(name, s string) {
	w.key(name)
	w.b = python.AppendText(w.b, s)
}

func (w *writer) value(name string, x float64) {
	w.key(name)
	w.b = python.AppendJSON(w.b, x)
}

func (w *writer) ids(name string, ids []int32) {
	appendList(w, name, ids, func(b []byte, id int32) []byte { return strconv.AppendInt(b, int64(id), 10) })
}

func (w *writer) logprobs(name string, x []float32) {
	appendList(w, name, x, func(b []byte, v float32) []byte { return strconv.AppendFloat(b, float64(v), 'g', -1, 32) })
}

func appendList[T any](w *writer, name string, list []T, one func([]byte, T) []byte) {
	w.key(name)
	if list == nil {
		w.b = append(w.b, "null"...)
		return
	}
	w.b = append(w.b, '[')
	for i, v := range list {
		if i > 0 {
			w.b = append(w.b, ", "...)
		}
		w.b = one(w.b, v)
	}
	w.b = append(w.b, ']')
}
