package tokenizer

import (
	"encoding/json"
	"path/filepath"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

// The golden files hold what the Rust library makes of single components; testdata/golden/make.py writes them.
type golden struct {
	Name      string
	Component json.RawMessage
	Cases     []json.RawMessage
}

func goldens(t testing.TB, file string) (all []golden) {
	readJSON(t, filepath.Join("testdata/golden", file), &all)
	require.NotEmpty(t, all)
	return all
}

// eachGolden runs test on the cases of a golden file, a pair (input, output) each.
func eachGolden(t *testing.T, file string, test func(t *testing.T, g golden, n *node)) {
	for _, g := range goldens(t, file) {
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
		all, err := readNormalizer(n)
		require.NoError(t, err)
		for _, c := range g.Cases {
			var in, want string
			pair(t, c, &in, &want)
			got := in
			for _, f := range all {
				got, _ = new(edits).rewrite(got, 0, f)
			}
			require.Equal(t, want, got, "%+q", in)
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
				pieces = cut(pieces, nil, &edits{})
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

func TestModels(t *testing.T)  { eachGolden(t, "models.json", testModel) }
func TestTrained(t *testing.T) { eachGolden(t, "trained.json", testModel) }

func testModel(t *testing.T, g golden, _ *node) {
	tok, err := parse(g.Name, g.Component)
	require.NoError(t, err)
	for _, raw := range g.Cases {
		var c struct {
			Text, Decoded, All string
			IDs, Special       []int32
			Offsets            [][2]int
		}
		require.NoError(t, json.Unmarshal(raw, &c))
		require.Equal(t, c.IDs, tok.Encode(c.Text, false), "%+q", c.Text)
		require.Equal(t, c.Special, tok.Encode(c.Text, true), "%+q", c.Text)
		require.Equal(t, c.Decoded, tok.Decode(c.Special, true), "%+q", c.Text)
		require.Equal(t, c.All, tok.Decode(c.Special, false), "%+q", c.Text)
		require.Equal(t, c.All, stream(t, tok, c.Special, false), "%+q", c.Text)
		requireOffsets(t, tok, c.Text, c.IDs, c.Offsets)
	}
}

// requireOffsets compares spans with the library's. Where several characters became one spelling the library keeps the
// first or the last of them and EncodeOffsets all; and the library has offsets, wrong ones, where ours are not certain.
func requireOffsets(t *testing.T, tok *Tokenizer, text string, ids []int32, want [][2]int) {
	got, spans, err := tok.EncodeOffsets(text, false)
	require.Equal(t, ids, append([]int32{}, got...), "%+q", text)
	if err != nil {
		require.ErrorContains(t, err, "offsets are not certain")
		return
	}
	if m, ok := tok.model.(*bpe); ok && m.unknown < 0 && !m.byteFallback && !m.fromBytes {
		return // where characters are dropped, the library's offsets of all that follows are wrong
	}
	require.Len(t, spans, len(want), "%+q", text)
	for i, w := range want {
		s := spans[i]
		require.True(t, s == w || s[0] <= w[0] && w[1] <= s[1] && utf8.RuneCountInString(text[s[0]:s[1]]) > 1,
			"%+q: token %d %v, the library's %v", text, i, s, w)
	}
}
