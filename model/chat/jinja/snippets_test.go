package jinja

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Every snippet of testdata/jinja.json gives the text of Python's Jinja2, or fails with the same exception and words;
// of syntax errors the class alone is compared.
func TestSnippetsEqualPython(t *testing.T) {
	t.Setenv("SOURCE_DATE_EPOCH", "1721995200") // 2024-07-26 12:00 UTC
	data, err := os.ReadFile(filepath.Join("testdata", "jinja.json"))
	require.NoError(t, err)
	v, err := Decode(data)
	require.NoError(t, err)
	vars, _ := v.(*Dict).Get("vars")
	before := Repr(vars)
	cases, _ := v.(*Dict).Get("cases")
	for _, item := range cases.(*List).Items {
		c := item.(*Dict)
		get := func(key string) string { v, _ := c.Get(key); return Str(v) }
		t.Run(get("template"), func(t *testing.T) {
			var out string
			tmpl, err := Parse(get("template"))
			if err == nil {
				out, err = tmpl.Render(vars.(*Dict))
			}
			var e *Error
			if _, ok := c.Get("out"); ok {
				require.NoError(t, err)
				require.Equal(t, get("out"), out)
				return
			}
			require.True(t, errors.As(err, &e), "rendered %q, but Python says %s%s", out, get("err"), get("raise"))
			switch {
			case e.Raised():
				require.Equal(t, get("raise"), e.Message)
			case strings.Contains(get("err"), ":"):
				require.Equal(t, get("err"), e.Python())
			default:
				require.Equal(t, get("err"), e.Class)
			}
		})
	}
	require.Equal(t, before, Repr(vars), "a template changed its variables")
}
