package exchange

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"croco/internal/cases"
	"croco/pairing/python"
)

// TestFixturesCrocoRows runs the record formats of generation, scoring and translation.
func TestFixturesCrocoRows(t *testing.T) {
	checks := map[string]func(*testing.T, cases.Case, cases.Run){
		"vllm_inference.py": checkGenerate, "score_reward.py": checkScore, "vllm_translate.py": checkTranslate,
	}
	cases.Each(t, "croco", cases.Script("vllm_inference.py", "score_reward.py", "vllm_translate.py"), func(t *testing.T, c cases.Case, run cases.Run) {
		require.Equal(t, "command line", c.Entry)
		if run.Exit != 0 {
			require.Error(t, refused(c.Text(t, run.Arg("--dataset_path")+run.Arg("--input_file"))))
			return
		}
		checks[c.Script[strings.LastIndexByte(c.Script, '/')+1:]](t, c, run)
	})
}

// refused is why an input cannot be used by any of the three.
func refused(text string) error {
	rows, err := Conversations(text, "in")
	if err == nil {
		_, _, err = Prompts(rows, "", -1)
	}
	return err
}

// template is the chat template that stood in for a model's.
func template(content string) string { return "<|user|>\n" + content + "<|end|>\n<|assistant|>\n" }

func load(t *testing.T, c cases.Case, name string) []*python.Object {
	t.Helper()
	rows, err := python.Rows(c.Text(t, name), name)
	require.NoError(t, err)
	return rows
}

func checkGenerate(t *testing.T, c cases.Case, run cases.Run) {
	limit := -1
	if text := run.Arg("--limit"); text != "" {
		cases.Decode(t, text, &limit)
	}
	rows := load(t, c, run.Arg("--dataset_path"))
	want := c.Text(t, run.Arg("--output_path"))
	suffix := Suffix(suffixOf(t, rows, want), run.Arg("--language"))
	prompts, _, err := Prompts(rows, suffix, limit)
	require.NoError(t, err)

	var calls struct{ Prompts []any }
	c.JSON(t, strings.TrimSuffix(run.Arg("--output_path"), ".jsonl")+".calls.json", &calls)
	require.Len(t, calls.Prompts, len(prompts))
	for i, p := range prompts {
		if text, ok := calls.Prompts[i].(string); ok {
			require.Equal(t, text, template(p.Sent))
		} else {
			require.Equal(t, []any{map[string]any{"role": "user", "content": p.Sent}}, calls.Prompts[i])
		}
	}

	var answers [][]string
	c.JSON(t, "in/completions_"+run.Name+".json", &answers)
	got, err := Answers(prompts, answers[:len(prompts)], Authors)
	require.NoError(t, err)
	require.Equal(t, want, python.DumpRows(got))
}

// suffixOf finds the wording of the suffix in the first row that has one: it is the authors' text, not ours.
func suffixOf(t *testing.T, rows []*python.Object, want string) string {
	bare, _, err := Prompts(rows, "", -1)
	require.NoError(t, err)
	out, err := python.Rows(want, "want")
	require.NoError(t, err)
	sent, _, err := Prompts(out, "", 1)
	require.NoError(t, err)
	return strings.TrimPrefix(sent[0].Bare, bare[0].Bare)
}

// words is the tokenizer that stood in for a model's.
func words(text string) int { return len(strings.FieldsFunc(text, python.IsSpace)) }

func checkScore(t *testing.T, c cases.Case, run cases.Run) {
	rows := load(t, c, run.Arg("--dataset_path"))
	var most int
	cases.Decode(t, run.Arg("--max_len"), &most)
	kept, lengths, left, err := Scorable(rows, func(row *python.Object) (int, error) {
		n := 0
		messages, err := row.List("messages")
		for _, m := range messages {
			n += words("<|" + m.(*python.Object).Get("role").(string) + "|>\n" + m.(*python.Object).Get("content").(string) + "<|end|>\n")
		}
		return n, err
	}, most)
	require.NoError(t, err)
	require.Equal(t, len(rows), len(kept)+left.TooLong+left.WithoutMessages)

	objects, err := python.Loads(c.Text(t, "in/score_objects.json"))
	require.NoError(t, err)
	var got []*python.Object
	for i, row := range kept {
		object := objects.([]any)[i].(*python.Object)
		answer := object.Get(object.Keys[0])
		switch object.Keys[0] {
		case "item": // a float32 tensor
			answer = float64(float32(answer.(float64)))
		case "bad":
			answer = object
		}
		got = append(got, Scored(row, Score(answer), lengths[i], run.Arg("--model_path")))
	}
	require.Equal(t, c.Text(t, run.Arg("--output_file")), python.DumpRows(got))
}

func checkTranslate(t *testing.T, c cases.Case, run cases.Run) {
	rows, err := Conversations(c.Text(t, run.Arg("--input_file")), "in")
	require.NoError(t, err)
	languages := run.Args("--target_languages")
	var samples, most int
	cases.Decode(t, run.Arg("--num_samples"), &samples)
	cases.Decode(t, run.Arg("--max_prompt_tokens"), &most)
	out := "out/" + run.Name + "/"
	calls := load(t, c, out+"calls.json")

	drawn := Sample(rows, samples)
	require.Equal(t, c.Text(t, out+"processed_data/original_sampled_english.jsonl"), python.DumpRows(drawn))

	asked, err := calls[0].Texts("prompts")
	require.NoError(t, err)
	filtered := load(t, c, out+"processed_data/filtered_english.jsonl")
	translator := Translator{UnknownAsEnglish: true, Chat: template}
	if !strings.Contains(run.Arg("--model_id"), "translategemma") {
		translator.Chat, translator.Wording = nil, wordingOf(t, asked[0], filtered[0], languages[0])
	}
	kept, err := Fit(drawn, languages, translator, words, most)
	require.NoError(t, err)
	require.Equal(t, python.DumpRows(filtered), python.DumpRows(kept))

	var texts []string
	c.JSON(t, "in/translations.json", &texts)
	for i, language := range languages {
		asked, err := calls[i].Texts("prompts")
		require.NoError(t, err)
		requests, err := Requests(kept, language, translator)
		require.NoError(t, err)
		require.Equal(t, asked, requests)
		got, err := Translated(kept, language, texts[:len(requests)])
		require.NoError(t, err)
		texts = texts[len(requests):]
		require.Equal(t, c.Text(t, out+"translated/"+FileName(language)+".jsonl"), python.DumpRows(got))
	}
}

// wordingOf cuts the wording out of the first prompt: it is the authors' text, not ours.
func wordingOf(t *testing.T, prompt string, row *python.Object, language string) string {
	turns, err := row.List("messages")
	require.NoError(t, err)
	text := turns[0].(*python.Object).Get("content").(string)
	require.Equal(t, 1, strings.Count(prompt, text))
	return strings.NewReplacer(text, "{text}", language, "{language}").Replace(prompt)
}
