package choice

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

const bele = `{"link": "https://l", "question_number": 2, "flores_passage": "P1", "question": " Who? ", "mc_answer1": "a", "mc_answer2": "bb", "mc_answer3": "c", "mc_answer4": "d", "correct_answer_num": "2", "dialect": "deu_Latn", "ds": "x"}`

func read(t *testing.T, text string) ([]Question, error) {
	path := filepath.Join(t.TempDir(), "q.jsonl")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
	return Read(path, "en")
}

func TestRead(t *testing.T) {
	got, err := read(t, bele+"\n"+`{"id": 7, "line_id": 3, "question": "Q", "choices": ["x", "y"], "answer": "B"}`+"\n"+`{"question": "Q", "choices": ["B", "y"], "answer": "B", "passage": "P"}`+"\n"+`{"question": "Q", "choices": ["x", "y"], "answer": 1, "language": "da"}`)
	require.NoError(t, err)
	require.Equal(t, []Question{
		{"https://l#2", "https://l#2", "deu_Latn", "P1", " Who? ", []string{"a", "bb", "c", "d"}, 1},
		{"7", "line 3", "en", "", "Q", []string{"x", "y"}, 1},
		{"3", "", "en", "P", "Q", []string{"B", "y"}, 0},
		{"4", "", "da", "", "Q", []string{"x", "y"}, 1},
	}, got)
	for text, want := range map[string]string{
		"": "expected questions, found none",
		`{"question": "Q", "choices": ["x"], "answer": 0}`:            "q.jsonl:1: choices: expected from 2 to 26, found 1",
		`{"question": "Q", "choices": ["x", ""], "answer": 0}`:        "choices: expected a text in each",
		`{"question": "Q", "choices": ["x", "y"], "answer": 2}`:       "answer: expected one of 2 choices, found number 2",
		`{"question": "Q", "choices": ["x", "y"], "answer": "C"}`:     `answer: expected one of the 2 choices or its letter, found "C"`,
		`{"question": "Q", "choices": ["x", "y"]}`:                    "answer: expected a letter, a number from 0",
		`{"question": "", "choices": ["x", "y"], "answer": 0}`:        "question: expected a text",
		`{"question": "Q", "coices": ["x", "y"], "answer": 0}`:        `unknown field "coices"`,
		`{"flores_passage": "p", "question": "q", "mc_answer5": "x"}`: "expected the keys of Belebele",
		`{"flores_passage": "p", "question": "q"}`:                    "correct_answer_num: expected 1 to 4",
	} {
		_, err := read(t, text)
		require.ErrorContains(t, err, want)
	}
}

// The prompt is doc_to_text of lm_eval/tasks/belebele/_default_template_yaml, filled in by hand.
func TestPromptIsTheHarnesses(t *testing.T) {
	q, err := read(t, bele)
	require.NoError(t, err)
	asked := "P: P1\nQ: Who?\nA: a\nB: bb\nC: c\nD: d\nAnswer:"
	require.Equal(t, asked, Letters.Prompt(nil, q[0]))
	require.Equal(t, asked+" B\n\n"+asked, Letters.Prompt(q, q[0]))
	require.Equal(t, []string{" A", " B", " C", " D"}, Letters.Choices(q[0]))
	require.Equal(t, "P: P1\nQ: Who?\nAnswer: bb\n\nP: P1\nQ: Who?\nAnswer:", Texts.Prompt(q, q[0]))
	require.Equal(t, []string{" a", " bb", " c", " d"}, Texts.Choices(q[0]))
}

func TestScore(t *testing.T) {
	q := Question{Choices: []string{"a", "ébb", "c"}}
	require.Equal(t, Outcome{0, 1}, Texts.Score(q, []float64{-2, -3, -2}))
	require.Equal(t, Outcome{0, 0}, Letters.Score(q, []float64{-2, -3, -2}))
	require.Panics(t, func() { Letters.Score(q, []float64{1}) })
}

func TestQuestionsOfAPassageStandTogether(t *testing.T) {
	var questions []Question
	for _, p := range []string{"x", "y", "", "x", "", "y"} {
		questions = append(questions, Question{Passage: p})
	}
	require.Equal(t, []int{0, 3, 1, 5, 2, 4}, Order(questions))
}

func FuzzRead(f *testing.F) {
	f.Add(bele)
	f.Add(`{"question": "Q", "choices": ["x", "y"], "answer": "B"}`)
	f.Fuzz(func(t *testing.T, text string) {
		questions, err := read(t, text)
		if err != nil {
			return
		}
		for _, q := range questions {
			require.Less(t, q.Right, len(q.Choices))
			require.NotEmpty(t, Letters.Prompt(questions[:1], q))
		}
	})
}
