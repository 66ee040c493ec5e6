package text

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// An answer's ids are those that the conversation holds behind its prompt, up to the end token.
func TestAnswerIsTheTailOfTheConversation(t *testing.T) {
	dir := t.TempDir()
	raw, err := os.ReadFile(filepath.Join("..", "tokenizer", "testdata", "tiny-bytelevel.tokenizer.json"))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "tokenizer.json"), raw, 0o644))
	plain, err := Open(dir)
	require.NoError(t, err)
	end := plain.Tokenizer.Encode("<|im_end|>", false)
	require.Len(t, end, 1, "one special token")

	config, err := json.Marshal(map[string]string{"chat_template": "{% for m in messages %}<{{ m.role }}>{{ m.content | trim }}<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<assistant>{% endif %}"})
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "tokenizer_config.json"), config, 0o644))
	chat, err := Open(dir)
	require.NoError(t, err)

	prompt := json.RawMessage(`"one and two"`)
	ids, err := chat.Answer(prompt, " three ", true, end)
	require.NoError(t, err)
	require.Equal(t, "three<|im_end|>", chat.Tokenizer.Decode(ids, false), "as the template has it, without what it puts behind")
	ids, err = chat.Answer(json.RawMessage(`[{"role": "user", "content": "one"}]`), "three", false, end)
	require.NoError(t, err)
	require.Equal(t, "three<|im_end|>", chat.Tokenizer.Decode(ids, false))
	for _, p := range []json.RawMessage{prompt, nil, json.RawMessage("null")} {
		ids, err = plain.Answer(p, " three", false, end)
		require.NoError(t, err)
		require.Equal(t, " three<|im_end|>", plain.Tokenizer.Decode(ids, false))
	}
	_, err = plain.Answer(json.RawMessage(`3`), "three", false, end)
	require.ErrorContains(t, err, "expected a text or a list of messages")
}
