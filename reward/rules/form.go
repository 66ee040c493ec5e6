package rules

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

func validJSON(p *parameters) (func(Row) float64, func(Row) error) {
	kind, keys := p.choice("type", "any", "object", "array"), p.texts("keys")
	return func(r Row) float64 {
		var v any
		if json.Unmarshal([]byte(unfenced(r.Completion)), &v) != nil {
			return 0
		}
		object, isObject := v.(map[string]any)
		_, isArray := v.([]any)
		if kind == "object" && !isObject || kind == "array" && !isArray {
			return 0
		}
		return truth(!slices.ContainsFunc(keys, func(k string) bool { _, ok := object[k]; return !ok }))
	}, nil
}

// unfenced takes a text out of the Markdown fence that is all around it.
func unfenced(text string) string {
	text = strings.TrimSpace(text)
	inner, ok := strings.CutPrefix(text, "```")
	if !ok {
		return text
	}
	inner, ok = strings.CutSuffix(inner, "```")
	_, inner, newline := strings.Cut(inner, "\n") // the first line names the language
	if !ok || !newline {
		return text
	}
	return inner
}

func listItems(p *parameters) (func(Row) float64, func(Row) error) {
	n, separator := p.count("n", 0), p.text("separator", "")
	return func(r Row) float64 {
		items := 0
		for line := range strings.Lines(r.Completion) {
			if isItem(strings.TrimSpace(line)) {
				items++
			}
		}
		if items == 0 && separator != "" {
			for part := range strings.SplitSeq(r.Completion, separator) {
				items += int(truth(strings.TrimSpace(part) != ""))
			}
		}
		return truth(items == n)
	}, nil
}

// isItem reports a line such as "- x", "* x", "• x", "3. x" and "3) x".
func isItem(line string) bool {
	for _, bullet := range []string{"- ", "* ", "• ", "– "} {
		if strings.HasPrefix(line, bullet) {
			return true
		}
	}
	rest := strings.TrimLeft(line, "0123456789")
	return len(rest) < len(line) && (strings.HasPrefix(rest, ". ") || strings.HasPrefix(rest, ") "))
}

// measured reads a length and its unit.
func measured(p *parameters) (n float64, length func(Row) float64, need func(Row) error) {
	n = float64(p.count("n", 0))
	switch p.choice("unit", "words", "characters", "tokens") {
	case "characters":
		return n, func(r Row) float64 { return float64(utf8.RuneCountInString(r.Completion)) }, nil
	case "tokens":
		return n, func(r Row) float64 { return float64(r.Tokens) }, needTokens
	}
	return n, func(r Row) float64 { return float64(len(strings.Fields(r.Completion))) }, nil
}

func needTokens(r Row) error {
	if r.Tokens == 0 && r.Completion != "" {
		return fmt.Errorf("the row has no count of tokens, choose unit: words or characters")
	}
	return nil
}

func maxLength(p *parameters) (func(Row) float64, func(Row) error) {
	n, length, need := measured(p)
	return func(r Row) float64 { return truth(length(r) <= n) }, need
}

func minLength(p *parameters) (func(Row) float64, func(Row) error) {
	n, length, need := measured(p)
	return func(r Row) float64 { return truth(length(r) >= n) }, need
}

func lengthTarget(p *parameters) (func(Row) float64, func(Row) error) {
	n, length, need := measured(p)
	tolerance := p.within("tolerance", 0, 0, math.MaxFloat64)
	return func(r Row) float64 {
		off := math.Abs(length(r) - n)
		if off <= tolerance {
			return 1
		}
		return max(0, 1-off/n)
	}, need
}

func startsWith(p *parameters) (func(Row) float64, func(Row) error) {
	return edge(p, strings.HasPrefix)
}

func endsWith(p *parameters) (func(Row) float64, func(Row) error) {
	return edge(p, strings.HasSuffix)
}

// edge compares a text with one end of the answer, white space around it aside.
func edge(p *parameters, has func(s, end string) bool) (func(Row) float64, func(Row) error) {
	text, exactCase := p.required("text"), p.boolean("case_sensitive", true)
	return func(r Row) float64 {
		completion := strings.TrimSpace(r.Completion)
		if exactCase {
			return truth(has(completion, text))
		}
		return truth(has(strings.ToLower(completion), strings.ToLower(text)))
	}, nil
}

func noRepetition(p *parameters) (func(Row) float64, func(Row) error) {
	n := p.count("n", 3)
	return func(r Row) float64 {
		words := strings.FieldsFunc(strings.ToLower(r.Completion), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
		runs := len(words) - n + 1
		if runs <= 0 {
			return 1
		}
		distinct := map[string]bool{}
		for i := range runs {
			distinct[strings.Join(words[i:i+n], " ")] = true
		}
		return float64(len(distinct)) / float64(runs)
	}, nil
}

func notEmpty(*parameters) (func(Row) float64, func(Row) error) {
	return func(r Row) float64 { return truth(strings.TrimSpace(r.Completion) != "") }, nil
}

func finished(*parameters) (func(Row) float64, func(Row) error) {
	return func(r Row) float64 { return truth(r.FinishReason == "stop") }, nil
}
