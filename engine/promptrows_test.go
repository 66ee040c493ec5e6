package engine

import (
	"testing"

	"github.com/stretchr/testify/require"

	"croco/pairing/python"
)

// Whatever a file of prompts holds is translated into itself, or refused.
func FuzzPromptRows(f *testing.F) {
	for _, seed := range []string{`{"prompt": "a", "n": 1.50, "prompt_ids": [1]}`, `{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}`,
		`{"prompt": [{"role": "user", "content": "a"}], "line_id": 7}`, `{"prompt": null}`, `{"messages": [1]}`, `{"messages": [{"content": null}]}`, `{"prompt": [], "messages": []}`, `[]`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		rows, err := python.Rows(text, "prompts.jsonl")
		if err != nil {
			return
		}
		w := promptWriter{rows: rows}
		for i, row := range rows {
			texts, err := messages(row)
			if err != nil {
				continue
			}
			out, err := w.translated(i, "da", texts)
			require.NoError(t, err)
			again, err := messages(out)
			require.NoError(t, err)
			for k, text := range texts {
				require.Equal(t, python.Strip(text), again[k])
			}
			require.Equal(t, "da", out.Get("language"))
			_, kept := out.Lookup("prompt_ids")
			require.False(t, kept)
		}
	})
}
