package judge

import (
	"crypto/sha256"
	"fmt"
	"strings"

	"croco/pairing/python"
)

// Wording is what the judge is asked, with {instruction}, {output_1} and {output_2} where those go.
type Wording string

const (
	// DefaultWording offers no tie.
	DefaultWording Wording = "Two assistants were given the same task. Which answer serves the person who asked better?\n\n" +
		"<task>\n{instruction}\n</task>\n\n<answer_1>\n{output_1}\n</answer_1>\n\n<answer_2>\n{output_2}\n</answer_2>\n\n" +
		"Weigh correctness first, then usefulness, completeness and style; do not count length as a merit. Argue briefly, and " +
		"end with a line that holds nothing but [[1]] or [[2]]."
	// DefaultWordingTies offers one.
	DefaultWordingTies = DefaultWording + " If neither is better, that line is [[T]]."
)

// Prompt fills the places; what the texts themselves hold in braces stays.
func (w Wording) Prompt(instruction, first, second string) string {
	return strings.NewReplacer("{instruction}", instruction, "{output_1}", first, "{output_2}", second).Replace(string(w))
}

// Swap says whether the reference stands first for a question.
type Swap func(language string, id any) bool

// Stream is the authors' draw: one stream of CPython's generator over all questions and languages, in order.
func Stream(seed int64) Swap {
	r := python.NewRand(seed)
	return func(string, any) bool { return r.Float64() < 0.5 }
}

// PerQuestion draws from seed, language and question alone.
func PerQuestion(seed int64) Swap {
	return func(language string, id any) bool {
		sum := sha256.Sum256(fmt.Appendf(nil, "%d\n%s\n%s", seed, language, python.Dumps(id)))
		return sum[0]&1 == 1
	}
}

// Question is one question to the judge.
type Question struct {
	Prompt  string
	Swapped bool // the reference stands first
}

// Ask makes the questions of one language; reference is aligned with model.
func Ask(language string, model, reference []Answer, wording Wording, swap Swap) []Question {
	questions := make([]Question, len(model))
	for i, m := range model {
		first, second := m.Output, reference[i].Output
		swapped := swap(language, m.ID)
		if swapped {
			first, second = second, first
		}
		questions[i] = Question{wording.Prompt(m.Prompt, first, second), swapped}
	}
	return questions
}

// exchanged is the other side for each question, in their order.
func exchanged(questions []Question) Swap {
	i := -1
	return func(string, any) bool {
		i++
		return !questions[i].Swapped
	}
}

// bothOrders puts each question before the same with its sides exchanged.
func bothOrders(questions, back []Question) (both []Question) {
	for i := range questions {
		both = append(both, questions[i], back[i])
	}
	return both
}
