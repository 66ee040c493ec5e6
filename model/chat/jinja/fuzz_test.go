package jinja

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzTemplate: any text parses or fails, and renders or fails, soon and without a panic.
func FuzzTemplate(f *testing.F) {
	data, err := os.ReadFile(filepath.Join("testdata", "jinja.json"))
	require.NoError(f, err)
	v, err := Decode(data)
	require.NoError(f, err)
	vars, _ := v.(*Dict).Get("vars")
	cases, _ := v.(*Dict).Get("cases")
	for _, c := range cases.(*List).Items {
		text, _ := c.(*Dict).Get("template")
		f.Add(text.(string))
	}
	f.Fuzz(func(t *testing.T, text string) {
		tmpl, err := Parse(text)
		if err == nil {
			tmpl.Limits = Limits{Steps: 20_000, Bytes: 1 << 20, Depth: 300}
			_, _, err = tmpl.RenderSpans(vars.(*Dict))
		}
		var e *Error
		require.True(t, err == nil || errors.As(err, &e), "%v", err)
	})
}

// FuzzDecode: what is read from JSON is written as JSON that reads back the same.
func FuzzDecode(f *testing.F) {
	for _, s := range []string{`{"b":1,"a":[1.0,-0.0,1e400,null,true,"\u00e9\ud83d\ude00\n"],"b":2}`, `123456789012345678901234567890`, `[[[`, `{"a"`, `"\ud800"`, ` 1 `, `1 2`, `[1e5,1E-7]`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		v, err := Decode(data)
		if err != nil {
			return
		}
		s, err := Dump(v)
		require.NoError(t, err)
		if again, err := Decode([]byte(s)); err == nil { // infinite numbers are written as Python writes them, which is not JSON
			require.Equal(t, Repr(v), Repr(again))
		} else {
			require.Contains(t, s, "Infinity")
		}
	})
}
