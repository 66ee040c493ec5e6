package euroeval

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// testdata/golden.json is made by golden.py beside it.
func TestMetricsAgreeWithIndependentNumbers(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join("testdata", "golden.json"))
	require.NoError(t, err)
	var golden struct {
		Labelled []struct {
			Truth, Predicted []string
			MCC, Accuracy    float64
			MacroF1          float64 `json:"macro_f1"`
		}
		SQuAD []struct {
			Answer   string
			Accepted []string
			Scores   [2]float64
		}
	}
	require.NoError(t, json.Unmarshal(raw, &golden))
	require.Len(t, golden.Labelled, 9)
	for _, c := range golden.Labelled {
		require.InDelta(t, c.MCC, MCC(c.Truth, c.Predicted), 1e-12, c.Truth)
		require.InDelta(t, c.MacroF1, MacroF1(c.Truth, c.Predicted), 1e-12)
		require.InDelta(t, c.Accuracy, Accuracy(c.Truth, c.Predicted), 1e-12)
	}
	require.NotEmpty(t, golden.SQuAD)
	for _, c := range golden.SQuAD {
		exact, f1 := SQuAD(c.Answer, c.Accepted)
		require.Equal(t, c.Scores[0], exact, "%q", c.Answer)
		require.InDelta(t, c.Scores[1], f1, 1e-12, "%q", c.Answer)
	}
}

func read(t *testing.T, kind Kind, text string) ([]Document, error) {
	path := filepath.Join(t.TempDir(), "d.jsonl")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
	return Read(path, kind)
}

func TestReadDocuments(t *testing.T) {
	for _, c := range []struct {
		kind Kind
		text string
		want Document
	}{
		{Classification, `{"text": "fine", "label": "positive"}`, Document{ID: "1", Text: "fine", Label: "positive"}},
		{Entailment, `{"id": "x", "premise": "p", "hypothesis": "h", "label": "neutral", "language": "da"}`, Document{ID: "x", Text: "Premise: p\nHypothesis: h", Label: "neutral", Language: "da"}},
		{QA, `{"context": "c", "question": "q", "answers": {"text": ["a", "b"], "answer_start": [0, 1]}}`, Document{ID: "1", Text: "Passage: c\nQuestion: q", Answers: []string{"a", "b"}}},
		{QA, `{"context": "c", "question": "q", "answers": []}`, Document{ID: "1", Text: "Passage: c\nQuestion: q", Answers: []string{}}},
	} {
		got, err := read(t, c.kind, c.text)
		require.NoError(t, err)
		require.Equal(t, []Document{c.want}, got)
	}
	for text, want := range map[string]string{
		"":                            "expected documents, found none",
		`{"text": "x"}`:               `d.jsonl:1: expected a text and a label, found "x" and ""`,
		`{"text": "x", "lable": "y"}`: `d.jsonl:1: expected the keys of a row of classification: json: unknown field "lable"`,
		"{\"text\": \"x\", \"label\": \"y\"}\n{\"text\": 1}": "d.jsonl:2: ",
	} {
		_, err := read(t, Classification, text)
		require.ErrorContains(t, err, want)
	}
	_, err := read(t, QA, `{"context": "c", "question": "q", "answers": "a"}`)
	require.ErrorContains(t, err, "answers: expected a list of texts, or an object with one under text")
}

func TestPromptsShowExamples(t *testing.T) {
	solved := []Document{{Text: "good", Label: "+"}, {Text: "bad", Label: "-"}}
	require.Equal(t, "Text: good\nLabel: ja\n\nText: bad\nLabel: -\n\nText: so {answer} so\nLabel:",
		Prompt(Classification.Template(), solved, Document{Text: "so {answer} so"}, map[string]string{"+": "ja"}))
	require.Equal(t, "c\nAnswer: a1\n\nd\nAnswer:", Prompt(QA.Template(), []Document{{Text: "c", Answers: []string{"a1", "a2"}}}, Document{Text: "d"}, nil))
}

func TestCandidatesStandInTheText(t *testing.T) {
	labels := []string{"a", "b", "c", "d"}
	got, err := Knowledge.Candidates(Document{Text: "Hvad?\na. x\nb. y\nc. z", Label: "b"}, labels)
	require.NoError(t, err)
	require.Equal(t, []string{"a", "b", "c"}, got)
	_, err = Knowledge.Candidates(Document{ID: "7", Text: "Hvad?\na. x\nb. y", Label: "d"}, labels)
	require.ErrorContains(t, err, `document 7: expected lines that begin with a choice's letter, such as "a. ", one of them the label "d"`)
}

func TestResample(t *testing.T) {
	var train, test []Document
	for i := range 60 {
		train = append(train, Document{Label: []string{"x", "y", "y", "y"}[i%4]})
		test = append(test, Document{})
	}
	a, err := Resample(20, train, test, 6, 4242)
	require.NoError(t, err)
	b, err := Resample(3, train, test, 6, 4242)
	require.NoError(t, err)
	require.Equal(t, b, a[:3], "an iteration depends on nothing but its number")
	distinctTests := 0
	for _, it := range a {
		require.Len(t, it.Test, 60)
		distinctTests += len(distinct(it.Test))
		require.Len(t, distinct(it.Solved), 6)
		n := 0
		for _, at := range it.Solved {
			if train[at].Label == "x" {
				n++
			}
		}
		require.Equal(t, 3, n, "as many of each label")
	}
	require.InDelta(t, 60*0.635, float64(distinctTests)/20, 3, "drawn with replacement")
	_, err = Resample(1, train[:2], test, 6, 1)
	require.ErrorContains(t, err, "expected 6 examples")
}

func FuzzRead(f *testing.F) {
	f.Add(`{"text": "fine", "label": "positive"}`, "classification")
	f.Add(`{"context": "c", "question": "q", "answers": {"text": ["a"]}}`, "qa")
	f.Fuzz(func(t *testing.T, text, kind string) {
		if documents, err := read(t, Kind(kind), text); err == nil {
			Prompt(Kind(kind).Template(), documents, documents[0], nil)
		}
	})
}

func FuzzSQuAD(f *testing.F) {
	f.Add("The Cat", "a cat")
	f.Fuzz(func(t *testing.T, answer, gold string) {
		exact, f1 := SQuAD(answer, []string{gold})
		require.True(t, f1 >= exact && f1 <= 1, "%v %v", exact, f1)
	})
}
