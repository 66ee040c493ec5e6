package judge

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"croco/pairing/python"
)

const model = `[{"question_id": 1, "prompt": "p {output_1}", "output": "aa", "generator": "m"},
 {"question_id": "2", "prompt": "q", "output": "b", "subcategory": "math"}, {"question_id": 3, "prompt": "r", "output": "\u00e9"}]`
const reference = `[{"question_id": "2", "prompt": "q", "output": "B"}, {"question_id": 3, "prompt": "r", "output": "C"},
 {"question_id": 1, "prompt": "p", "output": "A", "generator": "base"}]`

func sides(t *testing.T) (m, r []Answer) {
	m, err := ReadAnswers(model, "m")
	require.NoError(t, err)
	r, err = ReadAnswers(reference, "r")
	require.NoError(t, err)
	r, err = Align(m, r)
	require.NoError(t, err)
	return m, r
}

func TestWhoWins(t *testing.T) {
	m, r := sides(t)
	questions := []Question{{Swapped: true}, {}, {}}
	got, err := Score("en", m, r, questions, []Reply{{Text: "[[1]]"}, {Text: "[[1]]"}, {Text: "?", FinishReason: "length"}}, Half)
	require.NoError(t, err)
	require.Equal(t, []int{1, 1, 0, 1}, []int{got.Wins, got.Losses, got.Ties, got.Unparseable})
	require.Equal(t, 50.0, got.Mean)
	require.Equal(t, 50.0, got.StandardError)
	require.Equal(t, 100.0, got.Subcategories["math"].Mean)
	require.Equal(t, `{"question_id": 3, "prompt": "r", "verdict": null, "is_swapped": false, "model_len": 1, "ref_len": 1, "subcategory": "unknown", "finish_reason": "length", "preference": null, "raw_response": "?"}`,
		python.Dumps(got.Judgments[2].json()))
	_, err = Score("en", m, r, questions, nil, Half)
	require.EqualError(t, err, "en: expected 3 replies and at least one, found 0")
}

func TestTiesAreWorthWhatIsSaid(t *testing.T) {
	for ties, want := range map[Ties][4]float64{Half: {50, 0, 0, 3}, Win: {100, 3, 0, 0}, Loss: {0, 0, 3, 0}} {
		m, r := sides(t)
		tie := Reply{Text: "[[m]]"}
		got, err := Score("en", m, r, make([]Question, 3), []Reply{tie, tie, tie}, ties)
		require.NoError(t, err)
		require.Equal(t, want, [4]float64{got.Mean, float64(got.Wins), float64(got.Losses), float64(got.Ties)}, ties)
	}
}

func TestSidesAreDrawnPerQuestion(t *testing.T) {
	swap, n, differ := PerQuestion(3), 0, 0
	for id := range 10000 {
		here := swap("da", float64(id))
		require.Equal(t, here, PerQuestion(3)("da", float64(id)), "a side depends on nothing that was asked before")
		if here {
			n++
		}
		if here != swap("en", float64(id)) {
			differ++
		}
	}
	require.InDelta(t, 5000, n, 250)
	require.InDelta(t, 5000, differ, 250)
}

func TestQuestionsAreWhatTheTextsSay(t *testing.T) {
	m, r := sides(t)
	always := func(string, any) bool { return true }
	got := Ask("en", m, r, "{instruction}|{output_1}|{output_2}", always)
	require.Equal(t, Question{"p {output_1}|A|aa", true}, got[0])
}

func TestAlignRefuses(t *testing.T) {
	m, r := sides(t)
	_, err := Align(m, r[:2])
	require.ErrorContains(t, err, "found 3 and 2 answers")
	_, err = Align(m, []Answer{r[0], r[0], r[1]})
	require.ErrorContains(t, err, "question_id 1: the reference answers it twice")
	other := r[1]
	other.ID = "9"
	_, err = Align(m, []Answer{r[0], other, r[2]})
	require.ErrorContains(t, err, `question_id "2": the reference has no answer to it`)
	for text, want := range map[string]string{
		`3`:                    "expected a JSON list",
		`[1]`:                  "item 1: expected an object",
		`[{"prompt": "x"}]`:    "expected the key output",
		`[{"question_id": 1}]`: "expected the key prompt",
		"{\"prompt\": \"x\", \"output\": \"y\"}\n\n{\"id\": 1}": "f.json:3: expected the key prompt",
		`[{"question_id": 1, "prompt": "x", "output": null}]`:   "output: expected text, found null",
	} {
		_, err := ReadAnswers(text, "f.json")
		require.ErrorContains(t, err, want)
		require.ErrorContains(t, err, "f.json")
	}
}

func TestRunLeavesOutAndRefuses(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"m/en.json": model, "r/en.json": reference, "m/da.json": model} {
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644))
	}
	o := Options{Judge: "QwQ", ModelDir: dir + "/m", ReferenceDir: dir + "/r", ResultsDir: dir + "/out", Languages: []string{"da", "en"}}
	var log strings.Builder
	results, err := Run(o, func(_ string, prompts []string, template map[string]bool) ([]Reply, error) {
		require.Equal(t, map[string]bool{"enable_thinking": false}, template)
		require.NotContains(t, prompts[0], "[[T]]")
		return make([]Reply, len(prompts)), nil
	}, &log)
	require.NoError(t, err)
	require.Len(t, results, 1)
	require.Equal(t, 3, results[0].Unparseable)
	require.Contains(t, log.String(), "da: left out")
	require.FileExists(t, dir+"/out/summary.json")

	boom := errors.New("the judge is out")
	_, err = Run(o, func(string, []string, map[string]bool) ([]Reply, error) { return nil, boom }, io.Discard)
	require.ErrorIs(t, err, boom)
	o.Swap = "never"
	_, err = Run(o, nil, io.Discard)
	require.EqualError(t, err, `swap: expected one of question, authors, found "never"`)
	o.Swap, o.Wording = "", "{output_1} or {output_2}?"
	_, err = Run(o, nil, io.Discard)
	require.ErrorContains(t, err, "wording: expected the place {instruction}")
}

func FuzzParseVerdict(f *testing.F) {
	for _, s := range []string{"[[1]]", `\[\[ 2 \]\]`, "[[[T]]]", "[[\u00a01\u3000]]", "[[", "[[\xff]]", "[[1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		ParseVerdict(text)
		require.Equal(t, Second, ParseVerdict(text+"[[2]]"))
	})
}

func TestBothOrders(t *testing.T) {
	dir := t.TempDir()
	m, r := sides(t)
	o := Options{Judge: "j", ResultsDir: dir, BothOrders: true, Wording: "{instruction}|{output_1}|{output_2}"}
	replies := map[string]string{"aa|A": "[[1]]", "A|aa": "[[2]]", // the model's, twice
		"b|B": "[[1]]", "B|b": "[[1]]", // whatever stands first
		"é|C": "[[2]]", "C|é": "who knows"}
	results, err := Judge(o, []Side{{"en", m, r}}, func(_ string, prompts []string, _ map[string]bool) (out []Reply, _ error) {
		require.Len(t, prompts, 6)
		for _, p := range prompts {
			_, texts, _ := strings.Cut(strings.ReplaceAll(p, "p {output_1}", "p"), "|")
			out = append(out, Reply{replies[texts], "stop"})
		}
		return out, nil
	}, io.Discard)
	require.NoError(t, err)
	got := results[0]
	require.Equal(t, []int{1, 0, 1, 1, 2}, []int{got.Wins, got.Losses, got.Ties, got.Unparseable, got.N})
	require.Equal(t, []int{4, 3, 1}, []int{got.Decided, got.First, got.Agreed})
	require.Equal(t, 75.0, got.Mean)
	raw, err := os.ReadFile(filepath.Join(dir, "en_annotations.json"))
	require.NoError(t, err)
	require.Contains(t, string(raw), `"raw_response": "who knows"`)
}

func TestShapesOfAnswers(t *testing.T) {
	for text, want := range map[string]Answer{
		`{"question_id": 7, "prompt": "p", "output": "o", "generator": "g", "category": "c", "subcategory": "s", "language": "da"}`: {python.Int("7"), "da", "p", "o", "g", "s"},
		`[{"id": "a", "dataset": "d", "instruction": "p", "output": "o", "generator": "g"}]`:                                        {"a", "", "p", "o", "g", "unknown"},
		`{"instruction": "p", "output": "o"}`: {"p", "", "p", "o", "unknown", "unknown"},
		"\n{\"id\": \"a\", \"language\": \"en\", \"prompt\": [{\"role\": \"user\", \"content\": \"p\"}], \"completion\": \"o\"}\n": {"a", "en", "p", "o", "unknown", "unknown"},
	} {
		got, err := ReadAnswers(text, "f")
		require.NoError(t, err)
		require.Equal(t, []Answer{want}, got)
	}
	_, err := ReadAnswers(`{"prompt": [{"role": "user", "content": "p"}, {"role": "assistant", "content": "q"}], "output": "o"}`, "f")
	require.ErrorContains(t, err, "f:1: prompt: expected a text or one message of a user, found 2 messages")
	_, err = ReadAnswers("[]", "f")
	require.ErrorContains(t, err, "f: expected answers, found none")
}

func TestSidesOfFilesAndFolders(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"da.jsonl": `{"prompt": "p", "output": "o"}`, "en.json": `[{"prompt": "q", "output": "o", "language": "nl"}]`, "notes.txt": "x"} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644))
	}
	languages, answers, err := ReadSide(dir)
	require.NoError(t, err)
	require.Equal(t, []string{"da", "nl"}, languages)
	require.Equal(t, "p", answers["da"][0].Prompt)
	languages, _, err = ReadSide(filepath.Join(dir, "da.jsonl"))
	require.NoError(t, err)
	require.Equal(t, []string{""}, languages)
	_, _, err = ReadSide(t.TempDir())
	require.ErrorContains(t, err, "expected files of answers, such as en.json")
}

func FuzzReadAnswers(f *testing.F) {
	f.Add(model)
	f.Add("{\"id\": 1, \"prompt\": \"p\", \"output\": \"\"}\n\n{\"id\": 1, \"instruction\": \"p\", \"completion\": \"\"}")
	f.Fuzz(func(t *testing.T, text string) {
		if answers, err := ReadAnswers(text, "f"); err == nil {
			require.NotEmpty(t, answers)
		}
	})
}
