package data

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// wanted spells the tokens that an example trains on; others are dots.
func wanted(e Example) string {
	ids := append([]int32(nil), e.Chosen...)
	for i := range ids {
		if e.Wanted != nil && !e.Wanted[i] {
			ids[i] = '.'
		}
	}
	return spell(ids)
}

const (
	talked    = `{"messages":[{"role":"user","content":"hi"},{"role":"assistant","content":"yes"},{"role":"user","content":"go"},{"role":"assistant","content":"ok"}]}`
	completed = `{"prompt":[{"role":"user","content":"a"},{"role":"assistant","content":"b"},{"role":"user","content":"c"}],"completion":[{"role":"assistant","content":"d"},{"role":"user","content":"e"}]}`
	written   = `{"prompt":"ab","completion":"cd"}`
)

func TestWhatIsTrainedOn(t *testing.T) {
	for name, c := range map[string]struct {
		row            string
		completionOnly *bool
		assistantOnly  bool
		prompt, want   string
	}{
		"a conversation":                  {talked, nil, false, "", "[u]hi[a]yes[u]go[a]ok"},
		"its assistant":                   {talked, nil, true, "", "........yes........ok"},
		"a completion":                    {completed, nil, false, "[u]a[a]b[u]c[a]", "d[u]e"},
		"a completion's assistant":        {completed, nil, true, "[u]a[a]b[u]c[a]", "d...."},
		"prompt and completion":           {completed, new(false), false, "", "[u]a[a]b[u]c[a]d[u]e"},
		"the assistant of both":           {completed, new(false), true, "", ".......b.......d...."},
		"the completion, as asked":        {completed, new(true), false, "[u]a[a]b[u]c[a]", "d[u]e"},
		"a plain completion":              {written, nil, false, "^ab", "cd$"},
		"a plain prompt and completion":   {written, new(false), false, "", "^abcd$"},
		"ids of a prompt and completion":  {`{"prompt_ids":[65],"completion_ids":[66]}`, new(false), false, "", "AB"},
		"a text, whole whatever is asked": {`{"text":"ab"}`, new(false), false, "", "^ab$"},
	} {
		t.Run(name, func(t *testing.T) {
			got, _, err := Completions(rows(t, c.row), Options{Encoder: letters{}, CompletionOnly: c.completionOnly, AssistantOnly: c.assistantOnly})
			require.NoError(t, err)
			require.Equal(t, c.prompt, spell(got[0].Prompt))
			require.Equal(t, c.want, wanted(got[0]))
		})
	}
}

func TestTargetsThatCannotBe(t *testing.T) {
	for want, c := range map[string]struct {
		row string
		o   Options
	}{
		"assistant_only_loss needs messages, which say who wrote what; the row holds text":            {`{"text":"a"}`, Options{AssistantOnly: true}},
		"needs messages, which say who wrote what; the row holds completion_ids, prompt_ids":          {`{"prompt_ids":[1],"completion_ids":[2]}`, Options{AssistantOnly: true}},
		"completion_only_loss needs a prompt and a completion; the row holds messages":                {talked, Options{CompletionOnly: new(true)}},
		"completion_only_loss needs a prompt and a completion; the row holds completion_ids":          {`{"completion_ids":[2,3]}`, Options{CompletionOnly: new(true)}},
		"assistant_only_loss: the chat template has no {% generation %}":                              {`{"messages":[{"role":"assistant","content":""}]}`, Options{AssistantOnly: true}},
		"dropped: no token of an assistant's turn to train on":                                        {`{"messages":[{"role":"user","content":"x"}]}`, Options{AssistantOnly: true}},
		"no row is left to train on: 0 of 1 rows kept\n  1 × cut: an answer ended after max_length 8": {talked, Options{AssistantOnly: true, MaxLength: 8}},
	} {
		c.o.Encoder = letters{}
		_, _, err := Completions(rows(t, c.row), c.o)
		require.ErrorContains(t, err, want)
	}
	got, _, err := Completions(rows(t, talked), Options{Encoder: letters{}, AssistantOnly: true, MaxLength: 10})
	require.NoError(t, err)
	require.Equal(t, "........ye", wanted(got[0]))
}

func TestTheFirstTokenTeachesNothing(t *testing.T) {
	var report Report
	e := Example{Chosen: []int32{1, 2}, Wanted: []bool{true, false}}
	require.False(t, e.teaches(Row{}, &report))
	e.Prompt = []int32{3}
	require.True(t, e.teaches(Row{}, &report))
}

func TestToolsGoToTheTemplate(t *testing.T) {
	for _, tools := range []string{`[{"b":1,"a":2}]`, `"[{\"b\":1,\"a\":2}]"`} {
		got, report, err := Completions(rows(t, `{"prompt":[{"role":"user","content":"a"}],"completion":[{"role":"assistant","content":"b"}],"tools":`+tools+`,"chat_template_kwargs":{"z":0}}`), Options{Encoder: letters{}})
		require.NoError(t, err)
		require.Empty(t, report.Notes)
		require.Equal(t, `[{"b":1,"a":2}]{"z":0}[u]a[a]`, spell(got[0].Prompt))
		pairs, _, err := Preferences(rows(t, `{"chosen":[{"role":"user","content":"q"},{"role":"assistant","content":"x"}],"rejected":[{"content":"q","role":"user"},{"role":"assistant","content":"y"}],"tools":`+tools+`}`), Options{Encoder: letters{}})
		require.NoError(t, err)
		require.Equal(t, `[{"b":1,"a":2}][u]q[a]`, spell(pairs[0].Prompt), "an implicit prompt keeps them")
		require.Equal(t, "y", spell(pairs[0].Rejected))
	}
	for tools, want := range map[string]string{`{}`: `key "tools": expected a list, or a text that holds one, found {}`, `"no"`: `found no`, `""`: "found nothing"} {
		_, _, err := Completions(rows(t, `{"messages":[{"role":"user","content":"a"}],"tools":`+tools+`}`), Options{Encoder: letters{}})
		require.ErrorContains(t, err, want)
	}
}

func TestAnswersWithoutAnEndAreCounted(t *testing.T) {
	_, report, err := Completions(rows(t, talked+"\n"+written+"\n"+completed), Options{Encoder: letters{}, Ends: []int32{'$', '!'}})
	require.NoError(t, err)
	require.Len(t, report.Notes, 1)
	require.Equal(t, 2, report.Notes[0].Count)
	require.Contains(t, report.Notes[0].What, "holds no end token")
	require.Contains(t, report.Notes[0].First, "rows.jsonl:1")
	_, report, err = Completions(rows(t, `{"prompt":"a","completion":"b!"}`+"\n"+`{"completion_ids":[1,2]}`), Options{Encoder: letters{}, Ends: []int32{'$'}})
	require.NoError(t, err)
	require.Empty(t, report.Notes, "WithEnd ends texts; ids are taken as they are")
}

// merging is an Encoder in which "ab" is one token, so that a prompt's last letter may disappear.
type merging struct{ letters }

func (merging) Encode(text string, special bool) ([]int32, error) {
	ids, err := letters{}.Encode(text, special)
	for i := 0; i+1 < len(ids); i++ {
		if ids[i] == 'a' && ids[i+1] == 'b' {
			ids = append(append(ids[:i:i], 'A'), ids[i+2:]...)
		}
	}
	return ids, err
}

func TestPromptsThatAreNoPrefixAreCounted(t *testing.T) {
	got, report, err := Completions(rows(t, `{"prompt":"xa","completion":"bc"}`+"\n"+`{"prompt":"x","completion":"abc"}`+"\n"+`{"prompt":"ya","completion":"bd"}`), Options{Encoder: merging{}})
	require.NoError(t, err)
	require.Len(t, report.Notes, 1)
	require.Equal(t, 2, report.Notes[0].Count)
	require.Contains(t, report.Notes[0].What, "the prompt's ids do not begin the ids of prompt and answer together")
	require.Equal(t, []string{"^xa", "c$"}, []string{spell(got[0].Prompt), spell(got[0].Chosen)})
	require.Equal(t, []string{"^x", "Ac$"}, []string{spell(got[1].Prompt), spell(got[1].Chosen)})
}
