package python

import (
	"math"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

// Expectations below were read off CPython 3.11: json.dumps(json.loads(text), ensure_ascii=False) and str(json.loads(text)).
func TestLoadsDumpsStr(t *testing.T) {
	for _, c := range []struct{ text, dumps, str string }{
		{` null `, `null`, `None`},
		{`[true,false,1,-0,-0.0,1E2,1e999,12345678901234567890]`, `[true, false, 1, 0, -0.0, 100.0, Infinity, 12345678901234567890]`,
			`[True, False, 1, 0, -0.0, 100.0, inf, 12345678901234567890]`},
		{`{"b":1,"a":[],"b":{}}`, `{"b": {}, "a": []}`, `{'b': {}, 'a': []}`},
		{`"a\u0000\u001f\u007f\u2028<>&/\/\"\\\b\f"`, "\"a\\u0000\\u001f\u007f\u2028<>&//\\\"\\\\\\b\\f\"", "a\x00\x1f\u007f\u2028<>&//\"\\\b\f"},
		{`["it's", "\"", "'\"", "\n\t\u0001\u00ad\u2028é😀\udbff\udfff"]`, "[\"it's\", \"\\\"\", \"'\\\"\", \"\\n\\t\\u0001\u00ad\u2028é😀\U0010ffff\"]",
			`["it's", '"', '\'"', '\n\t\x01\xad\u2028é😀\U0010ffff']`},
		{`NaN`, `NaN`, `nan`},
		{`["\ud800", "\ud83d\ude00", "\ud83d\u0041"]`, "[\"\xed\xa0\x80\", \"😀\", \"\xed\xa0\xbdA\"]", `['\ud800', '😀', '\ud83dA']`},
	} {
		v, err := Loads(c.text)
		require.NoError(t, err, c.text)
		require.Equal(t, c.dumps, Dumps(v))
		require.Equal(t, c.str, Str(v))
	}
	for _, bad := range []string{``, `{`, `[1,]`, `{"a":1,}`, `01`, `1.`, `.5`, `+1`, `'a'`, "\"\t\"", `"\x"`, `"\u12g4"`, `"\u1`, `nul`, "\ufeff1", `1 2`, `[1 2]`,
		`{1:2}`, "\u00a01", `-`, `"a`, `{"a"}`, strings.Repeat("1", 4301)} {
		_, err := Loads(bad)
		require.Error(t, err, bad)
	}
	deep := func(n int) error {
		_, err := Loads(strings.Repeat("[", n) + "1" + strings.Repeat("]", n))
		return err
	}
	require.NoError(t, deep(993))
	require.ErrorIs(t, deep(994), ErrDepth)
}

func TestToFloat(t *testing.T) {
	for text, want := range map[string]float64{"1.25": 1.25, " 1_0.5e+1 \n": 105, "+.5": 0.5, "5.": 5, "-Infinity": math.Inf(-1), "INF": math.Inf(1), "1e999": math.Inf(1),
		"\u0661\u0662": 12, "\u3000-3\u001c": -3} {
		got, err := ToFloat(text)
		require.NoError(t, err, text)
		require.Equal(t, want, got, text)
	}
	for _, bad := range []any{"high", "", "1__0", "_1", "1_", "0x10", "0x1p-2", "1 2", "--1", "+-1", "e5", "infi", "1e", nil, []any{}, &Object{}, Int("1" + strings.Repeat("0", 400))} {
		_, err := ToFloat(bad)
		require.Error(t, err, "%v", bad)
	}
}

func TestText(t *testing.T) {
	require.Equal(t, "\u200ba\ufeff", Strip("\u00a0\u3000\u0085\u2028\x1c\u200ba\ufeff\x1f\t"))
	require.Equal(t, "i\u0307\u03c2_\u03b1\u03c2 ß", Lower("İΣ_ΑΣ ß"))
	require.Equal(t, []string{"a", "", "b\u2028c\u0085", "d"}, Lines("a\r\n\nb\u2028c\u0085\rd\n"))
	require.Empty(t, Lines(""))
	require.True(t, HasSurrogate([]byte("a\xed\x95\x9c\xed\xa0\x80")))
	require.False(t, HasSurrogate([]byte("a\xed\x95\x9c\xed")))
	for v, want := range map[any]bool{nil: false, Int("0"): false, -0.5: true, "": false, "0": true, true: true} {
		require.Equal(t, want, Truthy(v))
	}
}

func FuzzLoads(f *testing.F) {
	for _, seed := range []string{`{"a": [1, 2.5e-3, "\ud83d\ude00\ud800", null]}`, `-Infinity`, `[[[`, "\"\x00\"", `{"a":1,"a":2}`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if !utf8.ValidString(text) {
			return
		}
		v, err := Loads(text)
		if err != nil {
			return
		}
		once := Dumps(v)
		if HasSurrogate([]byte(once)) {
			return
		}
		again, err := Loads(once)
		require.NoError(t, err)
		require.Equal(t, once, Dumps(again))
	})
}
