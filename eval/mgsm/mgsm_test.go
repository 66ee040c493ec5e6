package mgsm

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// golden.json is made by golden.py from the LM Evaluation Harness's files.
func TestAgreesWithTheHarness(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join("testdata", "golden.json"))
	require.NoError(t, err)
	var golden struct {
		Answers []string
		Cases   []struct {
			Language, Prompt string
			Form             Form
			Solved           struct {
				Question, Answer string
			}
			Stops   []string
			Filters []struct {
				Name string
				Rows [][3]json.RawMessage
			}
		}
	}
	require.NoError(t, json.Unmarshal(raw, &golden))
	require.Len(t, golden.Cases, 3*len(languages))
	for _, c := range golden.Cases {
		where := c.Form.Task(c.Language)
		solved := Problem{c.Solved.Question, c.Solved.Answer, "2"}
		require.Equal(t, c.Prompt, c.Form.Prompt(c.Language, []Problem{solved}, Problem{"2+2?", "", "4"}), where)
		require.Equal(t, c.Stops, Stops(c.Language), where)
		filters := c.Form.Filters(c.Language)
		require.Len(t, filters, len(c.Filters), where)
		for i, f := range c.Filters {
			require.Equal(t, f.Name, filters[i].Name, where)
			for _, row := range f.Rows {
				var text, want string
				var right []bool
				for at, into := range []any{&text, &want, &right} {
					require.NoError(t, json.Unmarshal(row[at], into))
				}
				found := filters[i].Find(text)
				require.Equal(t, want, found, "%s, %s of %q", where, f.Name, text)
				for j, answer := range golden.Answers {
					require.Equal(t, right[j], Match(found, answer), "%s, %s of %q is %s", where, f.Name, text, answer)
				}
			}
		}
	}
}

func TestLanguagesOfFiles(t *testing.T) {
	for name, want := range map[string]string{"a/mgsm_de.tsv": "de", "train-sw.jsonl": "sw", "zh.jsonl": "zh"} {
		got, err := Language(name)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	_, err := Language("mgsm.tsv")
	require.ErrorContains(t, err, "expected a name that ends in the language")
	_, err = Language("mgsm_da.tsv")
	require.ErrorContains(t, err, `expected one of MGSM's, bn, de, en, es, fr, ja, ru, sw, te, th, zh, found "da"`)
}

func read(t *testing.T, name, text string) ([]Problem, error) {
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
	return Read(path)
}

func TestRead(t *testing.T) {
	got, err := read(t, "a.tsv", "\ufeffWho?\t18\r\n\nWhat\u2028?\t1,000")
	require.NoError(t, err)
	require.Equal(t, []Problem{{"Who?", "", "18"}, {"What\u2028?", "", "1,000"}}, got)
	got, err = read(t, "a.jsonl", `{"question": "Q", "answer": "A", "answer_number": "7", "equation_solution": [1]}`)
	require.NoError(t, err)
	require.Equal(t, []Problem{{"Q", "A", "7"}}, got)
	for text, want := range map[string]string{
		"":                                       "expected problems, found none",
		`{"question": "", "answer_number": 1}`:   "a.jsonl:1: question: expected a text",
		`{"question": "x", "answer_number": ""}`: "a.jsonl:1: answer_number: expected a number",
		`{"question": "x", "number": 1}`:         `a.jsonl:1: expected question, answer, answer_number and equation_solution: json: unknown field "number"`,
	} {
		_, err := read(t, "a.jsonl", text)
		require.ErrorContains(t, err, want)
	}
	for _, text := range []string{"no tab", "q\tnone", "\t1"} {
		_, err := read(t, "a.tsv", "fine?\t1\n"+text)
		require.ErrorContains(t, err, "a.tsv:2: expected a question, a tab and a number")
	}
}

func FuzzRead(f *testing.F) {
	f.Add("q\t1\n", true)
	f.Add(`{"question": "Q", "answer": null, "answer_number": 7}`, false)
	f.Fuzz(func(t *testing.T, text string, tsv bool) {
		name := map[bool]string{true: "a.tsv", false: "a.jsonl"}[tsv]
		if problems, err := read(t, name, text); err == nil {
			for _, p := range problems {
				require.NotEmpty(t, p.Question)
				require.Regexp(t, "[0-9]", p.Number)
			}
		}
	})
}
