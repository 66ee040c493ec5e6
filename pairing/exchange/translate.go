package exchange

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"croco/pairing/python"
)

// Conversations reads one conversation a line. No line may be blank: the files of the languages are parallel by line.
func Conversations(text, name string) ([]*python.Object, error) {
	for i, line := range python.Lines(text) {
		if python.Strip(line) == "" {
			return nil, fmt.Errorf("%s:%d: expected a conversation, found a blank line; take it out", name, i+1)
		}
	}
	return python.Rows(text, name)
}

// sampleSeed is the seed of the authors' draw.
const sampleSeed = 42

// Sample draws n rows in random order, the authors' draw; n of 0 or less, or at least as many as there are: all, in place.
func Sample(rows []*python.Object, n int) []*python.Object {
	if n <= 0 || n >= len(rows) {
		return rows
	}
	drawn := make([]*python.Object, n)
	for i, place := range python.NewRand(sampleSeed).Sample(len(rows), n) {
		drawn[i] = rows[place]
	}
	return drawn
}

// Translator says how a model is asked for one message in one language.
type Translator struct {
	// Chat puts a user turn into the model's chat template, ready for the answer. Models of the TranslateGemma family
	// take <<<source>>>en<<<target>>>CODE<<<text>>>TEXT as that turn. Nil: any other model, asked with Wording.
	Chat func(content string) string
	// Wording is the prompt of other models, with {language} and {text}.
	Wording string
	// UnknownAsEnglish asks for English where a language has no code, as the authors' script does; else it is an error.
	UnknownAsEnglish bool
}

// DefaultWording asks a model without a prompt of its own.
const DefaultWording = "English text:\n{text}\n\nThe same text in {language}:\n"

// codes of the languages that CroCo translates into.
var codes = map[string]string{
	"English": "en", "Danish": "da", "Dutch": "nl", "German": "de", "Italian": "it", "Spanish": "es", "French": "fr",
	"Portuguese (Portugal)": "pt-PT", "Galician": "gl", "Welsh": "cy", "Maltese": "mt", "Irish": "ga",
}

// Prompt is the whole text that the model goes on from.
func (t Translator) Prompt(text, language string) (string, error) {
	if t.Chat == nil {
		return strings.NewReplacer("{language}", language, "{text}", text).Replace(t.Wording), nil
	}
	code, ok := codes[language]
	if !ok && !t.UnknownAsEnglish {
		return "", fmt.Errorf("language %q: no code known for it; expected one of Danish, Dutch, German, Italian, Spanish, French, Portuguese (Portugal), Galician, Welsh, Maltese, Irish", language)
	}
	if !ok {
		code = "en"
	}
	return t.Chat("<<<source>>>en<<<target>>>" + code + "<<<text>>>" + text), nil
}

// Fit keeps the conversations of which every message makes a prompt of at most maxTokens. The language with the longest
// name stands for all, so that one set serves every language.
func Fit(rows []*python.Object, languages []string, t Translator, tokens func(prompt string) int, maxTokens int) ([]*python.Object, error) {
	longest := ""
	for _, l := range languages {
		if utf8.RuneCountInString(l) > utf8.RuneCountInString(longest) {
			longest = l
		}
	}
	var kept []*python.Object
	for i, row := range rows {
		prompts, err := Requests([]*python.Object{row}, longest, t)
		if err != nil {
			return nil, fmt.Errorf("row %d: %w", i+1, err)
		}
		fits := true
		for _, p := range prompts {
			fits = fits && tokens(p) <= maxTokens
		}
		if fits {
			kept = append(kept, row)
		}
	}
	return kept, nil
}

// Requests are the prompts of every message of every row, in order.
func Requests(rows []*python.Object, language string, t Translator) ([]string, error) {
	var prompts []string
	err := eachMessage(rows, func(_, message *python.Object) error {
		text, err := message.Text("content")
		if err != nil {
			return err
		}
		prompt, err := t.Prompt(text, language)
		prompts = append(prompts, prompt)
		return err
	})
	return prompts, err
}

// Translated puts the answers to Requests, stripped, in the messages' places, and the language's name at each row's end.
func Translated(rows []*python.Object, language string, texts []string) ([]*python.Object, error) {
	copies := make([]*python.Object, len(rows))
	for i, row := range rows {
		copies[i] = python.Copy(row).(*python.Object)
	}
	n := 0
	err := eachMessage(copies, func(row, message *python.Object) error {
		if n < len(texts) {
			message.Set("content", python.Strip(texts[n]))
			row.Set("language", language)
		}
		n++
		return nil
	})
	if err == nil && n != len(texts) {
		err = fmt.Errorf("expected translations of %d messages, found %d", n, len(texts))
	}
	return copies, err
}

func eachMessage(rows []*python.Object, do func(row, message *python.Object) error) error {
	for i, row := range rows {
		turns, err := row.List("messages")
		if err != nil {
			return fmt.Errorf("row %d: %w", i+1, err)
		}
		for j, turn := range turns {
			message, ok := turn.(*python.Object)
			if !ok {
				return fmt.Errorf("row %d: message %d: expected an object, found %.60s", i+1, j+1, python.Dumps(turn))
			}
			if err := do(row, message); err != nil {
				return fmt.Errorf("row %d: message %d: %w", i+1, j+1, err)
			}
		}
	}
	return nil
}

// FileName is the name of a language's file without its ending: Portuguese (Portugal) is portuguese_portugal.
func FileName(language string) string {
	return python.Lower(strings.NewReplacer(" ", "_", "(", "", ")", "").Replace(language))
}
