package toyworld

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The four special tokens.
const (
	Pad int32 = iota
	User
	Assistant
	EOS
	specials
)

// VocabularySize is the number of tokens.
func VocabularySize() int { return len(world.Vocabulary) }

// Vocabulary lists the tokens by id.
func Vocabulary() []string { return slices.Clone(world.Vocabulary) }

// Encode turns text into token ids, one per word. It reads what Text writes, and also text with spaces around
// punctuation; capitals do not matter. A word that the world does not have is an error that names it.
func Encode(text string) ([]int32, error) {
	words := split(text)
	ids := make([]int32, len(words))
	for i, word := range words {
		id, ok := world.ids[word]
		if !ok {
			return nil, fmt.Errorf("toyworld: the word %q of %q is not among the %d words of the toy world", word, text, VocabularySize())
		}
		ids[i] = id
	}
	return ids, nil
}

// split cuts text into the spellings of tokens: lower case, punctuation alone, a French elision ("qu'un") in two.
func split(text string) []string {
	var words []string
	for _, field := range strings.Fields(strings.ToLower(text)) {
		for field != "" {
			n := wordLength(field)
			words, field = append(words, field[:n]), field[n:]
		}
	}
	return words
}

// wordLength is the number of bytes of the token spelling at the start of a field.
func wordLength(field string) int {
	const whole = "qu'est-ce" // the one word with an apostrophe inside
	if strings.HasPrefix(field, whole) {
		return len(whole)
	}
	for i, r := range field {
		switch {
		case isPunctuation(string(r)) && i == 0:
			return utf8.RuneLen(r)
		case isPunctuation(string(r)):
			return i
		case r == '\'':
			return i + 1
		}
	}
	return len(field)
}

// Text spells token ids as people write: punctuation joined, sentences and names with a capital, and nouns too if the
// language is "de". Special tokens are left out. The language may be "".
func Text(ids []int32, language string) string {
	var nouns map[string]bool
	if language != "" {
		nouns = lang(language).nouns
	}
	var out strings.Builder
	capital, joined := true, true // the next word starts a sentence; it follows without a space
	for _, word := range spelling(ids) {
		if !joined && !strings.Contains(".,:?", word) {
			out.WriteByte(' ')
		}
		if capital || world.names[word] || nouns[word] {
			first, n := utf8.DecodeRuneInString(word)
			out.WriteRune(unicode.ToUpper(first))
			out.WriteString(word[n:])
		} else {
			out.WriteString(word)
		}
		capital = word == "." || word == "?" || capital && word == "¿"
		joined = word == "¿" || strings.HasSuffix(word, "'")
	}
	return out.String()
}

// spelling lists the words of token ids, without special tokens.
func spelling(ids []int32) []string {
	var words []string
	for _, id := range ids {
		if id < 0 || int(id) >= VocabularySize() {
			panic(fmt.Sprintf("toyworld: token id %d outside the vocabulary of %d", id, VocabularySize()))
		}
		if id >= specials {
			words = append(words, world.Vocabulary[id])
		}
	}
	return words
}

// encodeWords is Encode for words that are known to be in the vocabulary.
func encodeWords(words []string) []int32 {
	ids := make([]int32, len(words))
	for i, word := range words {
		id, ok := world.ids[word]
		if !ok {
			panic(fmt.Sprintf("toyworld: the word %q is not in the vocabulary of world.json", word))
		}
		ids[i] = id
	}
	return ids
}

// Chat frames a question as a model reads it: <user> question <assistant>. An answer and <eos> follow.
func Chat(question []int32) []int32 {
	return slices.Concat([]int32{User}, question, []int32{Assistant})
}

// Strip cuts a generated answer at its <eos> and says whether there was one.
func Strip(generated []int32) (answer []int32, ended bool) {
	if i := slices.Index(generated, EOS); i >= 0 {
		return generated[:i], true
	}
	return generated, false
}
