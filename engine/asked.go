package engine

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"croco/internal/jsonl"
	"croco/model/text"
	"croco/pairing/translation"
	"croco/sampler"
)

// conversation is an answer under the prompt that scores it: its first prompt ids are the prompt.
type conversation struct {
	ids    []int32
	prompt int
}

// asked knows under which prompt an answer is scored: G(x) of package icr, x itself, or the source language's prompt for
// the translated answer.
type asked struct {
	Implicit
	codec      *text.Codec
	ends       []int32
	source     map[int]sampler.Prompt // line → its prompt in the source language
	translated map[answerName]string
	known      map[promptName][]int32 // prompts that have been made
}

// answerName is an answer's place in a file of completions.
type answerName struct {
	prompt promptName
	sample int
}

// asked reads what the variant needs: the prompts of the source language, the translations.
func (o Implicit) asked(codec *text.Codec, ends []int32) (*asked, error) {
	a := &asked{Implicit: o, codec: codec, ends: ends, known: map[promptName][]int32{}}
	if err := o.Validate(); err != nil {
		return nil, err
	}
	if o.Variant == "multilingual" {
		return a, nil
	}
	if codec == nil && (o.Prefix != "" || o.Variant == "translated") {
		return nil, fmt.Errorf(`%s has no tokenizer.json: expected prefix "" and variant crosslingual or multilingual, which need none`, o.ModelNameOrPath)
	}
	source, _, err := translation.Language(o.SourceLanguage)
	if err != nil {
		return nil, fmt.Errorf("source_language: %w", err)
	}
	prompts, err := ReadPrompts(splitList(o.Prompts)...)
	if err != nil {
		return nil, err
	}
	a.source = map[int]sampler.Prompt{}
	for _, p := range prompts {
		if code, _, err := translation.Language(p.Language); err == nil && code == source {
			a.source[*p.LineID] = p
		}
	}
	if o.Variant != "translated" {
		return a, nil
	}
	a.translated = map[answerName]string{}
	return a, jsonl.Read(o.Translations, func(_ int, r translation.Row) error {
		a.translated[answerName{promptName{r.ID, r.Language}, r.Sample}] = r.Translation
		return nil
	})
}

// Validate refuses unknown words, by the name of the key.
func (o Implicit) Validate() error {
	if !slices.Contains([]string{"crosslingual", "multilingual", "translated"}, o.Variant) {
		return fmt.Errorf("variant: expected crosslingual, multilingual or translated, found %q", o.Variant)
	}
	if o.PromptFormat != "text" && o.PromptFormat != "chat" {
		return fmt.Errorf("prompt_format: expected text or chat, found %q", o.PromptFormat)
	}
	return nil
}

// conversation is an answer behind the prompt that scores it; no ids where the answer cannot be scored.
func (a *asked) conversation(c sampler.Completion) (conversation, error) {
	prompt, err := a.prompt(c)
	if err != nil {
		return conversation{}, err
	}
	answer := c.CompletionIDs
	if a.Variant == "translated" && !a.own(c.Language) {
		if answer, err = a.translation(c); err != nil || answer == nil {
			return conversation{}, err
		}
	}
	if len(prompt) == 0 || len(answer) == 0 {
		return conversation{}, errors.New("expected prompt_ids and completion_ids: write the completions with croco generate")
	}
	return conversation{slices.Concat(prompt, answer), len(prompt)}, nil
}

// own says whether a language is the source language.
func (a *asked) own(language string) bool {
	x, _, err := translation.Language(language)
	y, _, err2 := translation.Language(a.SourceLanguage)
	return err == nil && err2 == nil && x == y
}

// translation are the ids of a translated answer under the source language's prompt; nil where translating failed.
func (a *asked) translation(c sampler.Completion) ([]int32, error) {
	t, ok := a.translated[answerName{promptName{c.ID, c.Language}, c.Sample}]
	if !ok {
		return nil, fmt.Errorf("%s has no translation of it", a.Translations)
	}
	if t == translation.Failed {
		return nil, nil
	}
	return a.codec.Answer(a.source[c.LineID].Prompt, t, a.PromptFormat == "chat", a.ends)
}

// prompt are the ids of the prompt that scores.
func (a *asked) prompt(c sampler.Completion) ([]int32, error) {
	if a.Variant == "multilingual" {
		return c.PromptIDs, nil
	}
	name := promptName{c.ID, c.Language}
	if ids, ok := a.known[name]; ok {
		return ids, nil
	}
	source, ok := a.source[c.LineID]
	if !ok {
		return nil, fmt.Errorf("%s has no prompt in %s for line_id %d", a.Prompts, a.SourceLanguage, c.LineID)
	}
	prefix := a.Prefix
	if a.Variant == "translated" || a.own(c.Language) {
		prefix = ""
	}
	ids, err := a.ids(source, prefix, c.Language)
	a.known[name] = ids
	return ids, err
}

// ids of the source language's prompt behind a prefix.
func (a *asked) ids(p sampler.Prompt, prefix, language string) ([]int32, error) {
	if prefix == "" && len(p.PromptIDs) > 0 {
		return p.PromptIDs, nil
	}
	prompt := p.Prompt
	if prefix != "" {
		_, name, err := translation.Language(language)
		if err != nil {
			return nil, err
		}
		if prompt, err = ahead(prompt, strings.ReplaceAll(prefix, "{language}", name)); err != nil {
			return nil, err
		}
	}
	return a.codec.Prompt(prompt, a.PromptFormat == "chat")
}

// ahead puts a text ahead of a prompt: of the text, or of the first turn of a user.
func ahead(prompt json.RawMessage, prefix string) (json.RawMessage, error) {
	var plain string
	if json.Unmarshal(prompt, &plain) == nil && len(prompt) > 0 {
		return jsonl.Marshal(prefix + plain)
	}
	var turns []map[string]any
	if err := json.Unmarshal(prompt, &turns); err != nil {
		return nil, errors.New("expected a prompt of text or messages; ids alone cannot take a prefix")
	}
	for _, turn := range turns {
		if content, ok := turn["content"].(string); ok && turn["role"] == "user" {
			turn["content"] = prefix + content
			return jsonl.Marshal(turns)
		}
	}
	return nil, errors.New("expected a turn of a user in the prompt, to put the prefix ahead of")
}
