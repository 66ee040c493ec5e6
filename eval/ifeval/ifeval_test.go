package ifeval

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestChecks(t *testing.T) {
	german, english := "Das ist ein Satz, der auf Deutsch geschrieben wurde, und nicht mehr.", "This is a sentence that was written in English and nothing more"
	for _, c := range []struct {
		id, params string
		yes, no    []string
	}{
		{"keywords:existence", `{"keywords": ["Fox", "c++"]}`, []string{"a fox likes C++"}, []string{"a fox", "c++"}},
		{"fr:keywords:frequency", `{"keyword": "oui", "frequency": 2, "relation": "au moins"}`, []string{"Oui oui"}, []string{"oui"}},
		{"keywords:frequency", `{"keyword": "oui", "frequency": 2, "relation": "less than"}`, []string{"oui"}, []string{"Oui oui"}},
		{"keywords:forbidden_words", `{"forbidden_words": ["her", "été"]}`, []string{"where is she", "étés"}, []string{"give it HER.", "l'été!"}},
		{"keywords:letter_frequency", `{"letter": "é", "let_frequency": 2, "let_relation": "at least"}`, []string{"Éé"}, []string{"é"}},
		{"language:response_language", `{"language": "de"}`, []string{german, "42"}, []string{english}},
		{"length_constraints:number_words", `{"num_words": 3, "relation": "at least"}`, []string{"ein, zwei-drei!", "a_b ö 3"}, []string{"ein zwei . ! -"}},
		{"length_constraints:number_paragraphs", `{"num_paragraphs": 2}`, []string{"a\n***\nb", "a *** b ***"}, []string{"a", "a *** *** b"}},
		{"length_constraints:nth_paragraph_first_word", `{"num_paragraphs": 2, "nth_paragraph": 2, "first_word": "Hello"}`, []string{"x\n\n\"hello, you"}, []string{"x\n\nhelloes", "x", "x\n\nhello\n\ny", "\n\n\n\n"}},
		{"detectable_content:number_placeholders", `{"num_placeholders": 2}`, []string{"[name] and [place]"}, []string{"[name]"}},
		{"detectable_content:postscript", `{"postscript_marker": "P.S."}`, []string{"so\nP. S. bye"}, []string{"so PS bye"}},
		{"detectable_content:postscript", `{"postscript_marker": "P.P.S"}`, []string{"p.p.s. x"}, []string{"p.s. x"}},
		{"detectable_format:number_bullet_lists", `{"num_bullets": 2}`, []string{"* a\n  - b", "intro\n* a\n* b"}, []string{"* a", "**a**\n* b"}},
		{"detectable_format:constrained_response", `{}`, []string{"My answer is no."}, []string{"no"}},
		{"detectable_format:number_highlighted_sections", `{"num_highlights": 2}`, []string{"*a* and *b*", "**a** **b**"}, []string{"*a*", "* *"}},
		{"detectable_format:multiple_sections", `{"section_spliter": "SECTION", "num_sections": 2}`, []string{"SECTION 1\nx\nSECTION 2"}, []string{"SECTION 1", "section 1 section 2"}},
		{"detectable_format:json_format", `{}`, []string{"```json\n{\"a\": 1}\n```", "3"}, []string{"{a: 1}"}},
		{"detectable_format:title", `{}`, []string{"<<a title>>\ntext"}, []string{"<< >>", "<a>"}},
		{"combination:two_responses", `{}`, []string{"a******b"}, []string{"a******a", "a", "a******b******c", "******"}},
		{"combination:repeat_prompt", `{"prompt_to_repeat": "Say it"}`, []string{"say it: yes"}, []string{"I say it"}},
		{"startend:end_checker", `{"end_phrase": "The end."}`, []string{"so: \"the END.\""}, []string{"The end. Or not"}},
		{"startend:quotation", `{}`, []string{" \"x\" "}, []string{"\"", "x\""}},
		{"punctuation:no_comma", `{}`, []string{"a b"}, []string{"a, b"}},
		{"fr:detectable_content:no_digits", `{}`, []string{"un"}, []string{"1"}},
		{"change_case:capital", `{}`, []string{"ÄB 1"}, []string{"Äb", "1"}},
		{"change_case:lowercase", `{}`, []string{"äb 1"}, []string{"Äb"}},
		{"change_case:english_capital", `{}`, []string{strings.ToUpper(english)}, []string{english, strings.ToUpper(german)}},
		{"change_case:english_lowercase", `{}`, []string{strings.ToLower(english)}, []string{english}},
	} {
		var params map[string]any
		require.NoError(t, json.Unmarshal([]byte(c.params), &params))
		in := Instruction{c.id, params}
		require.True(t, Supported(in), c.id)
		require.NoError(t, in.complete(), c.id)
		d := Document{Instructions: []Instruction{in}}
		for _, a := range c.yes {
			require.Equal(t, []bool{true}, Check(a, d), "%s of %q", c.id, a)
		}
		for _, a := range append(c.no, "", " \n") {
			require.Equal(t, []bool{false}, Check(a, d), "%s of %q", c.id, a)
		}
	}
}

func TestWhatCannotBeCheckedIsNamed(t *testing.T) {
	d := Document{Instructions: []Instruction{{"length_constraints:number_sentences", nil}, {"punctuation:no_comma", nil},
		{"language:response_language", map[string]any{"language": "th"}}, {"fr:detectable_format:constrained_response", nil}}}
	require.Equal(t, []string{"length_constraints:number_sentences", "language:response_language", "fr:detectable_format:constrained_response"}, d.Unsupported())
}

func read(t *testing.T, text string) ([]Document, error) {
	path := filepath.Join(t.TempDir(), "i.jsonl")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
	return Read(path)
}

const row = `{"key": 1000, "prompt": "p", "instruction_id_list": ["punctuation:no_comma", "keywords:existence"], "kwargs": [{"keywords": null}, {"keywords": ["x"], "num_words": null}]}`

func TestRead(t *testing.T) {
	got, err := read(t, row+"\n"+`{"text": "p", "target_text": {"instruction_id_list": ["startend:quotation"], "kwargs": [{}]}, "language": "da"}`)
	require.NoError(t, err)
	require.Equal(t, "1000", got[0].ID)
	require.Equal(t, Instruction{"keywords:existence", map[string]any{"keywords": []any{"x"}}}, got[0].Instructions[1])
	require.Equal(t, Document{"2", "p", "da", []Instruction{{"startend:quotation", map[string]any{}}}}, got[1])
	for text, want := range map[string]string{
		"": "expected prompts with instructions, found none",
		strings.Replace(row, `"prompt": "p"`, `"prompt": ""`, 1): "i.jsonl:1: prompt: expected a text",
		strings.Replace(row, `["x"]`, `"x"`, 1):                  "i.jsonl:1: keywords:existence: keywords: expected a list of texts, found x",
		strings.Replace(row, `{"keywords": null}, `, ``, 1):      "instruction_id_list and kwargs of one length, found 2 and 1",
		strings.Replace(row, `"prompt"`, `"promt"`, 1):           `unknown field "promt"`,
	} {
		_, err := read(t, text)
		require.ErrorContains(t, err, want)
	}
}

func FuzzCheck(f *testing.F) {
	f.Add(row, "an answer, *with* [things]")
	f.Fuzz(func(t *testing.T, text, answer string) {
		documents, err := read(t, text)
		if err != nil {
			return
		}
		for _, d := range documents {
			if len(d.Unsupported()) == 0 {
				require.Len(t, Check(answer, d), len(d.Instructions))
			}
		}
	})
}
