package chat

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"croco/model/chat/jinja"
)

func messages(t *testing.T, text string) (list []Message) {
	require.NoError(t, json.Unmarshal([]byte(text), &list))
	return list
}

func folder(t *testing.T, files map[string]string) string {
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
	}
	return dir
}

const conversation = `[{"role":"system","content":"Be brief."},{"role":"user","content":[{"type":"text","text":"Hej "},{"type":"image"},{"type":"text","text":"dú"}]},{"role":"assistant","content":"Hallå!"}]`

func TestChatML(t *testing.T) {
	tmpl, err := Parse(ChatML)
	require.NoError(t, err)
	list := messages(t, conversation)
	out, err := tmpl.Prompt(list, true, nil)
	require.NoError(t, err)
	require.Equal(t, "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHej dú<|im_end|>\n<|im_start|>assistant\nHallå!<|im_end|>\n<|im_start|>assistant\n", out)

	out, spans, err := tmpl.RenderSpans(Variables(list, false, nil))
	require.NoError(t, err)
	require.Len(t, spans, 1)
	require.Equal(t, "Hallå!<|im_end|>", out[spans[0].Start:spans[0].End])
}

// The templates in testdata are our own; what they must give was written by hand.
func TestOwnTemplates(t *testing.T) {
	list := messages(t, conversation)
	tools := jinja.NewDict("tools", &jinja.List{Items: []jinja.Value{jinja.NewDict("name", "f", "max", 2.0)}}, "bos_token", "<s>")
	for name, want := range map[string]string{
		"turns.jinja": "<s>[SYS]Be brief.[/SYS]\n[U] Hej dú [/U]\nHallå!</s>\n",
		"tools.jinja": "# Tools\n{\n  \"name\": \"f\",\n  \"max\": 2.0\n}\n1. system\n2. user (2 texts)\n3. assistant!\n",
	} {
		t.Run(name, func(t *testing.T) {
			tmpl, err := Load(filepath.Join("testdata", name))
			require.NoError(t, err)
			out, err := tmpl.Prompt(list, false, tools)
			require.NoError(t, err)
			require.Equal(t, want, out)
		})
	}
}

func TestSpansRefuseCapturedBlocks(t *testing.T) {
	tmpl, err := Parse("{% macro m() %}{% generation %}x{% endgeneration %}{% endmacro %}{{ m() }}")
	require.NoError(t, err)
	out, err := tmpl.Render(nil)
	require.NoError(t, err)
	require.Equal(t, "x", out)
	_, _, err = tmpl.RenderSpans(nil)
	require.ErrorContains(t, err, "its place in the output is unknown")
}

func TestLoad(t *testing.T) {
	token := `"bos_token": {"content": "<s>", "lstrip": false}, "eos_token": "</s>", "pad_token": null, "additional_special_tokens": ["<a>", {"content": "<b>"}]`
	list := `"chat_template": [{"name": "default", "template": "plain {{ bos_token }}"}, {"name": "tool_use", "template": "tools {{ tools|length }}"}]`
	special := `{"unk_token": "<unk>", "eos_token": "not this"}`
	text := func(files map[string]string, extra *jinja.Dict) string {
		tmpl, err := Load(folder(t, files))
		require.NoError(t, err)
		out, err := tmpl.Prompt(nil, false, extra)
		require.NoError(t, err)
		return out
	}
	config := "{" + token + `, "chat_template": "{{ [bos_token, eos_token, unk_token, pad_token|default('none'), additional_special_tokens] }}"}`
	require.Equal(t, "['<s>', '</s>', '<unk>', 'none', ['<a>', '<b>']]", text(map[string]string{"tokenizer_config.json": config, "special_tokens_map.json": special}, nil))
	require.Equal(t, "file </s>", text(map[string]string{"tokenizer_config.json": config, "chat_template.jinja": "file {{ eos_token }}\n"}, nil))
	require.Equal(t, "file </x>", text(map[string]string{"tokenizer_config.json": config, "chat_template.jinja": "file {{ eos_token }}"}, jinja.NewDict("eos_token", "</x>")))

	both := map[string]string{"tokenizer_config.json": "{" + token + "," + list + "}"}
	tools := jinja.NewDict("tools", &jinja.List{Items: []jinja.Value{1, 2}})
	require.Equal(t, "plain <s>", text(both, nil))
	require.Equal(t, "tools 2", text(both, tools))
	files := map[string]string{"chat_template.jinja": "a", "additional_chat_templates/tool_use.jinja": "b"}
	require.Equal(t, "a", text(files, nil))
	require.Equal(t, "b", text(files, tools))

	tmpl, err := Load(filepath.Join(folder(t, both), "tokenizer_config.json"))
	require.NoError(t, err)
	eos, ok := tmpl.Token("eos_token")
	require.True(t, ok)
	require.Equal(t, "</s>", eos)
}

func TestLoadErrors(t *testing.T) {
	for name, c := range map[string]struct {
		files map[string]string
		want  string
	}{
		"nothing":     {map[string]string{}, "no chat template: give one"},
		"no template": {map[string]string{"tokenizer_config.json": "{}"}, "no chat template: give one"},
		"no default":  {map[string]string{"tokenizer_config.json": `{"chat_template": [{"name": "rag", "template": ""}]}`}, `without the name "default"`},
		"not an item": {map[string]string{"tokenizer_config.json": `{"chat_template": [3]}`}, `chat_template[0]: {"name": …, "template": …} expected, found 3`},
		"number":      {map[string]string{"tokenizer_config.json": `{"chat_template": 3}`}, "a string or a list expected, found 3"},
		"not JSON":    {map[string]string{"tokenizer_config.json": `{"chat`}, "tokenizer_config.json: JSON at byte"},
		"syntax":      {map[string]string{"chat_template.jinja": "\n{% if %}"}, "chat_template.jinja: template line 2: TemplateSyntaxError"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Load(folder(t, c.files))
			require.ErrorContains(t, err, c.want)
		})
	}
	_, err := Load(folder(t, nil))
	require.ErrorIs(t, err, ErrNoTemplate)
}

func TestMessageKeepsItsFields(t *testing.T) {
	text := `{"role": "assistant", "content": null, "tool_calls": [{"z": 1.0, "a": 1}], "name": "é<"}`
	var m Message
	require.NoError(t, json.Unmarshal([]byte(text), &m))
	out, err := m.MarshalJSON()
	require.NoError(t, err)
	require.Equal(t, text, string(out))

	m.Content = "changed"
	out, err = m.MarshalJSON()
	require.NoError(t, err)
	require.Equal(t, strings.Replace(text, "null", `"changed"`, 1), string(out))
	out, err = Message{Role: "user", Content: "hi"}.MarshalJSON()
	require.NoError(t, err)
	require.Equal(t, `{"role": "user", "content": "hi"}`, string(out))

	for text, want := range map[string]string{
		`3`:                           "a message must be an object",
		`{"content": ""}`:             `key "role": a string expected`,
		`{"role": "u", "content": 1}`: `key "content": a string, a list of parts or null expected, found 1`,
	} {
		require.ErrorContains(t, json.Unmarshal([]byte(text), &m), want)
	}
}

func TestLines(t *testing.T) {
	tmpl, err := Parse("{{ raise_exception('no <' + x) if x is string else messages[0].content + documents|string }}")
	require.NoError(t, err)
	var out strings.Builder
	in := `{"messages": [{"content": "é\n<b>"}]}` + "\n\n" + `{"x": "y"}` + "\n" + `{"messages": [{"content": 1}]}` + "\n[]\n" + `{"messages"`
	require.NoError(t, Lines(tmpl, strings.NewReader(in), &out))
	lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
	require.Equal(t, []string{
		`"é\n<b>None"`, `{"error": "no <y"}`, `{"error": "TypeError: unsupported operand type(s) for +: 'int' and 'str'"}`,
		`{"error": "line 5: a JSON object like {\"messages\": [{\"role\": \"user\", \"content\": \"…\"}]} expected"}`,
		`{"error": "line 6: JSON at byte 11: unexpected EOF"}`,
	}, lines)
}
