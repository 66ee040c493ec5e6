package engine_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"croco/engine"
	"croco/internal/jsonl"
	"croco/toyworld"
)

// toyTranslate translates full English answers of the toy world, a skill that its policy has.
func toyTranslate(t *testing.T, rows ...string) engine.Translate {
	t.Helper()
	r := toyMethod(t, "lidr", t.TempDir())
	o := engine.TranslateDefaults()
	o.ModelNameOrPath, o.Languages, o.OutputDir = r.ModelNameOrPath, []string{"German", "da"}, t.TempDir()
	o.Wording, o.MaxNewTokens, o.MaxPromptTokens = "translate into {language} : {text}", 40, 40
	o.Source = filepath.Join(t.TempDir(), "questions_en.jsonl")
	require.NoError(t, os.WriteFile(o.Source, []byte(strings.Join(rows, "\n")), 0o644))
	return o
}

// sentences are rows with prompts that the policy can translate, and those translations.
func sentences(t *testing.T, language string) (rows, want []string) {
	for _, x := range toyworld.Translations(toyworld.Tasks(toyworld.Test, 12, 3), 3) {
		if x.Language != language {
			continue
		}
		row, err := json.Marshal(map[string]any{"id": x.Task.String(), "answer": len(rows), "prompt_ids": []int{1}, "prompt": toyworld.Text(x.Question[4:], "en")})
		require.NoError(t, err)
		rows, want = append(rows, string(row)), append(want, strings.ToLower(toyworld.Text(x.Gold, language)))
	}
	return rows, want
}

func lines(t *testing.T, path string) (rows []map[string]any) {
	t.Helper()
	rows, err := jsonl.All[map[string]any](path)
	require.NoError(t, err)
	return rows
}

func TestTranslatePrompts(t *testing.T) {
	rows, want := sentences(t, "de")
	o := toyTranslate(t, rows...)
	require.NoError(t, o.Run(context.Background(), device(t), nil))
	require.Equal(t, []string{"questions_en.jsonl", "questions_german.jsonl", "questions_da.jsonl"}, names(o.Files()))
	german := lines(t, o.Files()[1])
	right := 0
	for i, row := range german {
		require.EqualValues(t, i, row["answer"], "other keys stay")
		require.NotContains(t, row, "prompt_ids", "they were of the English text")
		require.EqualValues(t, i, row["line_id"])
		require.Equal(t, "German", row["language"])
		if strings.ToLower(row["prompt"].(string)) == want[i] {
			right++
		}
	}
	require.Greater(t, right, len(rows)/2, "most are right")
	prompts, err := engine.ReadPrompts(o.Files()...)
	require.NoError(t, err)
	require.Equal(t, 3*len(rows), len(prompts))

	// A second run changes nothing; another wording is refused.
	before, err := os.ReadFile(o.Files()[1])
	require.NoError(t, err)
	require.NoError(t, o.Run(context.Background(), device(t), func(engine.Update) { t.Error("it translated again") }))
	o.Wording = "to {language} : {text}"
	require.ErrorContains(t, o.Run(context.Background(), device(t), nil), "made with other settings: wording was")
	after, err := os.ReadFile(o.Files()[1])
	require.NoError(t, err)
	require.Equal(t, before, after)
}

func names(files []string) (out []string) {
	for _, f := range files {
		out = append(out, filepath.Base(f))
	}
	return out
}

// Conversations are translated message by message. What is too long in one message leaves every file, and what fails leaves
// one; the others keep their numbers.
func TestTranslateConversations(t *testing.T) {
	row := func(text string) string {
		return `{"id": "` + text[:3] + `", "n": 1.50, "messages": [{"role": "user", "content": "3 cats : 12 legs ."}, {"role": "assistant", "content": "` + text + `"}]}`
	}
	o := toyTranslate(t, row("4 dogs : 16 legs ."), row(strings.Repeat("cats ", 60)), row("2 birds : 4 legs ."))
	o.Languages = []string{"de"}
	require.NoError(t, o.Run(context.Background(), device(t), nil))
	english, german := lines(t, o.Files()[0]), lines(t, o.Files()[1])
	require.Len(t, english, 2)
	require.EqualValues(t, 2, english[1]["line_id"])
	m, err := engine.ReadManifest(o.Files()[1])
	require.NoError(t, err)
	require.Equal(t, 1, m.Counts["too_long"])
	require.Equal(t, 2-len(german), m.Counts["failed"])
	raw, err := os.ReadFile(o.Files()[1])
	require.NoError(t, err)
	require.Contains(t, string(raw), `"n":1.5`)
	prompts, err := engine.ReadPrompts(o.Files()[0])
	require.NoError(t, err)
	require.JSONEq(t, `"3 cats : 12 legs ."`, string(prompts[0].Prompt), "the first turn of a user is the prompt")

	o.MaxNewTokens = 1 // every reply is cut off
	o.OutputDir = t.TempDir()
	require.NoError(t, o.Run(context.Background(), device(t), nil))
	require.Empty(t, lines(t, o.Files()[1]))
}

func TestTranslationStoppedAndResumed(t *testing.T) {
	rows, _ := sentences(t, "de")
	o := toyTranslate(t, rows...)
	o.MaxRows = 2
	require.NoError(t, o.Run(context.Background(), device(t), nil))
	want, err := os.ReadFile(o.Files()[2])
	require.NoError(t, err)
	o.OutputDir = t.TempDir()
	for try := range 100 {
		ctx, cancel := context.WithCancel(context.Background())
		updates := 0
		err := o.Run(ctx, device(t), func(engine.Update) {
			if updates++; updates == 40 {
				cancel()
			}
		})
		cancel()
		if err == nil {
			require.Greater(t, try, 2)
			got, err := os.ReadFile(o.Files()[2])
			require.NoError(t, err)
			require.True(t, bytes.Equal(want, got))
			return
		}
		require.True(t, errors.Is(err, context.Canceled), "%v", err)
	}
	t.Fatal("it never ended")
}

func TestTranslationsThatCannotRun(t *testing.T) {
	o := toyTranslate(t, `{"id": "a"}`)
	require.ErrorContains(t, o.Run(context.Background(), device(t), nil), "questions_en.jsonl: row 1: expected prompt (a text or messages) or messages")
	for want, change := range map[string]func(*engine.Translate){
		"languages: expected one or more":                  func(o *engine.Translate) { o.Languages = nil },
		`languages: language "elvish": no name known`:      func(o *engine.Translate) { o.Languages = []string{"elvish"} },
		"format: expected one of instruction":              func(o *engine.Translate) { o.Format = "tags" },
		"wording: expected the place {text}":               func(o *engine.Translate) { o.Wording = "translate" },
		"prompt_format: expected text or chat":             func(o *engine.Translate) { o.PromptFormat = "html" },
		"max_prompt_tokens and max_new_tokens: expected 1": func(o *engine.Translate) { o.MaxNewTokens = 0 },
	} {
		bad := o
		change(&bad)
		require.ErrorContains(t, bad.Run(context.Background(), device(t), nil), want)
	}
}
