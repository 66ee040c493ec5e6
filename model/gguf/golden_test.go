package gguf

import (
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func open(t *testing.T, path string) *File {
	t.Helper()
	f, err := Open(path)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, f.Close()) })
	return f
}

// Every type gives the bits that the gguf package of Python gives.
func TestTypesAreDequantisedExactly(t *testing.T) {
	f, checked := open(t, "testdata/types.gguf"), 0
	for _, x := range f.Tensors() {
		if strings.HasSuffix(x.Name, ".values") {
			continue
		}
		values, ok := f.Tensor(x.Name + ".values")
		require.True(t, ok, x.Name)
		require.Equal(t, x.Type.String(), x.Name)
		require.Equal(t, []int{2, 256}, x.Shape)
		got, want := make([]float32, 512), make([]float32, 512)
		x.Type.floats(got, x.Data)
		values.Type.floats(want, values.Data)
		for i := range want {
			require.Equal(t, math.Float32bits(want[i]), math.Float32bits(got[i]), "%s[%d] is %v, want %v", x.Name, i, got[i], want[i])
		}
		checked++
	}
	require.Equal(t, len(layouts), checked)
}

func TestValues(t *testing.T) {
	f := open(t, "testdata/types.gguf")
	require.Equal(t, 3, f.Version)
	for key, want := range map[string]string{"uint8": "200", "int8": "-100", "uint16": "60000", "int16": "-30000",
		"uint32": "4000000000", "int32": "-2000000000", "uint64": "1152921504606846976", "int64": "-1152921504606846976",
		"float32": "1e-05", "float64": "0.1", "bool": "true", "string": `"Grüße"`, "texts": "3 values of string"} {
		v, ok := f.Key("test." + key)
		require.True(t, ok, key)
		require.Equal(t, want, v.String())
		_, isInt := v.Int()
		require.Equal(t, strings.Contains(key, "int"), isInt, key)
	}
	v, _ := f.Key("test.texts")
	texts, _ := v.Texts()
	require.Equal(t, []string{"a", "", "▁b"}, texts)
	v, _ = f.Key("test.ints")
	ints, _ := v.Ints()
	require.Equal(t, []int64{1, -2, 3}, ints)
	v, _ = f.Key("test.floats")
	floats, _ := v.Floats()
	require.Equal(t, []float32{0.5, -1.25}, floats)
	_, ok := f.Key("test.nothing")
	require.False(t, ok)
	require.Contains(t, f.Keys(), "general.architecture")
}
