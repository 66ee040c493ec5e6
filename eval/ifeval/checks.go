package ifeval

import (
	"encoding/json"
	"regexp"
	"strings"
	"unicode"

	"croco/reward/language"
)

// params are what an instruction brings with it.
type params = map[string]any

// check is how one instruction is checked.
type check struct {
	params   map[string]string // name → text, list of texts, number, letter or relation
	holds    func(answer string, p params) bool
	supports func(Instruction) bool // nil: always
}

// The names and meanings are the paper's table 4; details follow its published checker where the table leaves them open.
var checks = map[string]check{
	"keywords:existence": {map[string]string{"keywords": "list of texts"}, func(a string, p params) bool {
		for _, k := range p["keywords"].([]any) {
			if !strings.Contains(strings.ToLower(a), strings.ToLower(k.(string))) {
				return false
			}
		}
		return true
	}, nil},
	"keywords:frequency": {map[string]string{"keyword": "text", "frequency": "number", "relation": "relation"}, func(a string, p params) bool {
		return compared(strings.Count(strings.ToLower(a), strings.ToLower(p["keyword"].(string))), p["relation"], p["frequency"])
	}, nil},
	"keywords:forbidden_words": {map[string]string{"forbidden_words": "list of texts"}, func(a string, p params) bool {
		for _, w := range p["forbidden_words"].([]any) {
			if standsIn(a, w.(string)) {
				return false
			}
		}
		return true
	}, nil},
	"keywords:letter_frequency": {map[string]string{"letter": "letter", "let_frequency": "number", "let_relation": "relation"}, func(a string, p params) bool {
		return compared(strings.Count(strings.ToLower(a), strings.ToLower(p["letter"].(string))), p["let_relation"], p["let_frequency"])
	}, nil},
	"language:response_language": {map[string]string{"language": "text"}, func(a string, p params) bool {
		return isIn(a, p["language"].(string))
	}, func(in Instruction) bool {
		code, _ := in.Params["language"].(string)
		return language.Canonical(code) != ""
	}},
	"length_constraints:number_words": {map[string]string{"num_words": "number", "relation": "relation"}, func(a string, p params) bool {
		return compared(len(strings.FieldsFunc(a, func(r rune) bool { return !ofWord(r) })), p["relation"], p["num_words"])
	}, nil},
	"length_constraints:number_paragraphs": {map[string]string{"num_paragraphs": "number"}, func(a string, p params) bool {
		return parts(stars.Split(a, -1)) == int(p["num_paragraphs"].(float64))
	}, nil},
	"length_constraints:nth_paragraph_first_word": {map[string]string{"num_paragraphs": "number", "nth_paragraph": "number", "first_word": "text"}, nthParagraph, nil},
	"detectable_content:number_placeholders": {map[string]string{"num_placeholders": "number"}, func(a string, p params) bool {
		return len(brackets.FindAllString(a, -1)) >= int(p["num_placeholders"].(float64))
	}, nil},
	"detectable_content:postscript": {map[string]string{"postscript_marker": "text"}, func(a string, p params) bool {
		a = strings.ToLower(a)
		switch marker := p["postscript_marker"].(string); marker {
		case "P.P.S":
			return pps.MatchString(a)
		case "P.S.":
			return ps.MatchString(a)
		default:
			return strings.Contains(a, strings.ToLower(marker))
		}
	}, nil},
	"detectable_format:number_bullet_lists": {map[string]string{"num_bullets": "number"}, func(a string, p params) bool {
		return len(starred.FindAllString(a, -1))+len(dashed.FindAllString(a, -1)) == int(p["num_bullets"].(float64))
	}, nil},
	"detectable_format:constrained_response": {nil, func(a string, _ params) bool {
		return strings.Contains(a, "My answer is yes.") || strings.Contains(a, "My answer is no.") || strings.Contains(a, "My answer is maybe.")
	}, func(in Instruction) bool { return in.name() == in.ID }}, // in English only
	"detectable_format:number_highlighted_sections": {map[string]string{"num_highlights": "number"}, func(a string, p params) bool {
		n := 0
		for _, h := range append(highlight.FindAllString(a, -1), strong.FindAllString(a, -1)...) {
			if strings.TrimSpace(strings.Trim(h, "*")) != "" {
				n++
			}
		}
		return n >= int(p["num_highlights"].(float64))
	}, nil},
	"detectable_format:multiple_sections": {map[string]string{"section_spliter": "text", "num_sections": "number"}, func(a string, p params) bool {
		header := regexp.MustCompile(regexp.QuoteMeta(p["section_spliter"].(string)) + `\s?\d+`)
		return len(header.FindAllString(a, -1)) >= int(p["num_sections"].(float64))
	}, nil},
	"detectable_format:json_format": {nil, func(a string, _ params) bool {
		a = strings.TrimSpace(a)
		for _, fence := range []string{"```json", "```Json", "```JSON", "```"} {
			a = strings.TrimPrefix(a, fence)
		}
		return json.Valid([]byte(strings.TrimSpace(strings.TrimSuffix(a, "```"))))
	}, nil},
	"detectable_format:title": {nil, func(a string, _ params) bool {
		for _, t := range titled.FindAllString(a, -1) {
			if strings.TrimSpace(strings.TrimRight(strings.TrimLeft(t, "<"), ">")) != "" {
				return true
			}
		}
		return false
	}, nil},
	"combination:two_responses": {nil, func(a string, _ params) bool {
		list := strings.Split(a, "******")
		if parts(list) != 2 {
			return false
		}
		var found []string
		for _, s := range list {
			if s = strings.TrimSpace(s); s != "" {
				found = append(found, s)
			}
		}
		return found[0] != found[1]
	}, nil},
	"combination:repeat_prompt": {map[string]string{"prompt_to_repeat": "text"}, func(a string, p params) bool {
		return strings.HasPrefix(strings.ToLower(strings.TrimSpace(a)), strings.ToLower(strings.TrimSpace(p["prompt_to_repeat"].(string))))
	}, nil},
	"startend:end_checker": {map[string]string{"end_phrase": "text"}, func(a string, p params) bool {
		return strings.HasSuffix(strings.ToLower(strings.Trim(strings.TrimSpace(a), `"`)), strings.ToLower(strings.TrimSpace(p["end_phrase"].(string))))
	}, nil},
	"startend:quotation": {nil, func(a string, _ params) bool {
		a = strings.TrimSpace(a)
		return len(a) > 1 && a[0] == '"' && a[len(a)-1] == '"'
	}, nil},
	"punctuation:no_comma":          {nil, func(a string, _ params) bool { return !strings.Contains(a, ",") }, nil},
	"detectable_content:no_digits":  {nil, func(a string, _ params) bool { return !strings.ContainsFunc(a, unicode.IsDigit) }, nil},
	"change_case:capital":           {nil, func(a string, _ params) bool { return allOf(a, unicode.IsUpper) }, nil},
	"change_case:lowercase":         {nil, func(a string, _ params) bool { return allOf(a, unicode.IsLower) }, nil},
	"change_case:english_capital":   cased("en", unicode.IsUpper),
	"change_case:english_lowercase": cased("en", unicode.IsLower),
	"change_case:french_capital":    cased("fr", unicode.IsUpper),
	"change_case:french_lowercase":  cased("fr", unicode.IsLower),
	"change_case:spanish_capital":   cased("es", unicode.IsUpper),
	"change_case:spanish_lowercase": cased("es", unicode.IsLower),
}

var (
	stars     = regexp.MustCompile(`\s?\*\*\*\s?`)
	brackets  = regexp.MustCompile(`\[.*?\]`)
	pps       = regexp.MustCompile(`p\.\s?p\.\s?s`)
	ps        = regexp.MustCompile(`p\.\s?s\.`)
	starred   = regexp.MustCompile(`(?m)^\s*\*[^*].*$`)
	dashed    = regexp.MustCompile(`(?m)^\s*-.*$`)
	highlight = regexp.MustCompile(`\*[^\n*]*\*`)
	strong    = regexp.MustCompile(`\*\*[^\n*]*\*\*`)
	titled    = regexp.MustCompile(`<<[^\n]+>>`)
)

// cased is an answer in one language whose letters are all of one case. The language is told from lower case, as letters
// are what it is told from.
func cased(code string, of func(rune) bool) check {
	return check{nil, func(a string, _ params) bool { return allOf(a, of) && isIn(strings.ToLower(a), code) }, nil}
}

// isIn says whether a text is in a language; one without letters is in any.
func isIn(text, code string) bool {
	if !strings.ContainsFunc(text, unicode.IsLetter) {
		return true
	}
	found, _ := language.Detect(text)
	return found == language.Canonical(code)
}

// allOf says whether a text has letters with a case, and all are of one.
func allOf(text string, of func(rune) bool) bool {
	some := false
	for _, r := range text {
		if unicode.IsUpper(r) || unicode.IsLower(r) || unicode.IsTitle(r) {
			if some = true; !of(r) {
				return false
			}
		}
	}
	return some
}

// parts counts the pieces of an answer: empty ones pass at the ends, and make −1 in the middle.
func parts(list []string) int {
	n := len(list)
	for i, s := range list {
		if strings.TrimSpace(s) == "" {
			if i > 0 && i < len(list)-1 {
				return -1
			}
			n--
		}
	}
	return n
}

// nthParagraph checks the first word of a paragraph, and how many there are.
func nthParagraph(answer string, p params) bool {
	list := strings.Split(answer, "\n\n")
	n, nth := 0, int(p["nth_paragraph"].(float64))
	for _, s := range list {
		if strings.TrimSpace(s) != "" {
			n++
		}
	}
	if nth < 1 || nth > len(list) || n != int(p["num_paragraphs"].(float64)) {
		return false
	}
	fields := strings.Fields(list[nth-1])
	if len(fields) == 0 {
		return false
	}
	word := strings.TrimLeft(fields[0], `'"`)
	if i := strings.IndexAny(word, `.,?!'"`); i >= 0 {
		word = word[:i]
	}
	return strings.EqualFold(word, p["first_word"].(string))
}

// standsIn says whether a word stands in a text with no letter or digit beside it, in any case.
func standsIn(text, word string) bool {
	text, word = strings.ToLower(text), strings.ToLower(word)
	for at := 0; word != ""; {
		i := strings.Index(text[at:], word)
		if i < 0 {
			return false
		}
		before, behind := []rune(text[:at+i]), []rune(text[at+i+len(word):])
		if (len(before) == 0 || !ofWord(before[len(before)-1])) && (len(behind) == 0 || !ofWord(behind[0])) {
			return true
		}
		at += i + len(word)
	}
	return false
}

func ofWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsNumber(r) || r == '_' }
