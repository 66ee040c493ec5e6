package forest

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// Three answers to one prompt: the trunk is stored once, the branches follow it in the order of the sequences.
func TestBuildSharesPrefixes(t *testing.T) {
	f := Build([][]int32{{1, 2, 3, 4}, {1, 2, 5}, {1, 2, 3, 6, 7}})
	require.Equal(t, []int32{1, 2, 3, 4, 6, 7, 5}, f.Tokens)
	require.Equal(t, []int32{0, 1, 2, 3, 3, 4, 2}, f.Positions)
	require.Equal(t, []Segment{
		{Parent: -1, Start: 0, Len: 2, Offset: 0}, // 1 2
		{Parent: 0, Start: 2, Len: 1, Offset: 2},  // 3
		{Parent: 1, Start: 3, Len: 1, Offset: 3},  // 4
		{Parent: 1, Start: 4, Len: 2, Offset: 3},  // 6 7
		{Parent: 0, Start: 6, Len: 1, Offset: 2},  // 5
	}, f.Segments)
	require.Equal(t, []int32{3, 6, 5}, f.Ends)
	require.Equal(t, 7, f.Rows())
	require.Equal(t, []int32{0, 1, 2, 4, 5}, f.Path(2))
}

// A sequence that is a prefix of another ends inside its segment: no segment is cut for it.
func TestBuildEndsInside(t *testing.T) {
	f := Build([][]int32{{8, 9, 10}, {8}, {8, 9}, {8, 9, 10}})
	require.Equal(t, []Segment{{Parent: -1, Start: 0, Len: 3, Offset: 0}}, f.Segments)
	require.Equal(t, []int32{2, 0, 1, 2}, f.Ends, "equal sequences share an end")
	require.Equal(t, []int32{0}, f.Path(1))
	require.Equal(t, []int32{0, 1, 2}, f.Path(3))

	f = Build([][]int32{{1, 2}, {1, 2, 3, 4}, {1, 2, 3, 5}, {1, 2, 3}})
	require.Len(t, f.Segments, 3, "1 2 3, then 4 or 5: who ends at 2 or 3 cuts nothing")
	require.Equal(t, []int32{1, 3, 4, 2}, f.Ends)
}

func TestBuildSeveralRoots(t *testing.T) {
	f := Build([][]int32{{5, 1}, {3}, {5, 2}, {4, 4}})
	require.Equal(t, []int32{5, 1, 2, 3, 4, 4}, f.Tokens, "roots in the order in which sequences need them, not of token ids")
	require.Equal(t, []int{-1, 0, 0, -1, -1}, parents(f))
	require.Empty(t, Build(nil).Tokens)
	require.PanicsWithValue(t, "forest: sequence 1 is empty", func() { Build([][]int32{{1}, {}}) })
}

func parents(f *Forest) (p []int) {
	for _, s := range f.Segments {
		p = append(p, s.Parent)
	}
	return p
}

func TestPlanOfABatch(t *testing.T) {
	f := Build([][]int32{{1, 2, 3}, {1, 4}})
	p := f.Plan()
	require.Equal(t, []Run{{Row: 0, Segment: 0, Len: 1}, {Row: 1, Segment: 1, Len: 2}, {Row: 3, Segment: 2, Len: 1}}, p.Runs)
	require.Equal(t, []int32{7, 0, 3}, p.Keys([]int32{7}, 2, 2), "Keys appends")
	require.Equal(t, []int32{0, 1}, p.Keys(nil, 1, 2), "fewer positions than the path has")
	require.Empty(t, p.Keys(nil, 1, 0))
}

// In a cache a path is a chain of pages that stand anywhere, and two answers share the prompt's full pages.
func TestKeysOfPages(t *testing.T) {
	p := &Plan{Segments: []Segment{
		{Parent: -1, Start: 8, Len: 4, Offset: 0},
		{Parent: 0, Start: 0, Len: 4, Offset: 4},
		{Parent: 1, Start: 12, Len: 2, Offset: 8},
		{Parent: 0, Start: 4, Len: 1, Offset: 4},
	}}
	require.Equal(t, []int32{8, 9, 10, 11, 0, 1, 2, 3, 12, 13}, p.Keys(nil, 2, 10))
	require.Equal(t, []int32{8, 9, 10, 11, 0, 1}, p.Keys(nil, 2, 6), "the last page is not reached")
	require.Equal(t, []int32{8, 9, 10, 11, 4}, p.Keys(nil, 3, 5))
}

// check holds a forest to its definition: sequences can be read back along their paths, two sequences share a row exactly
// as far as they agree, and segments are as long as they can be.
func check(seqs [][]int32) error {
	f := Build(seqs)
	prefixes := map[string]int32{}
	for i, s := range seqs {
		path := f.Path(i)
		if len(path) != len(s) || path[len(path)-1] != f.Ends[i] {
			return fmt.Errorf("sequence %d: path %v, end %d", i, path, f.Ends[i])
		}
		for p, row := range path {
			if f.Tokens[row] != s[p] || int(f.Positions[row]) != p {
				return fmt.Errorf("sequence %d, position %d: row %d holds token %d of position %d", i, p, row, f.Tokens[row], f.Positions[row])
			}
			prefix := fmt.Sprint(s[:p+1])
			if seen, ok := prefixes[prefix]; ok && seen != row {
				return fmt.Errorf("the prefix %s stands in rows %d and %d", prefix, seen, row)
			}
			prefixes[prefix] = row
		}
	}
	if len(prefixes) != f.Rows() {
		return fmt.Errorf("%d rows for %d distinct prefixes", f.Rows(), len(prefixes))
	}
	next, children := 0, make([]int, len(f.Segments))
	for i, s := range f.Segments {
		offset := 0
		if s.Parent >= 0 {
			children[s.Parent]++
			offset = f.Segments[s.Parent].Offset + f.Segments[s.Parent].Len
		}
		if s.Parent >= i || s.Start != next || s.Len < 1 || s.Offset != offset {
			return fmt.Errorf("segment %d is %+v; expected a parent before it, row %d, offset %d", i, s, next, offset)
		}
		next += s.Len
	}
	if i := slices.Index(children, 1); i >= 0 {
		return fmt.Errorf("segment %d has one child: they should be one segment", i)
	}
	return nil
}

// split reads sequences of small tokens out of bytes: 0 ends a sequence.
func split(data []byte) (seqs [][]int32) {
	var s []int32
	for _, b := range append(data, 0) {
		if b != 0 {
			s = append(s, int32(b%4))
		} else if len(s) > 0 {
			seqs, s = append(seqs, s), nil
		}
	}
	return seqs
}

// Every set of up to 3 sequences of up to 3 tokens out of 2, and random larger ones.
func TestBuildAgainstPrefixes(t *testing.T) {
	var all [][]int32
	for n := 1; n <= 3; n++ {
		for bits := range 1 << n {
			var s []int32
			for i := range n {
				s = append(s, int32(bits>>i&1))
			}
			all = append(all, s)
		}
	}
	for _, a := range all {
		for _, b := range all {
			for _, c := range all {
				require.NoError(t, check([][]int32{a, b, c}), "%v %v %v", a, b, c)
			}
		}
	}
	state := uint32(1)
	for range 300 {
		data := make([]byte, 200)
		for i := range data {
			state = state*1664525 + 1013904223
			data[i] = byte(state >> 28 % 9)
		}
		require.NoError(t, check(split(data)), "%v", data)
	}
}

func FuzzBuild(f *testing.F) {
	for _, seed := range []string{"", "\x01", "\x01\x02\x00\x01\x03", "\x01\x00\x01\x00\x01\x01", "\x03\x00\x02\x02\x00\x03\x02\x00\x02"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) { require.NoError(t, check(split(data))) })
}

// A shared prefix is computed once, so it counts once; the first sequence goes through whatever its length.
func TestFit(t *testing.T) {
	seqs := [][]int32{{1, 2, 3, 4}, {1, 2, 3, 5, 6}, {1, 2, 3, 5, 7}, {8, 9}}
	for rows, n := range map[int]int{1: 1, 5: 1, 6: 2, 7: 3, 8: 3, 9: 4, 99: 4} {
		require.Equal(t, n, Fit(seqs, rows), "%d rows", rows)
		require.LessOrEqual(t, Build(seqs[:n]).Rows(), max(rows, 4))
	}
	require.Zero(t, Fit(nil, 5))
}
