package data

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"croco/model/text"
)

// letters is an Encoder whose ids are the bytes of the text; <s> begins a text, and a turn is "[role]content".
type letters struct{}

func (letters) WithEnd(s string) string { return strings.TrimSuffix(s, "$") + "$" }
func (letters) Encode(text string, special bool) ([]int32, error) {
	if special {
		text = "^" + text
	}
	var ids []int32
	for _, c := range []byte(text) {
		ids = append(ids, int32(c))
	}
	return ids, nil
}
func (letters) Render(talk text.Chat, generate bool) (string, error) {
	out, _, err := letters{}.render(talk, generate)
	return out, err
}

func (letters) Assistant(talk text.Chat) ([]int32, []bool, error) {
	out, mask, err := letters{}.render(talk, false)
	ids, _ := letters{}.Encode(out, false)
	return ids, mask, err
}

// render writes the tools, then the turns; the content of an assistant's is marked.
func (letters) render(talk text.Chat, generate bool) (string, []bool, error) {
	var b strings.Builder
	var mask []bool
	write := func(s string, mark bool) {
		b.WriteString(s)
		for range len(s) {
			mask = append(mask, mark)
		}
	}
	write(string(talk.Tools)+string(talk.Variables), false)
	for _, raw := range talk.Messages {
		var m struct{ Role, Content string }
		if err := json.Unmarshal(raw, &m); err != nil {
			return "", nil, err
		}
		write("["+m.Role[:1]+"]", false)
		write(m.Content, m.Role == "assistant")
	}
	if generate {
		write("[a]", false)
	}
	return b.String(), mask, nil
}

func rows(t *testing.T, text string) []Row {
	t.Helper()
	path := filepath.Join(t.TempDir(), "rows.jsonl")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
	r, err := Read(path)
	require.NoError(t, err)
	return r
}

func spell(ids []int32) string {
	var b strings.Builder
	for _, id := range ids {
		b.WriteByte(byte(id))
	}
	return b.String()
}

func TestPreferenceShapes(t *testing.T) {
	for name, c := range map[string]struct{ row, prompt, chosen, rejected string }{
		"text":                 {`{"prompt":"hi ","chosen":"yes","rejected":"no$"}`, "^hi ", "yes$", "no$"},
		"implicit prompt":      {`{"chosen":"2+2= four","rejected":"2+2= nine"}`, "^2+2=", " four$", " nine$"},
		"one answer begins":    {`{"chosen":"ab","rejected":"abc"}`, "^a", "b$", "bc$"},
		"messages":             {`{"prompt":[{"role":"user","content":"hi"}],"chosen":[{"role":"assistant","content":"yes"}],"rejected":{"role":"assistant","content":"no"}}`, "[u]hi[a]", "yes", "no"},
		"implicit in messages": {`{"chosen":[{"role":"user","content":"q"},{"role":"assistant","content":"x"}],"rejected":[{"role":"user","content":"q"},{"role":"assistant","content":"y"}]}`, "[u]q[a]", "x", "y"},
		"ids":                  {`{"prompt_ids":[65],"chosen_ids":[66,67],"rejected_ids":[68],"prompt":"other"}`, "A", "BC", "D"},
	} {
		t.Run(name, func(t *testing.T) {
			got, report, err := Preferences(rows(t, c.row), Options{Encoder: letters{}})
			require.NoError(t, err)
			require.Equal(t, []string{c.prompt, c.chosen, c.rejected}, []string{spell(got[0].Prompt), spell(got[0].Chosen), spell(got[0].Rejected)})
			require.Empty(t, report.Notes)
		})
	}
}

func TestRewardSequencesAreEncodedWhole(t *testing.T) {
	got, _, err := Preferences(rows(t, `{"chosen":"abc","rejected":"abd","margin":1.5}
{"prompt":"p","chosen":"c","rejected":"`+strings.Repeat("r", 20)+`"}`), Options{Encoder: letters{}, Whole: true, MaxLength: 10})
	require.NoError(t, err)
	require.Len(t, got, 1)
	require.Equal(t, []string{"", "^abc$", "^abd$"}, []string{spell(got[0].Prompt), spell(got[0].Chosen), spell(got[0].Rejected)})
	require.Equal(t, 1.5, got[0].Margin)
}

func TestTargetsOfPairs(t *testing.T) {
	got, _, err := Preferences(rows(t, `{"chosen":"abc","rejected":"abd"}
{"chosen":"abc","rejected":"abd","target":0.5}
{"chosen_ids":[1,2],"rejected_ids":[3,4],"target":0.25,"margin":2}`), Options{Encoder: letters{}, Whole: true})
	require.NoError(t, err)
	require.Equal(t, []float64{0, 0.5, 0.75}, []float64{got[0].Doubt, got[1].Doubt, got[2].Doubt})
	require.Equal(t, 2.0, got[2].Margin)
	_, _, err = Preferences(rows(t, `{"chosen":"abc","rejected":"abd","target":1.5}`), Options{Encoder: letters{}, Whole: true})
	require.ErrorContains(t, err, `1: key "target": expected a probability from 0 to 1 (0.5 for a tie), found 1.5`)
}

func TestCompletionShapes(t *testing.T) {
	for name, c := range map[string]struct{ row, prompt, answer string }{
		"text":                  {`{"text":"abc"}`, "", "^abc$"},
		"prompt and completion": {`{"prompt":"a","completion":"b"}`, "^a", "b$"},
		"messages":              {`{"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b"}]}`, "", "[u]a[a]b"},
		"turns":                 {`{"prompt":[{"role":"user","content":"a"}],"completion":[{"role":"assistant","content":"b"}]}`, "[u]a[a]", "b"},
		"ids":                   {`{"prompt_ids":[65],"completion_ids":[66]}`, "A", "B"},
		"ids of a pair":         {`{"prompt_ids":[65],"chosen_ids":[66],"rejected_ids":[67]}`, "A", "B"},
		"a pair":                {`{"chosen":"xy","rejected":"xz"}`, "^x", "y$"},
	} {
		t.Run(name, func(t *testing.T) {
			got, _, err := Completions(rows(t, c.row), Options{Encoder: letters{}})
			require.NoError(t, err)
			require.Equal(t, []string{c.prompt, c.answer}, []string{spell(got[0].Prompt), spell(got[0].Chosen)})
		})
	}
}

func TestLengthsAndEmptyAnswers(t *testing.T) {
	got, report, err := Preferences(rows(t, `{"prompt_ids":[1,2,3,4],"chosen_ids":[5],"rejected_ids":[6]}
{"prompt_ids":[1],"chosen_ids":[2,3,4,5],"rejected_ids":[6],"chosen_logprobs":[-1,-2,-3,-4],"rejected_logprobs":[-5],"model":"m"}
{"prompt_ids":[1],"chosen_ids":[],"rejected_ids":[6]}
{"prompt_ids":[],"chosen_ids":[1],"rejected_ids":[6,7]}`), Options{MaxLength: 4})
	require.NoError(t, err)
	require.Len(t, got, 1)
	require.Equal(t, []int32{2, 3, 4}, got[0].Chosen)
	require.Equal(t, []float32{-1, -2, -3}, got[0].ChosenLogprobs)
	require.Equal(t, "m", got[0].Model)
	s := report.String()
	for _, want := range []string{"1 of 4 rows kept", "the prompt alone fills max_length 4 (first: ", "rows.jsonl:1)", "an answer has no tokens", "a single token", "cut: "} {
		require.Contains(t, s, want)
	}
}

func TestBadRowsNameFileAndLine(t *testing.T) {
	for row, want := range map[string]string{
		`{"prompt":"a","chosen":"b"}`:                                    `rows.jsonl:2: key "rejected": expected a text or a list of messages, found nothing; the row holds chosen, prompt`,
		`{"prompt":3,"chosen":"b","rejected":"c"}`:                       `rows.jsonl:2: key "prompt"`,
		`{"prompt":"a","chosen":[{"role":"u"}],"rejected":"c"}`:          "both be texts or both be messages",
		`{"chosen":[{"content":"u"}],"rejected":[{"role":"x"}]}`:         `expected an object with a "role"`,
		`{"prompt_ids":[1],"chosen_ids":[99],"rejected_ids":[1]}`:        "id 99 is not in the model's vocabulary of 50",
		`{"prompt_ids":[1],"chosen_ids":[-1],"rejected_ids":[1]}`:        "id -1",
		`{"prompt_ids":[1.5],"chosen_ids":[1],"rejected_ids":[1]}`:       `key "prompt_ids": expected a list of token ids, found [1.5]`,
		`{"chosen_ids":[1,2],"rejected_ids":[1],"chosen_logprobs":[-1]}`: "each of the answer's 2 tokens, found 1",
		`{"prompt":[{"role":"assistant","content":"a"}],"chosen":[{"role":"user","content":"a"}],"rejected":[{"role":"user","content":"b"}]}`: "ends in an assistant's turn",
	} {
		_, _, err := Preferences(rows(t, "\n"+row), Options{Encoder: letters{}, Vocab: 50})
		require.ErrorContains(t, err, want)
	}
	_, _, err := Preferences(rows(t, `{"chosen":"a","rejected":"b"}`), Options{})
	require.ErrorContains(t, err, "no tokenizer")
	_, _, err = Preferences(rows(t, `{"prompt_ids":[1],"chosen_ids":[],"rejected_ids":[2]}`), Options{})
	require.ErrorContains(t, err, "no row is left")
}

func TestReadArraysAndMalformedFiles(t *testing.T) {
	dir := t.TempDir()
	for name, c := range map[string]struct{ text, want string }{
		"array.json":   {"[\n{\"text\":\"a\"},\n{\"text\":\"b\"}\n]", ""},
		"half.json":    {"[\n{\"text\":\"a\"},\n{\"te", "half.json:"},
		"half.jsonl":   {"{\"text\":\"a\"}\n{\"te", "half.jsonl:2: expected one JSON object a line"},
		"empty.jsonl":  {"\n\n", "expected at least one row"},
		"t.parquet":    {"PAR1", "read from JSON lines"},
		"number.jsonl": {"3\n", "number.jsonl:1"},
	} {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, []byte(c.text), 0o644))
		got, err := Read(path)
		if c.want != "" {
			require.ErrorContains(t, err, c.want, name)
			continue
		}
		require.NoError(t, err)
		require.Len(t, got, 2)
		require.Equal(t, 3, got[1].Line)
	}
}

func FuzzRead(f *testing.F) {
	for _, s := range []string{`{"prompt":"a","chosen":"b","rejected":"c"}`, `[{"text":"a"}]`, `{"prompt_ids":[1],"chosen_ids":[2],"rejected_ids":[3]}`, "{}", "[", `{"messages":[{"role":"user","content":"x"}]}`, `{"chosen":[],"rejected":[]}`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		path := filepath.Join(t.TempDir(), "f.jsonl")
		require.NoError(t, os.WriteFile(path, []byte(s), 0o644))
		rows, err := Read(path)
		if err != nil {
			return
		}
		for _, read := range []func([]Row, Options) ([]Example, Report, error){Preferences, Completions} {
			examples, _, err := read(rows, Options{Encoder: letters{}, MaxLength: 100})
			for _, e := range examples {
				require.NoError(t, err)
				require.NotEmpty(t, e.Chosen)
			}
		}
	})
}
