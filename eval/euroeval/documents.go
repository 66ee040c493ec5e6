package euroeval

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"

	"croco/internal/jsonl"
)

// Document is a row of a data set: a text and its label, or a question with its answers.
type Document struct {
	ID       string
	Text     string
	Label    string
	Answers  []string // of a question; nil where there is a label
	Language string
}

// Kind is a kind of data set.
type Kind string

const (
	Classification Kind = "classification" // of sentiment, acceptability, a word's sense, …
	Entailment     Kind = "entailment"
	Knowledge      Kind = "knowledge" // choices stand in the text, one a line: "a. …"; the label is a letter
	QA             Kind = "qa"        // the answer is a piece of the passage
)

// Kinds are all of them.
var Kinds = []Kind{Classification, Entailment, Knowledge, QA}

// Metrics of a kind, EuroEval's: the first is the one that its leaderboards show.
func (k Kind) Metrics() []Metric {
	mcc := Metric{"mcc", "Matthew's Correlation Coefficient"}
	switch k {
	case Knowledge:
		return []Metric{mcc, {"accuracy", "Accuracy"}}
	case QA:
		return []Metric{{"f1", "F1-score"}, {"em", "Exact Match"}}
	}
	return []Metric{mcc, {"macro_f1", "Macro-average F1-score"}}
}

// Shots is how many examples stand before a question in EuroEval.
func (k Kind) Shots() int {
	return map[Kind]int{Classification: 12, Entailment: 12, Knowledge: 5, QA: 4}[k]
}

// Template is how a document is shown, with {text} and {answer} in their places; the answer of the last one is left to
// the model.
func (k Kind) Template() string {
	switch k {
	case Entailment:
		return "{text}\nRelation: {answer}"
	case Knowledge:
		return "Question: {text}\nAnswer: {answer}"
	case QA:
		return "{text}\nAnswer: {answer}"
	}
	return "Text: {text}\nLabel: {answer}"
}

// Prompt shows solved documents and then one without its answer. words are what labels are called, where not themselves.
func Prompt(template string, solved []Document, d Document, words map[string]string) string {
	var b strings.Builder
	for _, s := range solved {
		b.WriteString(show(template, s.Text, s.answer(words)) + "\n\n")
	}
	before, _, _ := strings.Cut(template, "{answer}")
	return b.String() + strings.TrimRight(show(before, d.Text, ""), " ")
}

func show(template, text, answer string) string {
	return strings.NewReplacer("{text}", text, "{answer}", answer).Replace(template)
}

func (d Document) answer(words map[string]string) string {
	if len(d.Answers) > 0 {
		return d.Answers[0]
	}
	return Word(d.Label, words)
}

// Word is what a label is called.
func Word(label string, words map[string]string) string {
	if w, ok := words[label]; ok {
		return w
	}
	return label
}

// Read reads the documents of a kind, one JSON object a line:
//
//	classification, knowledge   text, label
//	entailment                  text, label; or premise, hypothesis, label
//	qa                          context, question, answers (SQuAD's {"text": […], "answer_start": […]}, or a list)
//
// and maybe id, language, and EuroEval's index, corruption_type, which are passed over. Another key is an error.
func Read(path string, kind Kind) ([]Document, error) {
	var documents []Document
	err := jsonl.Read(path, func(line int, raw json.RawMessage) error {
		d, err := kind.document(raw)
		if d.ID == "" {
			d.ID = fmt.Sprint(line)
		}
		documents = append(documents, d)
		return err
	})
	if err == nil && len(documents) == 0 {
		err = fmt.Errorf("%s: expected documents, found none", path)
	}
	return documents, err
}

func (k Kind) document(raw json.RawMessage) (Document, error) {
	var row struct {
		ID         json.RawMessage `json:"id"`
		Index      any             `json:"index"`
		Corruption any             `json:"corruption_type"`
		Language   string          `json:"language"`
		Text       string          `json:"text"`
		Premise    string          `json:"premise"`
		Hypothesis string          `json:"hypothesis"`
		Context    string          `json:"context"`
		Question   string          `json:"question"`
		Label      string          `json:"label"`
		Answers    json.RawMessage `json:"answers"`
	}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&row); err != nil {
		return Document{}, fmt.Errorf("expected the keys of a row of %s: %w", k, err)
	}
	d := Document{ID: strings.Trim(string(row.ID), `"`), Text: row.Text, Label: row.Label, Language: row.Language}
	switch {
	case k == QA:
		if row.Context == "" || row.Question == "" {
			return d, errors.New("expected a context and a question, found one of them empty")
		}
		d.Text = "Passage: " + row.Context + "\nQuestion: " + row.Question
		var err error
		d.Answers, err = answers(row.Answers)
		return d, err
	case k == Entailment && row.Text == "" && row.Premise != "" && row.Hypothesis != "":
		d.Text = "Premise: " + row.Premise + "\nHypothesis: " + row.Hypothesis
	}
	if d.Text == "" || d.Label == "" {
		return d, fmt.Errorf("expected a text and a label, found %.40q and %.40q", d.Text, d.Label)
	}
	return d, nil
}

// answers are a list, or SQuAD's object with one.
func answers(raw json.RawMessage) ([]string, error) {
	list := []string{}
	if json.Unmarshal(raw, &list) == nil && list != nil {
		return list, nil
	}
	var squad struct {
		Text []string `json:"text"`
	}
	if err := json.Unmarshal(raw, &squad); err != nil || squad.Text == nil {
		return nil, fmt.Errorf("answers: expected a list of texts, or an object with one under text, found %.60s", raw)
	}
	return squad.Text, nil
}

// Labels are those of a data set in alphabetical order.
func Labels(documents []Document) (labels []string) {
	for _, d := range documents {
		labels = append(labels, d.Label)
	}
	slices.Sort(labels)
	return slices.Compact(labels)
}

// Candidates are the labels that a document may have: of knowledge, the letters that begin a line of its text.
func (k Kind) Candidates(d Document, labels []string) (out []string, err error) {
	if k != Knowledge {
		return labels, nil
	}
	for _, l := range labels {
		if regexp.MustCompile(`(?im)^\s*` + regexp.QuoteMeta(l) + `\. `).MatchString(d.Text) {
			out = append(out, l)
		}
	}
	if !slices.Contains(out, d.Label) || len(out) < 2 {
		return nil, fmt.Errorf("document %s: expected lines that begin with a choice's letter, such as \"a. \", one of them the label %q; found those of %q", d.ID, d.Label, out)
	}
	return out, nil
}

// Iteration is one resampled evaluation.
type Iteration struct {
	Solved []int // examples, places in the training set
	Test   []int // places in the test set, with repetition
}

// Resample draws iterations: test sets with replacement, as many as there are; examples from a training set drawn with
// replacement, different ones, and where there are labels as many of each as may be. The draws depend on seed and
// iteration alone. (EuroEval draws with numpy's generator and filters by length; its draws are others.)
func Resample(iterations int, train, test []Document, shots int, seed uint64) ([]Iteration, error) {
	out := make([]Iteration, iterations)
	for i := range out {
		r := rand.New(rand.NewPCG(seed, uint64(i)))
		for range test {
			out[i].Test = append(out[i].Test, r.IntN(len(test)))
		}
		var pool []int // of the training set, without repetition, in random order
		for range train {
			pool = append(pool, r.IntN(len(train)))
		}
		pool = distinct(pool)
		if out[i].Solved = balanced(pool, train, shots); len(out[i].Solved) < shots {
			return nil, fmt.Errorf("iteration %d: expected %d examples, found %d different ones in a training set of %d: give more, or set num_fewshot", i+1, shots, len(out[i].Solved), len(train))
		}
	}
	return out, nil
}

func distinct(places []int) (out []int) {
	for _, p := range places {
		if !slices.Contains(out, p) {
			out = append(out, p)
		}
	}
	return out
}

// balanced takes examples from a pool label after label; those without a label count as one.
func balanced(pool []int, train []Document, shots int) (taken []int) {
	var labels []string
	byLabel := map[string][]int{}
	for _, p := range pool {
		l := train[p].Label
		if byLabel[l] == nil {
			labels = append(labels, l)
		}
		byLabel[l] = append(byLabel[l], p)
	}
	slices.Sort(labels)
	for round := 0; len(taken) < shots; round++ {
		before := len(taken)
		for _, l := range labels {
			if round < len(byLabel[l]) && len(taken) < shots {
				taken = append(taken, byLabel[l][round])
			}
		}
		if len(taken) == before {
			break
		}
	}
	return taken
}
