package journal

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

type reply struct {
	Text string `json:"text"`
}

func open(t *testing.T, path string) *Journal[reply] {
	t.Helper()
	j, err := Open[reply](path)
	require.NoError(t, err)
	t.Cleanup(func() { j.Close() })
	return j
}

func TestTheFirstAnswerCounts(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new", "j.jsonl")
	j := open(t, path)
	var all sync.WaitGroup
	for i := range 40 {
		all.Go(func() { require.NoError(t, j.Put(Key([]byte("a"), i%20), reply{fmt.Sprint(i % 20)})) })
	}
	all.Wait()
	require.NoError(t, j.Put(Key([]byte("a"), 3), reply{"another"}))
	again := open(t, path)
	require.Equal(t, 20, again.Left)
	for i := range 20 {
		got, ok := again.Get(Key([]byte("a"), i))
		require.True(t, ok)
		require.Equal(t, fmt.Sprint(i), got.Text)
	}
	_, ok := again.Get(Key([]byte("b"), 0))
	require.False(t, ok)
}

// Wherever a file was cut, the whole lines are read, and what is put behind them reads back.
func TestCutAnywhere(t *testing.T) {
	path := filepath.Join(t.TempDir(), "j.jsonl")
	j := open(t, path)
	for i := range 3 {
		require.NoError(t, j.Put(Key(nil, i), reply{"é"}))
	}
	whole, err := os.ReadFile(path)
	require.NoError(t, err)
	for cut := range whole {
		require.NoError(t, os.WriteFile(path, whole[:cut], 0o644))
		j := open(t, path)
		require.Equal(t, cut*3/len(whole), j.Left)
		for i := range 3 {
			require.NoError(t, j.Put(Key(nil, i), reply{"é"}))
		}
		now, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Equal(t, string(whole), string(now))
	}
}

func TestRefusesWhatIsNotAJournal(t *testing.T) {
	path := filepath.Join(t.TempDir(), "j.jsonl")
	row := `{"key":"` + Key(nil, 0) + `","answer":{"text":"a"}}` + "\n"
	for text, want := range map[string]string{
		"{\"prompt\": \"x\"}\n":        "j.jsonl:1: key: expected the 64 hexadecimal digits",
		row + row:                      "j.jsonl:2: key " + Key(nil, 0) + " has an answer already",
		row + "{\n" + row:              "j.jsonl:2: expected one JSON object a line",
		row[:len(row)-4] + "1\"}}x}\n": "j.jsonl:1: ",
	} {
		require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
		_, err := Open[reply](path)
		require.ErrorContains(t, err, want)
	}
}

func TestEqualRequestsAreToldApart(t *testing.T) {
	n := Numbers{}
	a, b, c := n.Key([]byte("x")), n.Key([]byte("x")), n.Key([]byte("y"))
	require.Len(t, map[string]bool{a: true, b: true, c: true}, 3)
	require.Equal(t, b, Key([]byte("x"), 1))
}

func FuzzOpen(f *testing.F) {
	f.Add([]byte(`{"key":"` + Key(nil, 0) + `","answer":{"text":"a"}}` + "\n{"))
	f.Add([]byte("\n\n[]\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		path := filepath.Join(t.TempDir(), "j")
		require.NoError(t, os.WriteFile(path, raw, 0o644))
		j, err := Open[reply](path)
		if err != nil {
			return
		}
		require.NoError(t, j.Put(Key([]byte("new"), 7), reply{"x"}))
		require.NoError(t, j.Close())
		again, err := Open[reply](path)
		require.NoError(t, err)
		require.GreaterOrEqual(t, again.Left, j.Left)
		require.NoError(t, again.Close())
	})
}
