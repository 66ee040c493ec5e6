package rules

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"croco/reward/language"
)

func rightLanguage(p *parameters) (func(Row) float64, func(Row) error) {
	threshold := p.within("threshold", 0, 0, 1)
	pooled := p.boolean("pooled", true)
	undetermined := p.within("undetermined", 1, 0, 1)
	value := func(r Row) float64 {
		if !strings.ContainsFunc(r.Completion, unicode.IsLetter) {
			return undetermined
		}
		probability := float64(language.Probability(r.Completion, r.Language, pooled))
		if threshold > 0 {
			return truth(probability >= threshold)
		}
		return probability
	}
	need := func(r Row) error {
		if language.Canonical(r.Language) == "" {
			return fmt.Errorf("the row's language is %q, expected one of %v", r.Language, language.Supported())
		}
		return nil
	}
	return value, need
}

func needAnswer(r Row) error {
	if plain(r.Answer, true) == "" {
		return fmt.Errorf("the row has no answer, add the field answer to the prompt")
	}
	return nil
}

func exactAnswer(p *parameters) (func(Row) float64, func(Row) error) {
	where := p.choice("where", "whole", "last_line", "anywhere")
	exactCase := p.boolean("case_sensitive", false)
	value := func(r Row) float64 {
		text, answer := plain(r.Completion, exactCase), plain(r.Answer, exactCase)
		switch where {
		case "last_line":
			lines := strings.Split(strings.TrimSpace(r.Completion), "\n")
			return truth(plain(lines[len(lines)-1], exactCase) == answer)
		case "anywhere":
			return truth(standsIn(text, answer))
		}
		return truth(text == answer)
	}
	return value, needAnswer
}

// plain is a text without what does not change an answer: outer white space and punctuation, runs of spaces, case.
func plain(text string, exactCase bool) string {
	if !exactCase {
		text = strings.ToLower(text)
	}
	text = strings.Join(strings.Fields(text), " ")
	return strings.TrimFunc(text, func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune(`.,;:!?¡¿"'*_“”„«»`, r) })
}

// standsIn reports whether answer is in text as whole words.
func standsIn(text, answer string) bool {
	word := func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }
	for at := 0; ; {
		i := strings.Index(text[at:], answer)
		if i < 0 || answer == "" {
			return false
		}
		before, after := []rune(text[:at+i]), []rune(text[at+i+len(answer):])
		if (len(before) == 0 || !word(before[len(before)-1])) && (len(after) == 0 || !word(after[0])) {
			return true
		}
		at += i + len(answer)
	}
}

func numberAnswer(p *parameters) (func(Row) float64, func(Row) error) {
	tolerance := p.within("tolerance", 0, 0, math.MaxFloat64)
	value := func(r Row) float64 {
		found, wanted := lastNumber(r.Completion), reference(r.Answer)
		for _, x := range found {
			for _, y := range wanted {
				if math.Abs(x-y) <= tolerance+1e-9*math.Abs(y) {
					return 1
				}
			}
		}
		return 0
	}
	need := func(r Row) error {
		if err := needAnswer(r); err != nil {
			return err
		}
		if lastNumber(r.Answer) == nil {
			return fmt.Errorf("the row's answer is %q, expected a number", r.Answer)
		}
		return nil
	}
	return value, need
}

// reference reads an answer field: as programs write numbers if it is one, else as people do.
func reference(answer string) []float64 {
	if x, err := strconv.ParseFloat(strings.TrimSpace(answer), 64); err == nil {
		return []float64{x}
	}
	return lastNumber(answer)
}

func contains(p *parameters) (func(Row) float64, func(Row) error) {
	text, some, all := p.text("text", ""), p.texts("any"), p.texts("all")
	fold := strings.ToLower
	if p.boolean("case_sensitive", false) {
		fold = strings.Clone
	}
	if text != "" {
		all = append(all, text)
	}
	if (len(some) > 0) == (len(all) > 0) || text != "" && len(all) > 1 {
		p.fail("expected one of text: TEXT, any: [TEXT, …] and all: [TEXT, …]")
	}
	return func(r Row) float64 {
		completion := fold(r.Completion)
		found := func(s string) bool { return strings.Contains(completion, fold(s)) }
		if len(some) > 0 {
			return truth(slices.ContainsFunc(some, found))
		}
		n := 0
		for _, s := range all {
			if found(s) {
				n++
			}
		}
		return float64(n) / float64(len(all))
	}, nil
}

func matches(p *parameters) (func(Row) float64, func(Row) error) {
	pattern := p.required("pattern")
	re, err := regexp.Compile(pattern)
	if err != nil {
		p.fail("pattern: %v; the syntax is that of Go's regexp", err)
	}
	return func(r Row) float64 { return truth(re.MatchString(r.Completion)) }, nil
}
