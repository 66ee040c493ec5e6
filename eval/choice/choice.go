// Package choice is multiple choice by likelihood: the model's answer is the choice that it finds likeliest behind the
// question.
//
//	Read       questions: Belebele's JSON lines, or plain ones
//	Form       how to ask: letters for the choices, or their texts
//	Prompt     the question, behind answered ones
//	Choices    the texts whose likelihoods are compared
//	Order      questions of one passage beside each other, so that a forest shares it
//	Score      log-probabilities → right or wrong, plain and by length
package choice

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// Question has choices, of which one is right.
type Question struct {
	ID       string
	Cluster  string // equal for translations of one question; "" where nothing says so
	Language string
	Passage  string // "" for questions without
	Question string
	Choices  []string
	Right    int
}

// Form is how a question is asked.
type Form string

const (
	Letters Form = "letters" // choices stand in the question, letters are compared
	Texts   Form = "texts"   // the question alone, the choices' texts are compared
)

// Forms are all of them.
var Forms = []Form{Letters, Texts}

// letter of a choice.
func letter(i int) string { return string(rune('A' + i)) }

// Prompt asks a question behind answered ones. With letters it is the LM Evaluation Harness's prompt for Belebele:
//
//	P: passage⏎Q: question⏎A: …⏎B: …⏎C: …⏎D: …⏎Answer:
func (f Form) Prompt(answered []Question, q Question) string {
	var b strings.Builder
	for _, a := range answered {
		b.WriteString(f.ask(a) + f.Choices(a)[a.Right] + "\n\n")
	}
	return b.String() + f.ask(q)
}

func (f Form) ask(q Question) string {
	var b strings.Builder
	if q.Passage != "" {
		b.WriteString("P: " + q.Passage + "\n")
	}
	b.WriteString("Q: " + strings.TrimSpace(q.Question) + "\n")
	if f == Letters {
		for i, c := range q.Choices {
			b.WriteString(letter(i) + ": " + c + "\n")
		}
	}
	return b.String() + "Answer:"
}

// Choices are the texts that may follow the prompt, with the space before them.
func (f Form) Choices(q Question) []string {
	texts := make([]string, len(q.Choices))
	for i, c := range q.Choices {
		texts[i] = " " + c
		if f == Letters {
			texts[i] = " " + letter(i)
		}
	}
	return texts
}

// Order lists the questions so that those of one passage stand beside each other, passages in the order in which they
// are met.
func Order(questions []Question) []int {
	first := map[string]int{}
	for i, q := range questions {
		key := q.Language + "\n" + q.Passage
		if _, ok := first[key]; !ok || q.Passage == "" {
			first[key] = i
		}
	}
	order := make([]int, len(questions))
	for i := range order {
		order[i] = i
	}
	place := func(i int) int {
		if q := questions[i]; q.Passage != "" {
			return first[q.Language+"\n"+q.Passage]
		}
		return i
	}
	slices.SortStableFunc(order, func(a, b int) int { return place(a) - place(b) })
	return order
}

// Outcome is what was chosen.
type Outcome struct {
	Chosen     int // the likeliest; the first of equals
	ChosenNorm int // the likeliest by character of its text
}

// Score picks from the sums of log-probabilities of the choices' texts. By length means divided by the number of
// characters, without the space before.
func (f Form) Score(q Question, logp []float64) Outcome {
	if len(logp) != len(q.Choices) {
		panic(fmt.Sprintf("choice: %d log-probabilities of %d choices", len(logp), len(q.Choices)))
	}
	var o Outcome
	norm := make([]float64, len(logp))
	for i, text := range f.Choices(q) {
		norm[i] = logp[i] / float64(utf8.RuneCountInString(text)-1)
		if logp[i] > logp[o.Chosen] {
			o.Chosen = i
		}
		if norm[i] > norm[o.ChosenNorm] {
			o.ChosenNorm = i
		}
	}
	return o
}
