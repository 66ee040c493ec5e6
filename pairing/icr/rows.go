package icr

import (
	"fmt"
	"strings"

	"croco/pairing/python"
	"croco/pairing/translation"
)

// Scorer says how the prompt that scores is made: a line that asks for the language, then the English instruction, in
// the model's chat template.
type Scorer struct {
	Prefix string                          // with {language}; none for English
	Chat   func(instruction string) string // the chat template around a user turn, ready for the answer
}

// DefaultPrefix is ours.
const DefaultPrefix = "Answer in {language}, unless the instruction itself asks for another language.\n\n"

// Prompt is G(x) in the chat template.
func (s Scorer) Prompt(language, english string) (string, error) {
	if language == "en" {
		return s.Chat(english), nil
	}
	name, err := translation.Name(language)
	if err != nil {
		return "", err
	}
	return s.Chat(strings.ReplaceAll(s.Prefix, "{language}", name) + english), nil
}

// Questions are what is asked: the instruction, in the row's own language and without a prefix, and its input behind a
// line end where there is one.
func Questions(rows []*python.Object, key string) ([]string, error) {
	questions := make([]string, len(rows))
	for i, row := range rows {
		question, err := row.Text(key)
		if err == nil && python.Truthy(row.Get("input")) {
			var input string
			input, err = row.Text("input")
			question += "\n" + input
		}
		if err != nil {
			return nil, fmt.Errorf("row %d: %w", i+1, err)
		}
		questions[i] = question
	}
	return questions, nil
}

// Sampled adds to each row what was asked (prompt), the prompt that scores (cross_implicit_reward_prompt, made from the
// English row of the same instruction_id, or id) and the answers, stripped. With shared, rows with one question share
// the answers of the last, as with the authors.
func Sampled(rows, english []*python.Object, language, key string, s Scorer, answers [][]string, shared bool) ([]*python.Object, error) {
	questions, err := Questions(rows, key)
	if err != nil {
		return nil, err
	}
	if len(answers) != len(rows) {
		return nil, fmt.Errorf("expected the answers to %d rows, found those to %d", len(rows), len(answers))
	}
	if shared {
		answers = translation.ByText(questions, answers)
	}
	byID := map[string]*python.Object{}
	for _, row := range english {
		byID[python.Dumps(rowID(row))] = row
	}
	var out []*python.Object
	for i, row := range rows {
		source, ok := byID[python.Dumps(rowID(row))]
		if !ok {
			return nil, fmt.Errorf("row %d: no English row has its id %s", i+1, python.Dumps(rowID(row)))
		}
		instruction, err := source.Text(key)
		if err != nil {
			return nil, fmt.Errorf("the English row of row %d: %w", i+1, err)
		}
		prompt, err := s.Prompt(language, instruction)
		if err != nil {
			return nil, err
		}
		texts := make([]any, len(answers[i]))
		for k, text := range answers[i] {
			texts[k] = python.Strip(text)
		}
		sampled := python.Copy(row).(*python.Object)
		sampled.Set("prompt", s.Chat(questions[i]))
		sampled.Set("cross_implicit_reward_prompt", prompt)
		sampled.Set("response", texts)
		out = append(out, sampled)
	}
	return out, nil
}

func rowID(row *python.Object) any {
	if id, given := row.Lookup("instruction_id"); given {
		return id
	}
	return row.Get("id")
}

// Translated adds to each row the English of its answers (response_translate_to_en), read by translation.Lax from
// replies, one per answer in the order of rows, and the language that detect finds each answer in (response_lang; an
// error is undefined). Equal answers share the last one's reply.
func Translated(rows []*python.Object, replies []string, detect func(text string) (string, error)) ([]*python.Object, error) {
	var texts []string
	for i, row := range rows {
		answers, err := row.Texts("response")
		if err != nil {
			return nil, fmt.Errorf("row %d: %w", i+1, err)
		}
		texts = append(texts, answers...)
	}
	if len(texts) != len(replies) {
		return nil, fmt.Errorf("expected replies to %d answers, found %d", len(texts), len(replies))
	}
	replies = translation.ByText(texts, replies)
	var out []*python.Object
	n := 0
	for _, row := range rows {
		english, languages := []any{}, []any{}
		for range row.Get("response").([]any) {
			language, err := detect(texts[n])
			if err != nil {
				language = "undefined"
			}
			english, languages = append(english, translation.Lax(replies[n])), append(languages, language)
			n++
		}
		translated := python.Copy(row).(*python.Object)
		translated.Set("response_translate_to_en", english)
		translated.Set("response_lang", languages)
		out = append(out, translated)
	}
	return out, nil
}
