package judge

import (
	"crypto/sha256"
	"fmt"
	"strings"

	"croco/pairing/python"
)

// Answer is one answer of one model.
type Answer struct {
	ID          any // of the question, any JSON value
	Prompt      string
	Output      string
	Generator   string // "unknown" if absent
	Subcategory string // "unknown" if absent
}

// ReadAnswers reads a JSON list of objects with question_id, prompt and output, and optionally generator and subcategory.
func ReadAnswers(text, name string) ([]Answer, error) {
	value, err := python.Loads(text)
	if err != nil {
		return nil, fmt.Errorf("%s: expected a JSON list of answers: %w", name, err)
	}
	list, ok := value.([]any)
	if !ok {
		return nil, fmt.Errorf("%s: expected a JSON list of answers, found %.60s", name, python.Dumps(value))
	}
	answers := make([]Answer, len(list))
	for i, v := range list {
		row, ok := v.(*python.Object)
		if !ok {
			return nil, fmt.Errorf("%s, item %d: expected an object, found %.60s", name, i+1, python.Dumps(v))
		}
		a := Answer{Generator: "unknown", Subcategory: "unknown"}
		if a.ID, ok = row.Lookup("question_id"); !ok {
			return nil, fmt.Errorf("%s, item %d: expected the key question_id, found %q", name, i+1, row.Keys)
		}
		for _, field := range []struct {
			key  string
			into *string
			must bool
		}{{"prompt", &a.Prompt, true}, {"output", &a.Output, true}, {"generator", &a.Generator, false}, {"subcategory", &a.Subcategory, false}} {
			if _, given := row.Lookup(field.key); !given && !field.must {
				continue
			}
			if *field.into, err = row.Text(field.key); err != nil {
				return nil, fmt.Errorf("%s, item %d: %w", name, i+1, err)
			}
		}
		answers[i] = a
	}
	return answers, nil
}

// Align puts the reference's answers in the order of the model's, by question. Both sides answer the same questions.
func Align(model, reference []Answer) ([]Answer, error) {
	if len(model) == 0 || len(model) != len(reference) {
		return nil, fmt.Errorf("expected answers of both sides to the same questions, found %d and %d answers", len(model), len(reference))
	}
	byID := map[string]Answer{}
	for _, a := range reference {
		key := python.Dumps(a.ID)
		if _, twice := byID[key]; twice {
			return nil, fmt.Errorf("question_id %s: the reference answers it twice", key)
		}
		byID[key] = a
	}
	aligned := make([]Answer, len(model))
	for i, a := range model {
		other, ok := byID[python.Dumps(a.ID)]
		if !ok {
			return nil, fmt.Errorf("question_id %s: the reference has no answer to it", python.Dumps(a.ID))
		}
		aligned[i] = other
	}
	return aligned, nil
}

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
