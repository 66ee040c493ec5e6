// Package rules rewards answers by rules that a recipe puts together:
//
//	rules:
//	  - {name: right_language, weight: 2}
//	  - {name: number_answer, weight: 3}
//	  - {name: max_length, weight: 0.5, n: 60, unit: words}
//	  - {name: contains, weight: -1, text: "as an AI", as: boilerplate}
//
// Every rule gives a value from 0 to 1, and the score is the sum of weight × value. The verbs:
//
//	Parse   a recipe's list of rules into a Scorer; what it does not know is refused
//	Check   whether a row has what the rules need (a language, an answer), before any is scored
//	Score   a row: the sum, and every rule's value
//	Names   the rules there are
//
// The rules, with their parameters (… = default):
//
//	right_language   probability that the answer is in the row's language. threshold: 1 from it on, else 0;
//	                 pooled=true: Danish and Norwegian count as one; undetermined=1: value of an answer without letters
//	exact_answer     the row's answer. where=whole | last_line | anywhere; case_sensitive=false
//	number_answer    the last number of the text equals the row's answer. tolerance=0
//	contains         text, or any: [...], or all: [...] (share found). case_sensitive=false
//	regex            pattern, in Go's syntax, found anywhere
//	json_valid       JSON, with or without a Markdown fence. type=any | object | array; keys: [...] that an object must have
//	list_items       exactly n items; separator: counts what it separates where no line begins with a bullet or number
//	max_length       n; unit=words | characters | tokens
//	min_length       n; unit
//	length_target    n; unit; 1 at n, falling to 0 at 0 and 2n; tolerance=0: so far off is still 1
//	starts_with      text; case_sensitive=true
//	ends_with        text; case_sensitive=true
//	no_repetition    share of the runs of n=3 words that are not repeats
//	not_empty        anything but white space
//	finished         the model ended the answer itself (finish_reason stop)
//
// Every rule also takes weight (1) and as (its name among the parts; needed where a rule stands twice).
package rules

import (
	"fmt"
	"maps"
	"slices"

	"croco/internal/nearest"
)

// Row is an answer to score.
type Row struct {
	Prompt       string
	Language     string // of the prompt: "de", "pt-BR", …
	Completion   string
	Answer       string // the reference, where the prompt has one
	FinishReason string // "stop" or "length"
	Tokens       int    // of the completion
}

// Scorer is a list of rules. It may be used by several goroutines.
type Scorer struct{ rules []rule }

// rule is one line of the recipe, ready to apply.
type rule struct {
	part   string // its name among the parts
	weight float64
	value  func(Row) float64
	need   func(Row) error // nil: needs nothing that a row may lack
}

// builder reads a rule's parameters and returns what it values and needs.
type builder func(p *parameters) (value func(Row) float64, need func(Row) error)

var builders = map[string]builder{
	"right_language": rightLanguage,
	"exact_answer":   exactAnswer,
	"number_answer":  numberAnswer,
	"contains":       contains,
	"regex":          matches,
	"json_valid":     validJSON,
	"list_items":     listItems,
	"max_length":     maxLength,
	"min_length":     minLength,
	"length_target":  lengthTarget,
	"starts_with":    startsWith,
	"ends_with":      endsWith,
	"no_repetition":  noRepetition,
	"not_empty":      notEmpty,
	"finished":       finished,
}

// Names lists the rules there are.
func Names() []string { return slices.Sorted(maps.Keys(builders)) }

// Parse reads a list of rules as YAML or JSON decodes it. An unknown rule or parameter, a missing one, and a value of the
// wrong kind are errors that say which rule of the list it is, and what is nearest or expected.
func Parse(list []map[string]any) (*Scorer, error) {
	if len(list) == 0 {
		return nil, fmt.Errorf("rules: the list is empty, expected at least one rule such as {name: right_language}")
	}
	s, seen := &Scorer{}, map[string]int{}
	for i, given := range list {
		r, err := parseRule(given)
		if err != nil {
			return nil, fmt.Errorf("rules[%d]: %w", i, err)
		}
		if first, ok := seen[r.part]; ok {
			return nil, fmt.Errorf("rules[%d]: %q is already the name of rules[%d], give one of them a name of its own with as: NAME", i, r.part, first)
		}
		seen[r.part] = i
		s.rules = append(s.rules, r)
	}
	return s, nil
}

func parseRule(given map[string]any) (rule, error) {
	p := &parameters{given: given, known: map[string]bool{}}
	name := p.text("name", "")
	if p.err != nil {
		return rule{}, p.err
	}
	if name == "" {
		return rule{}, fmt.Errorf("a rule without a name, expected name: one of %v", Names())
	}
	build, ok := builders[name]
	if !ok {
		return rule{}, fmt.Errorf("unknown rule %q, the nearest is %q; there are %v", name, nearest.Of(name, Names()), Names())
	}
	r := rule{part: p.text("as", name), weight: p.number("weight", 1)}
	r.value, r.need = build(p)
	if err := p.finish(); err != nil {
		return rule{}, fmt.Errorf("%s: %w", name, err)
	}
	return r, nil
}

// Check reports the first rule for which a row lacks something, so that it can be said before hours of scoring.
func (s *Scorer) Check(row Row) error {
	for _, r := range s.rules {
		if r.need == nil {
			continue
		}
		if err := r.need(row); err != nil {
			return fmt.Errorf("rule %s: %w", r.part, err)
		}
	}
	return nil
}

// Score returns Σ weight × value and every rule's value, by name. A rule whose need a row does not meet has value 0.
func (s *Scorer) Score(row Row) (score float64, parts map[string]float64) {
	parts = make(map[string]float64, len(s.rules))
	for _, r := range s.rules {
		v := 0.
		if r.need == nil || r.need(row) == nil {
			v = r.value(row)
		}
		parts[r.part] = v
		score += r.weight * v
	}
	return score, parts
}

func truth(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}
