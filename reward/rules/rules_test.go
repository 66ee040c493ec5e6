package rules

import (
	"maps"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"croco/internal/nearest"
)

// scorer parses rules as a recipe has them.
func scorer(t *testing.T, recipe string) (*Scorer, error) {
	var list []map[string]any
	require.NoError(t, yaml.Unmarshal([]byte(recipe), &list))
	return Parse(list)
}

// value is that of one rule for one row.
func value(t *testing.T, rule string, row Row) float64 {
	s, err := scorer(t, "- {name: "+rule+"}")
	require.NoError(t, err)
	score, parts := s.Score(row)
	require.Len(t, parts, 1)
	require.GreaterOrEqual(t, score, 0.)
	require.LessOrEqual(t, score, 1.)
	return score
}

// TestRules: what each rule gives for an answer.
func TestRules(t *testing.T) {
	const question = "Wie viele Beine haben drei Katzen?"
	for _, c := range []struct {
		rule string
		row  Row
		want float64
	}{
		{"right_language, threshold: 0.75", Row{Language: "de", Completion: "Drei Katzen haben zusammen zwölf Beine."}, 1},
		{"right_language, threshold: 0.75", Row{Language: "de", Completion: "Three cats have twelve legs in total."}, 0},
		{"right_language", Row{Language: "de", Completion: "12"}, 1},
		{"right_language, undetermined: 0.5", Row{Language: "de", Completion: "12"}, .5},
		{"right_language", Row{Language: "de", Completion: "Двенадцать."}, 0},
		{"right_language, threshold: 0.9", Row{Language: "nb", Completion: "Om sommeren er dagene lange og varme."}, 1},
		{"right_language, threshold: 0.9, pooled: false", Row{Language: "nb", Completion: "Om sommeren er dagene lange og varme."}, 0},
		{"right_language", Row{Language: "ja", Completion: "はい"}, 0},

		{"exact_answer", Row{Answer: "Paris", Completion: " **paris**.\n"}, 1},
		{"exact_answer", Row{Answer: "Paris", Completion: "It is Paris."}, 0},
		{"exact_answer, case_sensitive: true", Row{Answer: "Paris", Completion: "paris"}, 0},
		{"exact_answer, where: last_line", Row{Answer: "new york", Completion: "Let me think.\n\nNew  York!\n"}, 1},
		{"exact_answer, where: anywhere", Row{Answer: "Paris", Completion: "It is Paris, in France."}, 1},
		{"exact_answer, where: anywhere", Row{Answer: "is", Completion: "Paris"}, 0},
		{"exact_answer", Row{Answer: "", Completion: ""}, 0},

		{"contains, text: Katze", Row{Completion: "Eine KATZE"}, 1},
		{"contains, text: Katze, case_sensitive: true", Row{Completion: "Eine KATZE"}, 0},
		{"contains, any: [cat, dog]", Row{Completion: "a dog"}, 1},
		{"contains, all: [cat, dog]", Row{Completion: "a dog"}, .5},
		{`regex, pattern: '^\d+ legs\.$'`, Row{Completion: "12 legs."}, 1},
		{`regex, pattern: '^\d+ legs\.$'`, Row{Completion: "twelve legs."}, 0},

		{"json_valid", Row{Completion: `[1, 2]`}, 1},
		{"json_valid", Row{Completion: "```json\n{\"a\": 1}\n```"}, 1},
		{"json_valid", Row{Completion: `{"a": 1,}`}, 0},
		{"json_valid, type: object", Row{Completion: `[1]`}, 0},
		{"json_valid, keys: [a, b]", Row{Completion: `{"a": 1, "b": null}`}, 1},
		{"json_valid, keys: [a, b]", Row{Completion: `{"a": 1}`}, 0},

		{"list_items, n: 3", Row{Completion: "Here:\n- a\n- b\n  * c\n"}, 1},
		{"list_items, n: 3", Row{Completion: "1. a\n2) b\n3. c\n4. d"}, 0},
		{"list_items, n: 2", Row{Completion: "3.5 km\n-5 degrees"}, 0},
		{`list_items, n: 3, separator: ","`, Row{Completion: "ants, cats, dogs."}, 1},

		{"max_length, n: 3", Row{Completion: "one two three"}, 1},
		{"max_length, n: 3, unit: characters", Row{Completion: "äöü"}, 1},
		{"max_length, n: 3, unit: tokens", Row{Completion: "x", Tokens: 4}, 0},
		{"max_length, n: 3, unit: tokens", Row{Completion: "x"}, 0},
		{"min_length, n: 3", Row{Completion: "one two"}, 0},
		{"length_target, n: 4", Row{Completion: "one two three"}, .75},
		{"length_target, n: 4, tolerance: 1", Row{Completion: "one two three"}, 1},
		{"length_target, n: 2", Row{Completion: strings.Repeat("x ", 9)}, 0},

		{"starts_with, text: Sure", Row{Completion: "  Sure, here"}, 1},
		{"starts_with, text: sure", Row{Completion: "Sure, here"}, 0},
		{"ends_with, text: END, case_sensitive: false", Row{Completion: "the end\n"}, 1},
		{"no_repetition", Row{Completion: "a b c d e"}, 1},
		{"no_repetition, n: 1", Row{Completion: "la la la La!"}, .25},
		{"no_repetition", Row{Completion: "a b"}, 1},
		{"not_empty", Row{Completion: " \n"}, 0},
		{"not_empty", Row{Completion: question}, 1},
		{"finished", Row{FinishReason: "stop"}, 1},
		{"finished", Row{FinishReason: "length"}, 0},
	} {
		require.Equal(t, c.want, value(t, c.rule, c.row), "%s: %+v", c.rule, c.row)
	}
}

func TestNumberAnswer(t *testing.T) {
	for _, c := range []struct {
		answer, completion string
		want               float64
	}{
		{"24", "12 + 12 = 24 legs.", 1},
		{"24", "24. Because 12 + 12.", 0}, // the last number counts
		{"1234", "Das macht 1.234 Euro.", 1},
		{"1234", "1,234", 1},
		{"1234", "1 234 kr", 1},
		{"1234567", "1\u202f234\u202f567", 1},
		{"1234567", "1'234'567", 1},
		{"1234567.5", "1.234.567,5", 1},
		{"1234567.5", "$1,234,567.50", 1},
		{"3.5", "3,5 kg", 1},
		{"3.5", "35", 0},
		{"1.234", "1.234", 1},
		{"1.234", "1234", 0}, // an answer is written as programs write it
		{"1,234", "1234", 1},
		{"-5", "It is −5 degrees", 1},
		{"5", "from 3-5", 1},
		{"-5", "x = 10-5", 0},
		{"5", "-5", 0},
		{"24", "24kg", 1},
		{"7", "7 molecules of H2O", 1},
		{"0.5", "0,500", 1},
		{"500", "0,500", 0},
		{"2024", "in 12 2024", 1},
		{"42", `\boxed{42}`, 1},
		{"42", "forty-two", 0},
		{"42 apples", "42", 1},
		{"42", "", 0},
	} {
		require.Equal(t, c.want, value(t, "number_answer", Row{Answer: c.answer, Completion: c.completion}), "%q in %q", c.answer, c.completion)
	}
	require.Equal(t, 1., value(t, "number_answer, tolerance: 0.01", Row{Answer: "3.14159", Completion: "about 3.14"}))
}

// TestScore: weights multiply, parts do not hold them, and one rule may stand twice under two names.
func TestScore(t *testing.T) {
	s, err := scorer(t, `
- {name: number_answer, weight: 3}
- {name: max_length, weight: 0.5, n: 2}
- {name: contains, weight: -1, text: sorry, as: apology}
- {name: contains, text: legs}`)
	require.NoError(t, err)
	score, parts := s.Score(Row{Answer: "12", Completion: "Sorry, 12 legs"})
	require.Equal(t, map[string]float64{"number_answer": 1, "max_length": 0, "apology": 1, "contains": 1}, parts)
	require.Equal(t, 3., score)
}

func TestCheckSaysWhatARowLacks(t *testing.T) {
	s, err := scorer(t, "[{name: right_language}, {name: number_answer}, {name: max_length, n: 5, unit: tokens, as: short}]")
	require.NoError(t, err)
	good := Row{Language: "da", Answer: "3", Completion: "3", Tokens: 1}
	require.NoError(t, s.Check(good))
	for want, breakIt := range map[string]func(*Row){
		`rule right_language: the row's language is "xx"`: func(r *Row) { r.Language = "xx" },
		"rule number_answer: the row has no answer":       func(r *Row) { r.Answer = " " },
		`answer is "three", expected a number`:            func(r *Row) { r.Answer = "three" },
		"rule short: the row has no count of tokens":      func(r *Row) { r.Tokens = 0 },
	} {
		row := good
		breakIt(&row)
		require.ErrorContains(t, s.Check(row), want)
	}
}

func TestParseRefuses(t *testing.T) {
	for recipe, want := range map[string]string{
		"[]":            "the list is empty",
		"- {weight: 1}": "rules[0]: a rule without a name",
		"- {name: 3}":   "name: expected a text, found 3",
		"- {name: not_empty}\n- {name: right_langage}": `rules[1]: unknown rule "right_langage", the nearest is "right_language"`,
		"- {name: max_length, n: 3, units: words}":     `max_length: unknown key "units", the nearest is "unit"`,
		"- {name: max_length}":                         "n is missing",
		"- {name: max_length, n: 2.5}":                 "whole number from 1 on, found 2.5",
		"- {name: max_length, n: 0}":                   "found 0",
		"- {name: max_length, n: 3, unit: letters}":    `unknown "letters", expected one of words, characters, tokens`,
		"- {name: regex, pattern: '('}":                "missing closing )",
		"- {name: regex}":                              "pattern is missing",
		"- {name: contains}":                           "expected one of text",
		"- {name: contains, text: a, any: [b]}":        "expected one of text",
		"- {name: contains, any: b}":                   "expected a list of texts",
		"- {name: contains, all: [1]}":                 "found 1 (int)",
		"- {name: finished, weight: heavy}":            "weight: expected a number, found heavy",
		"- {name: finished, weight: .nan}":             "finite",
		"- {name: right_language, threshold: 2}":       "from 0 to 1",
		"- {name: right_language, pooled: 1}":          "true or false",
		"[{name: finished}, {name: finished}]":         `rules[1]: "finished" is already the name of rules[0]`,
	} {
		_, err := scorer(t, recipe)
		require.ErrorContains(t, err, want, recipe)
	}
}

// TestNames: the package comment describes every rule there is.
func TestNames(t *testing.T) {
	source, err := os.ReadFile("rules.go")
	require.NoError(t, err)
	comment, _, _ := strings.Cut(string(source), "package rules\n")
	require.Len(t, Names(), 15)
	for _, name := range Names() {
		require.Contains(t, comment, "//\t"+name+" ")
	}
	require.Equal(t, "max_length", nearest.Of("maxlength", Names()))
}

// FuzzRules: every rule gives a value from 0 to 1 for any text.
func FuzzRules(f *testing.F) {
	for _, text := range []string{"", "1.2.3,4", "- a\n- b", "```\n```", "9 999 999'999", "−5", "\xff1,", "{}", "1,,2"} {
		f.Add(text, "12")
	}
	f.Fuzz(func(t *testing.T, completion, answer string) {
		required := map[string]map[string]any{"contains": {"text": "a"}, "starts_with": {"text": "a"}, "ends_with": {"text": "a"},
			"regex": {"pattern": "a"}, "max_length": {"n": 3}, "min_length": {"n": 3}, "length_target": {"n": 3}, "list_items": {"n": 3}}
		var list []map[string]any
		for _, name := range Names() {
			rule := map[string]any{"name": name}
			maps.Copy(rule, required[name])
			list = append(list, rule)
		}
		s, err := Parse(list)
		require.NoError(t, err)
		_, parts := s.Score(Row{Language: "de", Completion: completion, Answer: answer})
		for name, v := range parts {
			require.True(t, v >= 0 && v <= 1, "%s: %v", name, v)
		}
	})
}
