package engine

import (
	"fmt"
	"strconv"
	"strings"
)

// Shard is a share of the prompts: number I of N, counted from 0. The shares are consecutive pieces, so the files of
// all shards, one behind the other, are the file that one machine would have written.
type Shard struct{ I, N int }

// ParseShard reads "i/n". Empty is the whole, 0/1.
func ParseShard(s string) (Shard, error) {
	if s == "" {
		return Shard{0, 1}, nil
	}
	a, b, ok := strings.Cut(s, "/")
	i, errI := strconv.Atoi(a)
	n, errN := strconv.Atoi(b)
	if !ok || errI != nil || errN != nil || n < 1 || i < 0 || i >= n {
		return Shard{}, fmt.Errorf("shard: expected i/n with i from 0 to n−1, such as 0/4, found %q", s)
	}
	return Shard{i, n}, nil
}

func (s Shard) String() string { return fmt.Sprintf("%d/%d", s.I, s.N) }

// Range is the part of total things that belongs to the shard: from lo to hi−1.
func (s Shard) Range(total int) (lo, hi int) { return total * s.I / s.N, total * (s.I + 1) / s.N }
