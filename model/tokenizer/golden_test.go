package tokenizer

import (
	"encoding/json"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// The golden files hold what the Rust library makes of single components; testdata/golden/make.py writes them.
type golden struct {
	Name      string
	Component json.RawMessage
	Cases     []json.RawMessage
}

// eachGolden runs test on the cases of a golden file, a pair (input, output) each.
func eachGolden(t *testing.T, file string, test func(t *testing.T, g golden, n *node)) {
	var all []golden
	readJSON(t, filepath.Join("testdata/golden", file), &all)
	require.NotEmpty(t, all)
	for _, g := range all {
		t.Run(g.Name, func(t *testing.T) {
			n, err := newNode(file, g.Name, g.Component)
			require.NoError(t, err)
			require.NotEmpty(t, g.Cases)
			test(t, g, n)
		})
	}
}

// pair reads a case [in, out].
func pair(t *testing.T, raw json.RawMessage, in, out any) {
	require.NoError(t, json.Unmarshal(raw, &[]any{in, out}))
}

func TestNormalizers(t *testing.T) {
	eachGolden(t, "normalizers.json", func(t *testing.T, g golden, n *node) {
		f, err := readNormalizer(n)
		require.NoError(t, err)
		for _, c := range g.Cases {
			var in, want string
			pair(t, c, &in, &want)
			require.Equal(t, want, f(in), "%+q", in)
		}
	})
}

func TestPreTokenizers(t *testing.T) {
	eachGolden(t, "pretokenizers.json", func(t *testing.T, g golden, n *node) {
		steps, bytes, err := readPreTokenizer(n)
		require.NoError(t, err)
		for _, c := range g.Cases {
			var in string
			var want, got []string
			pair(t, c, &in, &want)
			pieces := []piece{{text: in, id: isText, first: true}}
			for _, cut := range steps {
				pieces = cut(pieces, nil)
			}
			for _, p := range pieces {
				if bytes {
					p.text = spell(p.text)
				}
				got = append(got, p.text)
			}
			require.Equal(t, append([]string{}, want...), append([]string{}, got...), "%+q", in)
		}
	})
}

func TestDecoders(t *testing.T) {
	eachGolden(t, "decoders.json", func(t *testing.T, g golden, n *node) {
		decoders, err := readDecoder(n)
		require.NoError(t, err)
		for _, c := range g.Cases {
			var tokens []string
			var want string
			pair(t, c, &tokens, &want)
			tok := &Tokenizer{decoders: decoders}
			var ids []int32
			for i, name := range tokens {
				tok.byID = append(tok.byID, token{name: name, present: true})
				ids = append(ids, int32(i))
			}
			require.Equal(t, want, tok.Decode(ids, false), "%+q", tokens)
			require.Equal(t, want, stream(t, tok, ids, false), "%+q", tokens)
		}
	})
}

func TestModels(t *testing.T) {
	eachGolden(t, "models.json", func(t *testing.T, g golden, _ *node) {
		tok, err := parse(g.Name, g.Component)
		require.NoError(t, err)
		for _, raw := range g.Cases {
			var c struct {
				Text, Decoded, All string
				IDs, Special       []int32
			}
			require.NoError(t, json.Unmarshal(raw, &c))
			require.Equal(t, c.IDs, tok.Encode(c.Text, false), "%+q", c.Text)
			require.Equal(t, c.Special, tok.Encode(c.Text, true), "%+q", c.Text)
			require.Equal(t, c.Decoded, tok.Decode(c.Special, true), "%+q", c.Text)
			require.Equal(t, c.All, tok.Decode(c.Special, false), "%+q", c.Text)
			require.Equal(t, c.All, stream(t, tok, c.Special, false), "%+q", c.Text)
		}
	})
}
