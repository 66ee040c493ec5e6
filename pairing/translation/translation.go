// Package translation asks a model to translate its own answers, as LIDR and ICR do, and reads what it says.
//
//	Wording.Prompt   the turn that asks
//	Strict, Lax      reply → translation, or Failed
//	ByText           one reply per text: equal texts share the last one's
//	Name, Language   en → English; Danish, danish, da-DK → da and Danish
//	Row              a line of translations.jsonl
//
// The model's turn is primed with Primer, so that its reply goes on behind an open tag. The wording is the caller's;
// DefaultWording is ours.
package translation

import (
	"strings"

	"croco/pairing/python"
)

const (
	open, shut = "<translated>", "</translated>"

	// Primer is what the model's turn begins with.
	Primer = open + "\n"
	// Failed stands where a reply holds no translation.
	Failed = "Translation Error"
)

// Wording has the places {language} and {text}.
type Wording string

// DefaultWording asks for the tags that the parsers look for.
const DefaultWording Wording = "Translate the text between <sentence> and </sentence> to {language}. Write the translation, and nothing else, " +
	"between <translated> and </translated>.\n\n<sentence>\n{text}\n</sentence>\n"

// Prompt fills the places; what the text itself holds in braces stays.
func (w Wording) Prompt(language, text string) string {
	return strings.NewReplacer("{language}", language, "{text}", text).Replace(string(w))
}

// tagged is what stands between the first open tag of primer and reply and the first closed one behind it, stripped.
func tagged(reply string) (string, bool) {
	text, _, found := strings.Cut(python.Strip(reply), shut)
	return python.Strip(text), found
}

// Strict is LIDR's parser: the primed reply up to its first closed tag, stripped; without one, Failed. It may be empty.
func Strict(reply string) string {
	if text, found := tagged(reply); found {
		return text
	}
	return Failed
}

// Lax is ICR's parser: as Strict, but a reply without a closed tag is all translation, unless it is empty.
func Lax(reply string) string {
	if text, found := tagged(reply); found {
		return text
	}
	if text := python.Strip(reply); text != "" {
		return text
	}
	return Failed
}

// ByText gives every place the value of the last one with the same text. With greedy decoding equal texts have equal
// values anyway; with sampling it makes rows with one prompt share their answers.
func ByText[T any](texts []string, values []T) []T {
	last := map[string]T{}
	for i, text := range texts {
		last[text] = values[i]
	}
	shared := make([]T, len(texts))
	for i, text := range texts {
		shared[i] = last[text]
	}
	return shared
}
