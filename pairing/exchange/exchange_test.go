package exchange

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"croco/pairing/python"
)

func rowsOf(t *testing.T, text string) []*python.Object {
	rows, err := python.Rows(text, "in.jsonl")
	require.NoError(t, err)
	return rows
}

const two = `{"id": 7, "messages": [{"role": "system", "content": "s"}, {"role": "user", "content": " a "}]}
{"messages": [{"role": "assistant", "content": "x"}]}
{"messages": [{"role": "user", "content": "b"}, {"role": "user", "content": "c"}]}
`

func TestAnswersCarryWhereTheyComeFrom(t *testing.T) {
	prompts, without, err := Prompts(rowsOf(t, two), Suffix(" In {language}.", "Irish"), -1)
	require.NoError(t, err)
	require.Equal(t, 1, without)
	got, err := Answers(prompts, [][]string{{"1", "2"}, {"3"}}, Carry)
	require.NoError(t, err)
	require.Equal(t, `{"messages": [{"role": "user", "content": " a  In Irish."}, {"role": "assistant", "content": "1"}], "id": 7, "line_id": 0, "prompt": " a "}`, python.Dumps(got[0]))
	require.Equal(t, `{"messages": [{"role": "user", "content": "b In Irish."}, {"role": "assistant", "content": "3"}], "id": null, "line_id": 2, "prompt": "b"}`, python.Dumps(got[2]))
	require.Empty(t, Suffix(" In {language}.", ""))
	_, err = Answers(prompts, [][]string{{"1"}}, Carry)
	require.EqualError(t, err, "expected the answers to 2 prompts, found those to 1")
}

func TestLimitCountsRows(t *testing.T) {
	prompts, without, err := Prompts(rowsOf(t, two), "", 2)
	require.NoError(t, err)
	require.Equal(t, 1, without)
	require.Len(t, prompts, 1)
}

func TestScoreOfAnythingElse(t *testing.T) {
	for answer, want := range map[any]any{nil: FailedScore, true: 1.0, "1_0": 10.0, python.Int("3"): 3.0, "x": FailedScore} {
		require.Equal(t, want, Score(answer), "%v", answer)
	}
	require.Equal(t, FailedScore, Score([]any{}))
	require.Equal(t, "as it is", Score([]any{"as it is", 2.0}))
}

func TestBadRowsAreNamed(t *testing.T) {
	for text, want := range map[string]string{
		`{"x": 1}`:                         `row 1: expected the key messages, found ["x"]`,
		`{"messages": 1}`:                  "row 1: messages: expected a list, found a number",
		`{"messages": ["x"]}`:              `row 1: message 1: expected an object, found "x"`,
		`{"messages": [{"role": "user"}]}`: `row 1: message 1: expected the key content, found ["role"]`,
	} {
		_, _, err := Prompts(rowsOf(t, text), "", -1)
		require.EqualError(t, err, want)
		if !strings.Contains(text, "role") {
			_, err = Requests(rowsOf(t, text), "Danish", Translator{Wording: DefaultWording})
			require.EqualError(t, err, want)
		}
	}
	_, err := Conversations(two+"\n{}\n", "en.jsonl")
	require.EqualError(t, err, "en.jsonl:4: expected a conversation, found a blank line; take it out")
}

func TestUnknownLanguageIsNotEnglish(t *testing.T) {
	chat := func(s string) string { return s }
	_, err := Translator{Chat: chat}.Prompt("x", "Klingon")
	require.ErrorContains(t, err, `"Klingon"`)
	got, err := Translator{Chat: chat, UnknownAsEnglish: true}.Prompt("x", "Klingon")
	require.NoError(t, err)
	require.Equal(t, "<<<source>>>en<<<target>>>en<<<text>>>x", got)
	got, err = Translator{Wording: "{language}: {text}"}.Prompt("{language}", "Klingon")
	require.NoError(t, err)
	require.Equal(t, "Klingon: {language}", got, "a text is not a wording")
}

func TestTranslatedLeavesTheOriginalAlone(t *testing.T) {
	rows := rowsOf(t, two)
	got, err := Translated(rows, "Danish", []string{" 1 ", "2", "3", "4", "5"})
	require.NoError(t, err)
	require.Equal(t, two, python.DumpRows(rows))
	require.Equal(t, `{"messages": [{"role": "assistant", "content": "3"}], "language": "Danish"}`, python.Dumps(got[1]))
	_, err = Translated(rows, "Danish", []string{"1"})
	require.EqualError(t, err, "expected translations of 5 messages, found 1")
}

func FuzzPrompts(f *testing.F) {
	f.Add(two)
	f.Add(`{"messages": [{"role": "user", "content": null}]}`)
	f.Fuzz(func(t *testing.T, text string) {
		rows, err := Conversations(text, "in")
		if err != nil {
			return
		}
		prompts, without, err := Prompts(rows, "", -1)
		if err == nil {
			require.Equal(t, len(rows), len(prompts)+without)
		}
	})
}

func TestLimitsAreAllowed(t *testing.T) {
	rows := rowsOf(t, two)
	lengths := map[int]int{0: 5, 1: 6, 2: 4}
	n := -1
	kept, counts, left, err := Scorable(rows, func(*python.Object) (int, error) { n++; return lengths[n], nil }, 5)
	require.NoError(t, err)
	require.Equal(t, []int{5, 4}, counts)
	require.Len(t, kept, 2)
	require.Equal(t, Left{TooLong: 1}, left)
	length := func(prompt string) int { return len(prompt) }
	fitting, err := Fit(rows, []string{"da"}, Translator{Wording: "{text}"}, length, 1)
	require.NoError(t, err)
	require.Len(t, fitting, 2, "the first row has a message of three bytes")
}

func TestSampleOfAllKeepsTheOrder(t *testing.T) {
	rows := rowsOf(t, two)
	for _, n := range []int{-1, 0, 3, 4} {
		require.Equal(t, rows, Sample(rows, n), n)
	}
	require.Len(t, Sample(rows, 2), 2)
}
