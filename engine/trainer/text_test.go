package trainer

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// withTokenizer is a model's folder with a tokenizer and a chat template beside the weights.
func withTokenizer(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	from := filepath.Join(fixtures(t, "models"), "llama-tied")
	entries, err := os.ReadDir(from)
	require.NoError(t, err)
	for _, e := range entries {
		raw, err := os.ReadFile(filepath.Join(from, e.Name()))
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(dir, e.Name()), raw, 0o644))
	}
	tokenizer, err := os.ReadFile(filepath.Join("..", "..", "model", "tokenizer", "testdata", "tiny-spbpe.tokenizer.json"))
	require.NoError(t, err)
	for name, text := range map[string]string{
		"tokenizer.json":        string(tokenizer),
		"tokenizer_config.json": `{"eos_token":"</s>"}`,
		"chat_template.jinja": "{% for m in messages %}{{ m.role }}:\n{% if m.role == 'assistant' %}{% generation %}{{ m.content + eos_token }}{% endgeneration %}" +
			"{% else %}{{ m.content }}{% endif %}{{ '\n' }}{% endfor %}{% if add_generation_prompt %}assistant:\n{% endif %}",
	} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644))
	}
	return dir
}

func TestTextIsTrainedOnAndItsTokenizerGoesAlong(t *testing.T) {
	folder := withTokenizer(t)
	for kind, rows := range map[Kind]string{
		DPO: `{"prompt":"the cat","chosen":" sat on the mat","rejected":" flew"}
{"prompt":[{"role":"user","content":"hello"}],"chosen":[{"role":"assistant","content":"good day"}],"rejected":[{"role":"assistant","content":"no"}]}`,
		SFT:    `{"text":"the cat sat on the mat"}` + "\n" + `{"messages":[{"role":"user","content":"hello"},{"role":"assistant","content":"good day"}]}`,
		Reward: `{"chosen":"the cat sat","rejected":"the cat flew"}`,
	} {
		t.Run(string(kind), func(t *testing.T) {
			job := small(t, kind)
			job.Args.ModelNameOrPath = folder
			job.Args.TrainFile = filepath.Join(t.TempDir(), "rows.jsonl")
			job.Args.TestSize, job.Args.EvalStrategy, job.Args.DisableDropout = 0, "no", true
			require.NoError(t, os.WriteFile(job.Args.TrainFile, []byte(rows), 0o644))
			var s Summary
			job.Ready = func(summary Summary) { s = summary }
			r, err := Run(t.Context(), job)
			require.NoError(t, err)
			require.Equal(t, 7, r.Steps)
			require.Empty(t, s.Train.Notes)
			require.Positive(t, s.Trainable)
			require.Positive(t, s.Needs.Total())
			for _, name := range []string{"tokenizer.json", "tokenizer_config.json", "chat_template.jinja"} {
				want, err := os.ReadFile(filepath.Join(folder, name))
				require.NoError(t, err)
				got, err := os.ReadFile(filepath.Join(job.Args.OutputDir, name))
				require.NoError(t, err)
				require.Equal(t, want, got)
			}
		})
	}
}

// Losses of the first step at the same weights, dropout off: what is trained on decides them.
func TestTargetsDecideTheLoss(t *testing.T) {
	folder := withTokenizer(t)
	first := func(row string, change func(*Args)) float64 {
		job := small(t, SFT)
		a := &job.Args
		a.ModelNameOrPath, a.TrainFile = folder, filepath.Join(t.TempDir(), "rows.jsonl")
		a.TestSize, a.EvalStrategy, a.DisableDropout, a.MaxSteps, a.LoggingSteps = 0, "no", true, 1, 1
		change(a)
		require.NoError(t, os.WriteFile(a.TrainFile, []byte(row), 0o644))
		_, err := Run(t.Context(), job)
		require.NoError(t, err)
		return logged(t, a.OutputDir, "loss")[0]
	}
	nothing := func(*Args) {}
	assistant := func(a *Args) { a.AssistantOnlyLoss = true }
	const talk = `{"messages":[{"role":"user","content":"hello"},{"role":"assistant","content":"good day"}]}`
	const split = `{"prompt":[{"role":"user","content":"hello"}],"completion":[{"role":"assistant","content":"good day"}]}`
	whole := first(talk, nothing)
	require.Equal(t, whole, first(split, func(a *Args) { a.CompletionOnlyLoss = new(false) }))
	require.NotEqual(t, whole, first(split, nothing))
	only := first(talk, assistant)
	require.Equal(t, only, first(split, assistant))
	require.NotEqual(t, only, whole)
	require.NotEqual(t, only, first(split, nothing), "the newline behind the end token is a completion's, but not the assistant's")

	// A pad token that is the end token takes nothing away: there is no padding, and targets are counted by place.
	config := filepath.Join(folder, "tokenizer_config.json")
	require.NoError(t, os.WriteFile(config, []byte(`{"eos_token":"</s>","pad_token":"</s>"}`), 0o644))
	require.Equal(t, only, first(talk, assistant))
}

func FuzzReadState(f *testing.F) {
	whole, err := (&state{LogHistory: []entry{{"step": 1, "loss": number(0.5)}}}).bytes()
	require.NoError(f, err)
	f.Add(whole)
	f.Add(whole[:len(whole)/2])
	f.Add([]byte(`{"epoch":1e400}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		dir := t.TempDir()
		require.NoError(t, os.WriteFile(filepath.Join(dir, "trainer_state.json"), raw, 0o644))
		s, err := readState(dir)
		if err != nil {
			return
		}
		once, err := s.bytes()
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(dir, "trainer_state.json"), once, 0o644))
		again, err := readState(dir)
		require.NoError(t, err)
		twice, err := again.bytes()
		require.NoError(t, err)
		require.Equal(t, string(once), string(twice))
	})
}
