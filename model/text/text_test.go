package text

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"croco/model/chat"
)

// marked is a template that writes BOS itself and marks what the assistant wrote, its end token included.
const marked = `{{ bos_token }}{% if tools %}{{ tools | tojson }}{% endif %}{% for m in messages %}<{{ m.role }}> ` +
	`{% if m.role == 'assistant' %}{% generation %}{{ m.content }}{{ eos_token }}{% endgeneration %}{% else %}{{ m.content }}{% endif %}` +
	`{{ '\n' }}{% endfor %}{% if add_generation_prompt %}<assistant> {% endif %}{{ mood }}`

// folder is a model's folder without a model: one of the tiny tokenizers, changed or not, and a template.
func folder(t *testing.T, tokenizer, config, template string, changes ...func(file map[string]any)) *Codec {
	t.Helper()
	dir := t.TempDir()
	raw, err := os.ReadFile(filepath.Join("..", "tokenizer", "testdata", tokenizer+".tokenizer.json"))
	require.NoError(t, err)
	for _, change := range changes {
		var file map[string]any
		require.NoError(t, json.Unmarshal(raw, &file))
		change(file)
		raw, err = json.Marshal(file)
		require.NoError(t, err)
	}
	files := map[string]string{"tokenizer.json": string(raw), "tokenizer_config.json": config}
	if template != "" {
		files["chat_template.jinja"] = template
	}
	for name, content := range files {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644))
	}
	c, err := Open(dir)
	require.NoError(t, err)
	return c
}

const config = `{"bos_token":"<s>","eos_token":"</s>"}`

// names spells ids as the tokenizer's file does.
func names(c *Codec, ids []int32) string {
	var list []string
	for _, id := range ids {
		name, _ := c.Tokenizer.IDToToken(id)
		list = append(list, name)
	}
	return strings.Join(list, " ")
}

func encode(t *testing.T, c *Codec, text string, special bool) string {
	t.Helper()
	ids, err := c.Encode(text, special)
	require.NoError(t, err)
	return names(c, ids)
}

func talk(messages ...string) (c Chat) {
	for _, m := range messages {
		c.Messages = append(c.Messages, json.RawMessage(m))
	}
	return c
}

func TestOneBOSHoweverItComes(t *testing.T) {
	c := folder(t, "tiny-spbpe", config, marked)
	plain := encode(t, c, "the cat", true)
	require.Equal(t, 1, strings.Count(plain, "<s>"))
	require.True(t, strings.HasPrefix(plain, "<s> "))
	require.Equal(t, plain, encode(t, c, "<s>the cat", true), "the text had one already")
	require.NotContains(t, encode(t, c, "the cat", false), "<s>")

	prompt, err := c.Prompt(json.RawMessage(`[{"role":"user","content":"the cat"}]`), true)
	require.NoError(t, err)
	require.Equal(t, 1, strings.Count(names(c, prompt), "<s>"), "the template wrote it")
	require.True(t, strings.HasPrefix(names(c, prompt), "<s> "))
	asText, err := c.Prompt(json.RawMessage(`"the cat"`), false)
	require.NoError(t, err)
	require.Equal(t, plain, names(c, asText))
}

// ends makes a tokenizer put an end token behind every text.
func ends(file map[string]any) {
	special := func(name string) map[string]any {
		return map[string]any{"SpecialToken": map[string]any{"id": name, "type_id": 0}}
	}
	post := file["post_processor"].(map[string]any)
	post["single"] = append(post["single"].([]any), special("</s>"))
	post["special_tokens"].(map[string]any)["</s>"] = map[string]any{"id": "</s>", "ids": []int{2}, "tokens": []string{"</s>"}}
}

func TestOneEOSHoweverItComes(t *testing.T) {
	for name, c := range map[string]*Codec{
		"of the config":             folder(t, "tiny-spbpe", config, ""),
		"of config and tokenizer":   folder(t, "tiny-spbpe", config, "", ends),
		"of the tokenizer":          folder(t, "tiny-spbpe", `{}`, "", ends),
		"which is the pad token":    folder(t, "tiny-spbpe", `{"eos_token":"</s>","pad_token":"</s>"}`, ""),
		"given as an object":        folder(t, "tiny-spbpe", `{"eos_token":{"content":"</s>"}}`, ""),
		"where BOS is not named":    folder(t, "tiny-spbpe", `{"eos_token":"</s>"}`, ""),
		"beside another's settings": folder(t, "tiny-spbpe", `{"eos_token":"</s>","add_eos_token":true}`, ""),
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, "</s>", c.EOS())
			for _, text := range []string{"the cat", "the cat</s>"} {
				got := encode(t, c, c.WithEnd(text), true)
				require.Equal(t, 1, strings.Count(got, "</s>"))
				require.True(t, strings.HasSuffix(got, "</s>"))
			}
			prompt, err := c.Prompt(json.RawMessage(`"the cat"`), false)
			require.NoError(t, err)
			require.NotContains(t, names(c, prompt), "</s>", "a prompt goes on")
			whole, err := c.Conversation(json.RawMessage(`"the cat"`), " sat")
			require.NoError(t, err)
			require.True(t, strings.HasSuffix(names(c, whole), " </s>"))
			require.Equal(t, 1, strings.Count(names(c, whole), "</s>"))
		})
	}
	none := folder(t, "tiny-spbpe", `{}`, "")
	require.Equal(t, "the cat", none.WithEnd("the cat"))
}

func TestAssistantsTokens(t *testing.T) {
	conversation := talk(`{"role":"system","content":"be brief"}`, `{"role":"user","content":"the cat"}`,
		`{"role":"assistant","content":"sat on the mat 😀 ü"}`, `{"role":"user","content":"and then"}`, `{"role":"assistant","content":" é flew"}`)
	for _, tokenizer := range []string{"tiny-spbpe", "tiny-bytelevel"} {
		t.Run(tokenizer, func(t *testing.T) {
			c := folder(t, tokenizer, config, marked)
			text, err := c.Render(conversation, false)
			require.NoError(t, err)
			want, err := c.Encode(text, false)
			require.NoError(t, err)
			ids, mask, err := c.Assistant(conversation)
			require.NoError(t, err)
			require.Equal(t, want, ids)
			require.Len(t, mask, len(ids))
			var turns []string
			var said, others []int32
			for i, id := range ids {
				if mask[i] {
					said = append(said, id)
				} else if others = append(others, id); said != nil {
					turns, said = append(turns, c.Tokenizer.Decode(said, false)), nil
				}
			}
			require.Len(t, turns, 2)
			require.Equal(t, "sat on the mat 😀 ü</s>", strings.TrimSpace(turns[0]))
			require.Equal(t, "é flew</s>", strings.TrimSpace(turns[1]))
			rest := c.Tokenizer.Decode(others, false)
			require.Contains(t, rest, "the cat")
			require.NotContains(t, rest, "flew")
			require.NotContains(t, rest, "</s>")
		})
	}
}

func TestTokensOfABlock(t *testing.T) {
	for _, c := range []struct {
		places [][2]int
		blocks []chat.Span
		want   []bool
	}{
		{[][2]int{{0, 3}, {3, 5}, {5, 9}}, []chat.Span{{Start: 3, End: 5}}, []bool{false, true, false}},
		{[][2]int{{0, 4}, {4, 8}}, []chat.Span{{Start: 3, End: 5}}, []bool{true, true}}, // over both edges
		{[][2]int{{0, 3}, {3, 3}, {4, 6}, {6, 6}}, []chat.Span{{Start: 3, End: 6}}, []bool{false, true, true, false}},
		{[][2]int{{0, 2}, {3, 3}, {3, 3}, {6, 8}}, []chat.Span{{Start: 1, End: 8}}, []bool{true, true, true, true}},
		{[][2]int{{0, 4}, {0, 4}, {4, 5}}, []chat.Span{{Start: 0, End: 4}}, []bool{true, true, false}}, // bytes of one character
		{[][2]int{{0, 2}, {2, 4}}, []chat.Span{{Start: 2, End: 2}}, []bool{false, false}},
		{[][2]int{{0, 2}, {2, 4}, {4, 6}}, []chat.Span{{Start: 0, End: 1}, {Start: 4, End: 6}}, []bool{true, false, true}},
	} {
		require.Equal(t, c.want, within(c.places, c.blocks))
	}
}

func TestToolsReachTheTemplateInTheirOrder(t *testing.T) {
	c := folder(t, "tiny-spbpe", config, marked)
	conversation := talk(`{"role":"user","content":"hi"}`)
	conversation.Tools = json.RawMessage(`[{"type":"function","function":{"name":"f","about":"<b>"}}]`)
	conversation.Variables = json.RawMessage(`{"mood":"gay"}`)
	text, err := c.Render(conversation, true)
	require.NoError(t, err)
	require.Equal(t, `<s>[{"type": "function", "function": {"name": "f", "about": "<b>"}}]<user> hi`+"\n<assistant> gay", text)
	for want, change := range map[string]func(*Chat){
		"tools: expected a list":                   func(c *Chat) { c.Tools = json.RawMessage(`{}`) },
		"chat_template_kwargs: expected an object": func(c *Chat) { c.Variables = json.RawMessage(`[]`) },
		`message 1: key "role"`:                    func(c *Chat) { c.Messages[0] = json.RawMessage(`{"content":"x"}`) },
	} {
		broken := talk(`{"role":"user","content":"hi"}`)
		change(&broken)
		_, err := c.Render(broken, false)
		require.ErrorContains(t, err, want)
	}
	_, err = folder(t, "tiny-spbpe", config, "").Render(conversation, false)
	require.ErrorContains(t, err, "has no chat template")
}
