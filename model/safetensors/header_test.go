package safetensors

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// image is a file of a header and n bytes of values.
func image(header string, n int) []byte {
	b := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	return append(append(b, header...), make([]byte, n)...)
}

const (
	a24 = `"a":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]}`
	b4  = `"b":{"dtype":"BF16","shape":[2],"data_offsets":[24,28]}`
)

func TestParse(t *testing.T) {
	meta, list, err := parse("f", image(`{"__metadata__":{"format":"pt"},`+b4+`,`+a24+`}   `, 28))
	require.NoError(t, err)
	require.Equal(t, map[string]string{"format": "pt"}, meta)
	require.Equal(t, "a", list[0].Name)
	require.Equal(t, []int{2, 3}, list[0].Shape)
	require.Len(t, list[0].Data, 24)
	require.Equal(t, "BF16", list[1].DType)

	_, list, err = parse("f", image(`{"s":{"dtype":"I64","shape":[],"data_offsets":[0,8]}}`, 8))
	require.NoError(t, err)
	require.Equal(t, 1, list[0].Len())
	_, err = list[0].Floats()
	require.ErrorContains(t, err, `f: tensor "s": dtype I64 cannot be a weight`)
}

// Each damaged file has an error that names the file and says what is wrong.
func TestParseRefuses(t *testing.T) {
	for _, c := range []struct {
		data []byte
		want string
	}{
		{nil, "truncated: 0 bytes"},
		{[]byte{1, 2, 3}, "truncated: 3 bytes"},
		{append(binary.LittleEndian.AppendUint64(nil, 1<<40), '{'), "header of 1099511627776 bytes, at most 100000000"},
		{append(binary.LittleEndian.AppendUint64(nil, 50), '{'), "the header should have 50 bytes, 1 follow"},
		{image(``, 0), "not a JSON object"},
		{image(`[]`, 0), "not a JSON object"},
		{image(`{"a":`, 0), "header:"},
		{image(`{} x`, 0), "something follows"},
		{image(`{`+a24+`}`, 23), `tensor "a": truncated: data_offsets end at 24, the file holds 23`},
		{image(`{`+a24+`}`, 25), "25 bytes of values, the header describes 24"},
		{image(`{`+a24+`,`+a24+`}`, 24), `key "a" stands twice`},
		{image(`{`+a24+`,"b":{"dtype":"BF16","shape":[2],"data_offsets":[20,24]}}`, 24), `tensor "b": overlaps the tensor before it: begins at 20, expected 24`},
		{image(`{`+a24+`,"b":{"dtype":"BF16","shape":[2],"data_offsets":[28,32]}}`, 32), `tensor "b": a gap of 4 bytes before it`},
		{image(`{"a":{"dtype":"F32","shape":[2,3],"data_offsets":[0,20]}}`, 20), "F32 of shape [2 3] takes 24 bytes, data_offsets [0,20] hold 20"},
		{image(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}`, 8), "run backwards"},
		{image(`{"a":{"dtype":"Q4","shape":[2],"data_offsets":[0,8]}}`, 8), `unknown dtype "Q4"`},
		{image(`{"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}`, 8), "negative number -2"},
		{image(`{"a":{"dtype":"F32","shape":[2.5],"data_offsets":[0,8]}}`, 8), `"shape":`},
		{image(`{"a":{"dtype":"F32","shape":null,"data_offsets":[0,8]}}`, 8), "expected a list"},
		{image(`{"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,8]}}`, 8), "is too large"},
		{image(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8,9]}}`, 8), "expected [begin,end]"},
		{image(`{"a":{"dtype":"F32","shape":[2]}}`, 8), `"data_offsets" is missing`},
		{image(`{"a":{"dtype":"F32","dtype":"F32","shape":[2],"data_offsets":[0,8]}}`, 8), `"dtype" stands twice`},
		{image(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8],"x":1}}`, 8), `unknown key "x"`},
		{image(`{"a":3}`, 0), "expected an object"},
		{image(`{"__metadata__":{"format":1}}`, 0), "expected a string"},
		{image(`{"__metadata__":{"f":"a","f":"b"}}`, 0), `key "f" stands twice`},
	} {
		_, _, err := parse("dir/f.safetensors", c.data)
		require.ErrorContains(t, err, c.want)
		require.ErrorContains(t, err, "dir/f.safetensors")
	}
}

// Whatever the bytes, parse neither panics nor hands out memory that the file does not have, and what it accepts can be
// written and read again.
func FuzzParse(f *testing.F) {
	f.Add(image(`{`+a24+`,`+b4+`}`, 28))
	f.Add(image(`{"__metadata__":{"format":"pt"}}`, 0))
	f.Add(image(`{"a":{"dtype":"F32","shape":[0,7],"data_offsets":[0,0]}}`, 0))
	f.Add(image(`{"a":{"dtype":"U8","shape":[3],"data_offsets":[0,3]}}`, 2))
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, data []byte) {
		_, list, err := parse("f", data)
		if err != nil {
			return
		}
		var items []Item
		total := 0
		for _, x := range list {
			require.Len(t, x.Data, x.Len()*sizes[x.DType])
			total += len(x.Data)
			items = append(items, Copy(x))
		}
		require.LessOrEqual(t, total, len(data))
		for _, x := range list {
			if x.Name == "__metadata__" || strings.ToValidUTF8(x.Name, "") != x.Name {
				return
			}
		}
		path := filepath.Join(dir, "again")
		require.NoError(t, Write(path, items))
		again, err := os.ReadFile(path)
		require.NoError(t, err)
		_, list2, err := parse("again", again)
		require.NoError(t, err)
		require.Len(t, list2, len(list))
	})
}
