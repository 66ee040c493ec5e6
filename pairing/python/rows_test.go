package python

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestIndent(t *testing.T) {
	v, err := Loads(`{"a": [], "b": {}, "c": [1, {"é": "😀\u007f"}], "d": null}`)
	require.NoError(t, err)
	require.Equal(t, "{\n  \"a\": [],\n  \"b\": {},\n  \"c\": [\n    1,\n    {\n      \"é\": \"😀\u007f\"\n    }\n  ],\n  \"d\": null\n}", Indent(v, 2, false))
	require.Equal(t, `{"\u00e9": "\ud83d\ude00\u007f"}`, strings.NewReplacer("\n", "", "    ", "").Replace(Indent(v.(*Object).Get("c").([]any)[1], 4, true)))
	lone, err := Loads(`"\ud800"`)
	require.NoError(t, err)
	require.Equal(t, `"\ud800"`, Indent(lone, 1, true))
}

func TestRows(t *testing.T) {
	rows, err := Rows("{\"a\": 1}\n \n{\"b\": [\"x\"]}\r\n", "f.jsonl")
	require.NoError(t, err)
	require.Equal(t, "{\"a\": 1}\n{\"b\": [\"x\"]}\n", DumpRows(rows))
	for text, want := range map[string]string{"{}\n\nx": "f.jsonl:3: expected one JSON object a line", "[]": "f.jsonl:1: expected an object, found a list", "\xff": "f.jsonl: expected UTF-8"} {
		_, err := Rows(text, "f.jsonl")
		require.ErrorContains(t, err, want)
	}
	rows, skipped := ParsableRows("x\n\n{\"a\": 1}\n[]\n")
	require.Equal(t, "{\"a\": 1}\n", DumpRows(rows))
	require.Equal(t, 2, skipped)
}

func TestObjectsByHand(t *testing.T) {
	o := Dict("a", []any{Dict("b", 1.5)}, "t", []any{"x", 2.0})
	c := Copy(o).(*Object)
	c.Get("a").([]any)[0].(*Object).Set("b", 2.5)
	require.Equal(t, `{"a": [{"b": 1.5}], "t": ["x", 2.0]}`, Dumps(o))
	_, err := o.Text("x")
	require.EqualError(t, err, `expected the key x, found ["a" "t"]`)
	_, err = o.Text("a")
	require.EqualError(t, err, "a: expected text, found a list")
	_, err = o.Texts("t")
	require.EqualError(t, err, "t, item 2: expected text, found a number")
}

func FuzzRows(f *testing.F) {
	f.Add("{\"a\": NaN}\n\n{\"b\": \"\\ud800\"}\n")
	f.Add("{\"a\": 1, \"a\": 2}\r{}")
	f.Fuzz(func(t *testing.T, text string) {
		rows, err := Rows(text, "f")
		if err != nil {
			return
		}
		lenient, skipped := ParsableRows(text)
		require.Zero(t, skipped)
		require.Equal(t, DumpRows(rows), DumpRows(lenient))
	})
}
