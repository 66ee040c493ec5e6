package tokenizer

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A reference is the answers of the Rust library to every line of corpus.json.
type reference struct {
	Tokenizer, Sha256 string
	Prefix, Suffix    []int32
	Lines             []json.RawMessage // ids, or a digest of many
	Dec               map[string]any    // decode(ids) where it is not the text
	DecSkip           map[string]any    `json:"dec_skip"` // decode(prefix ids suffix, skip special) where it is not decode(ids)
}

type digest struct {
	N      int
	Sha256 string
}

// fixtures returns the folder with corpus.json and ref-*.json.
func fixtures(t testing.TB) string {
	dir := os.Getenv("CROCO_FIXTURES")
	if dir == "" {
		return "testdata"
	}
	dir = filepath.Join(dir, "tokenizer")
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("no fixtures of this kind: %v", err)
	}
	return dir
}

// openFixture opens a tokenizer of the references: beside them, or where scripts/fetch-tokenizers.mjs puts the
// published ones, which are other people's. A missing one fails the test, but for -short.
func openFixture(t testing.TB, dir, name string) *Tokenizer {
	places := []string{filepath.Join(dir, name+".tokenizer.json"), filepath.Join(dir, name, "tokenizer.json"),
		filepath.Join("../../.fixtures/tokenizer", name, "tokenizer.json")}
	for _, p := range places {
		if _, err := os.Stat(p); err == nil {
			tok, err := Open(p)
			require.NoError(t, err)
			return tok
		}
	}
	if testing.Short() {
		t.Skip("not fetched")
	}
	t.Fatalf("none of %q: run node scripts/fetch-tokenizers.mjs, or test with -short", places)
	return nil
}

func readJSON(t testing.TB, path string, v any) {
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(data, v), path)
}

func TestFixturesTokenizer(t *testing.T) {
	dir := fixtures(t)
	var corpus []struct{ Text, B64 string }
	readJSON(t, filepath.Join(dir, "corpus.json"), &corpus)
	refs, err := filepath.Glob(filepath.Join(dir, "ref-*.json"))
	require.NoError(t, err)
	require.NotEmpty(t, refs)
	for _, path := range refs {
		name := strings.TrimSuffix(strings.TrimPrefix(filepath.Base(path), "ref-"), ".json")
		t.Run("tokenizer/"+name, func(t *testing.T) {
			var ref reference
			readJSON(t, path, &ref)
			require.Len(t, ref.Lines, len(corpus))
			tok := openFixture(t, dir, name)
			require.Equal(t, ref.Sha256, tok.Hash(), "another tokenizer.json than the reference's")
			t.Run("encode", func(t *testing.T) {
				for i, line := range corpus {
					ids := tok.Encode(line.Text, false)
					requireIDs(t, ref.Lines[i], ids, i, line.Text)
					require.True(t, slices.Equal(slices.Concat(ref.Prefix, ids, ref.Suffix), tok.Encode(line.Text, true)), "line %d", i)
				}
			})
			t.Run("decode", func(t *testing.T) {
				for i, line := range corpus {
					ids := tok.Encode(line.Text, false)
					want := requireText(t, ref.Dec[strconv.Itoa(i)], line.Text, tok.Decode(ids, false), i)
					all := slices.Concat(ref.Prefix, ids, ref.Suffix)
					requireText(t, ref.DecSkip[strconv.Itoa(i)], want, tok.Decode(all, true), i)
					require.Equal(t, tok.Decode(ids, false), stream(t, tok, ids, false), "line %d", i)
					require.Equal(t, tok.Decode(all, true), stream(t, tok, all, true), "line %d", i)
				}
			})
		})
	}
}

func requireIDs(t *testing.T, want json.RawMessage, got []int32, line int, text string) {
	t.Helper()
	var ids []int32
	if json.Unmarshal(want, &ids) == nil {
		require.Equal(t, ids, got, "line %d: %.60q", line, text)
		return
	}
	var d digest
	require.NoError(t, json.Unmarshal(want, &d))
	var joined []string
	for _, id := range got {
		joined = append(joined, strconv.Itoa(int(id)))
	}
	sum := sha256.Sum256([]byte(strings.Join(joined, ",")))
	require.Equal(t, d.N, len(got), "line %d: %.60q", line, text)
	require.Equal(t, d.Sha256, hex.EncodeToString(sum[:]), "line %d: %.60q", line, text)
}

// requireText compares with the recorded text, or with what it equals where none is recorded, and returns it.
func requireText(t *testing.T, recorded any, same, got string, line int) string {
	t.Helper()
	switch want := recorded.(type) {
	case nil:
		require.Equal(t, same, got, "line %d", line)
		return same
	case string:
		require.Equal(t, want, got, "line %d", line)
		return want
	case map[string]any: // a digest
		sum := sha256.Sum256([]byte(got))
		require.Equal(t, want["sha256"], hex.EncodeToString(sum[:]), "line %d", line)
		return got
	}
	t.Fatalf("line %d: unknown form of reference %v", line, recorded)
	return ""
}
