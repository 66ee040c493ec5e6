// Package mgsm is the task of Multilingual Grade School Math (Shi et al. 2022, arXiv:2210.03057): 250 word problems in
// eleven languages, the number at the end of the answer counts. Prompts, extraction and comparison are those of the LM
// Evaluation Harness.
//
//	Read      problems from the public TSV, or from JSON lines
//	Form      how to ask: steps in the language, steps in English, or the answer alone
//	Prompt    a problem, behind solved ones
//	Stops     what ends an answer
//	Filters   the ways to find the number in an answer: strict and flexible
//	Match     whether it is the right one
//
// # Finding the number
//
//	strict-match      behind the words with which a solution ends in the language ("Die Antwort lautet 42"): the first
//	flexible-extract  anything like a number, anywhere: the last. (-?[$0-9.,]{2,})|(-?[0-9]+)
//	remove_whitespace where the answer alone was asked for: all of it, without leading white space
//
// An answer without one is "[invalid]". Two numbers are equal when their texts are, lower case and without ASCII
// punctuation: 1,000 is 1000, and 42. is 42. A sign and a decimal point are punctuation too, so −5 passes for 5, and 3.5 for
// 35. MGSM's answers are whole and positive.
package mgsm

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// Problem is one row.
type Problem struct {
	Question string
	Solution string // by steps; "" for problems to be solved
	Number   string // the answer
}

// Form is how a problem is asked.
type Form string

const (
	NativeCoT Form = "native_cot" // steps in the language of the question
	EnglishCo Form = "en_cot"     // steps in English
	Direct    Form = "direct"     // the number alone
)

// Forms are all of them.
var Forms = []Form{NativeCoT, EnglishCo, Direct}

// Languages are the codes that the task has words for.
func Languages() []string { return slices.Sorted(maps.Keys(languages)) }

// Known refuses a language without words.
func Known(language string) error {
	if _, ok := languages[language]; !ok {
		return fmt.Errorf("language: expected one of MGSM's, %s, found %q", strings.Join(Languages(), ", "), language)
	}
	return nil
}

// label of the answer.
func (f Form) label(language string) string {
	switch f {
	case Direct:
		return languages[language].direct
	case EnglishCo:
		return languages["en"].steps
	}
	return languages[language].steps
}

// Task is the harness's name of the task.
func (f Form) Task(language string) string { return fmt.Sprintf("mgsm_%s_%s", f, language) }

// Prompt asks a problem behind solved ones.
//
//	Question: …⏎Step-by-Step Answer: …⏎⏎Question: …⏎Step-by-Step Answer:
func (f Form) Prompt(language string, solved []Problem, p Problem) string {
	var b strings.Builder
	for _, s := range solved {
		b.WriteString(f.ask(language, s))
		if f != Direct {
			b.WriteString(" ")
		}
		b.WriteString(f.target(language, s) + "\n\n")
	}
	return b.String() + f.ask(language, p)
}

// ask writes the question with its label, which solved problems of the data set bring with them.
func (f Form) ask(language string, p Problem) string {
	question := p.Question
	if w := languages[language].question; !strings.HasPrefix(question, w) {
		question = w + " " + question
	}
	return question + "\n" + f.label(language)
}

// target is the solution of a solved problem without its label.
func (f Form) target(language string, p Problem) string {
	if f == Direct || p.Solution == "" {
		return p.Number
	}
	for _, label := range []string{languages[language].steps, languages["en"].steps} {
		if rest, ok := strings.CutPrefix(p.Solution, label); ok {
			return strings.TrimPrefix(rest, " ")
		}
	}
	return p.Solution
}

// Stops are the texts that end an answer: the next question.
func Stops(language string) []string {
	return []string{languages[language].question, "</s>", "<|im_end|>"}
}

// Filter finds the number in an answer.
type Filter struct {
	Name string
	Find func(answer string) string
}

// Invalid is what a filter finds where there is nothing.
const Invalid = "[invalid]"

// Filters of a form, the stricter one first.
func (f Form) Filters(language string) []Filter {
	flexible := Filter{"flexible-extract", lastNumber}
	switch f {
	case Direct:
		return []Filter{{"remove_whitespace", func(a string) string { return strings.TrimLeft(a, " \t\n\r\f\v") }}, flexible}
	case EnglishCo:
		language = "en"
	}
	ending := languages[language].ending
	return []Filter{{"strict-match", func(a string) string {
		if m := ending.FindStringSubmatch(a); m != nil {
			return m[1]
		}
		return Invalid
	}}, flexible}
}

var anyNumber = regexp.MustCompile(`-?[$0-9.,]{2,}|-?[0-9]+`)

func lastNumber(answer string) string {
	all := anyNumber.FindAllString(answer, -1)
	if all == nil {
		return Invalid
	}
	return all[len(all)-1]
}

// Match says whether what a filter found is the answer.
func Match(found, number string) bool { return bare(found) == bare(number) }

// bare is a text in lower case without ASCII punctuation.
func bare(text string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", r) {
			return -1
		}
		return r
	}, strings.ToLower(text))
}
