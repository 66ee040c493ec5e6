package main

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTokenize(t *testing.T) {
	file := "--tokenizer " + filepath.Join(tokenizers, "tiny-bytelevel.tokenizer.json")
	o := works(t, "tokenize "+file, `"hello <b>"`, "", `"wörld\n"`, `""`)
	lines := strings.Split(strings.TrimSuffix(o.out, "\n"), "\n")
	require.Len(t, lines, 3)
	require.True(t, strings.HasPrefix(lines[0], "[1156,"), "BOS: %s", lines[0])
	require.Equal(t, "[1156]", lines[2])
	o = works(t, "tokenize --no-special "+file, `"hello <b>"`, `""`)
	require.Equal(t, strings.Replace(lines[0], "1156,", "", 1)+"\n[]\n", o.out)
	require.Equal(t, "\"<|begin_of_text|>hello <b>\"\n\"<|begin_of_text|>wörld\\n\"\n", works(t, "tokenize --decode "+file, lines[:2]...).out)
	require.Equal(t, "\"hello <b>\"\n", works(t, "tokenize --decode --no_special "+file, lines[0]).out)

	o = typed(t, "tokenize "+file, `"a"`, `{"a": 1}`)
	require.Equal(t, 1, o.code)
	require.Contains(t, o.err, "standard input:2: expected one JSON string a line")
	require.Equal(t, 1, strings.Count(o.out, "\n"), "what came before stands")
	refused(t, 1, "standard input:1: expected one JSON array of token ids a line", "tokenize --decode "+file, `"a"`)
}

// slow gives one line, and the next only when the first has been answered.
type slow struct {
	t      *testing.T
	lines  []string
	out    *bytes.Buffer
	served int
}

func (s *slow) Read(p []byte) (int, error) {
	require.Equal(s.t, s.served, strings.Count(s.out.String(), "\n"), "an answer is waited for")
	n := copy(p, s.lines[s.served])
	s.served++
	return n, nil
}

func TestTokenizeAnswersAtOnce(t *testing.T) {
	var out bytes.Buffer
	in := &slow{t, []string{"\"a\"\n", "\"b\"\n", "nonsense\n"}, &out, 0}
	require.Error(t, eachLine(in, &out, func(line []byte) (any, error) {
		if line[0] != '"' {
			return nil, bytes.ErrTooLarge
		}
		return string(line), nil
	}))
	require.Equal(t, "\"\\\"a\\\"\"\n\"\\\"b\\\"\"\n", out.String())
}

func TestChat(t *testing.T) {
	template := write(t, filepath.Join(t.TempDir(), "chat.jinja"),
		`{{ bos_token }}{% for m in messages %}{% if m.role == "bad" %}{{ raise_exception("no " + m.role) }}{% endif %}<{{ m.role }}>{{ m.content }}{% endfor %}`)
	o := works(t, "chat --template "+template, `{"messages": [{"role": "user", "content": "grüß \"dich\""}], "bos_token": "^"}`,
		`{"messages": [{"role": "bad", "content": ""}]}`)
	require.Equal(t, "\"^<user>grüß \\\"dich\\\"\"\n{\"error\": \"no bad\"}\n", o.out)
}

func TestBench(t *testing.T) {
	file := filepath.Join(tokenizers, "tiny-bytelevel.tokenizer.json")
	text := write(t, filepath.Join(t.TempDir(), "text"), strings.Repeat("a few words, ", 10))
	require.Contains(t, works(t, "bench tokenize --tokenizer "+file+" --text "+text).out, " MB/s: 130 bytes, ")

	m := measured{Op: "linear", Size: "T=1", DType: "float32", Rows: 1, FLOPs: 2e9, Bytes: 1e9, Seconds: 0.5, PeakFraction: 0.25}
	var out bytes.Buffer
	show, end := (&benchOpsCmd{JSON: true}).printer(&out)
	show(m)
	require.NoError(t, end())
	require.JSONEq(t, `{"op":"linear","size":"T=1","dtype":"float32","rows":1,"flops":2e9,"bytes":1e9,"seconds":0.5,"peak_fraction":0.25}`, out.String())
	out.Reset()
	show, end = (&benchOpsCmd{}).printer(&out)
	show(m)
	require.NoError(t, end())
	require.Contains(t, strings.Join(strings.Fields(out.String()), " "), "linear T=1 float32 500000.0 4.0 2.0 25 %")
}

func TestTokenizeShowsAConversation(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "tokenizer.json"), read(t, filepath.Join(tokenizers, "tiny-bytelevel.tokenizer.json")))
	write(t, filepath.Join(dir, "chat_template.jinja"), "{% for m in messages %}[{{ m.role }}]\n{{ m.content }}\n{% endfor %}{% if add_generation_prompt %}[assistant]\n{% endif %}")
	o := works(t, "tokenize --chat --tokenizer "+dir, `{"messages":[{"role":"user","content":"hi"},{"role":"assistant","content":"ho"}]}`, `{"messages":[{"role":"user","content":"hi"}]}`)
	lines := strings.Split(o.out, "\n")
	require.Len(t, lines, 4)
	joined := func(line string) string { return strings.ReplaceAll(line[strings.Index(line, "▏"):], "▏", "") }
	require.Equal(t, "[user]⏎hi⏎[assistant]⏎", joined(lines[0]))
	require.Equal(t, "ho⏎", joined(lines[1]))
	require.True(t, strings.HasPrefix(lines[1], "completion"))
	require.Equal(t, lines[0], lines[2])
	refused(t, 1, `line 1: expected one object with "messages" a line`, "tokenize --chat --tokenizer "+dir, `{"text":"x"}`)
}
