package tokenizer

import (
	"encoding/json"
	"fmt"
	"math"
	"math/bits"
	"strconv"
	"strings"
)

// maxID bounds the ids of a file: a table of all ids must fit in memory. The largest vocabularies hold 2¹⁸ tokens.
const maxID = 1 << 22

// A vocabulary is by far the largest part of a tokenizer.json: 2 to 33 MB of strings. cursor walks over them without
// the cost of encoding/json, which has already checked the syntax; strings without escapes are not even copied.
type cursor struct {
	s string
	i int
}

// next skips white space, commas and colons, and returns the byte that stands there: " for a string, [ { or their
// ends, a digit; 0 at the end.
func (c *cursor) next() byte {
	for c.i < len(c.s) {
		switch b := c.s[c.i]; b {
		case ' ', '\t', '\n', '\r', ',', ':':
			c.i++
		default:
			return b
		}
	}
	return 0
}

// enter steps over an opening bracket.
func (c *cursor) enter(bracket byte) error {
	if b := c.next(); b != bracket {
		return fmt.Errorf("expected %q, found %q", bracket, b)
	}
	c.i++
	return nil
}

func (c *cursor) string() (string, error) {
	if b := c.next(); b != '"' {
		return "", fmt.Errorf("expected a string, found %q", b)
	}
	start, escaped := c.i, false
	for c.i++; c.i < len(c.s) && c.s[c.i] != '"'; c.i++ {
		if c.s[c.i] == '\\' {
			escaped = true
			c.i++
		}
	}
	c.i++
	if !escaped {
		return c.s[start+1 : c.i-1], nil
	}
	var out string
	err := json.Unmarshal([]byte(c.s[start:c.i]), &out)
	return out, err
}

func (c *cursor) id() (int32, error) {
	c.next()
	start, v := c.i, 0
	for c.i < len(c.s) && c.s[c.i] >= '0' && c.s[c.i] <= '9' && v < maxID {
		v = 10*v + int(c.s[c.i]-'0')
		c.i++
	}
	if c.i == start || v >= maxID || strings.IndexByte(".eE", c.peek()) >= 0 {
		return 0, fmt.Errorf("expected an id, a whole number from 0 to %d", maxID-1)
	}
	return int32(v), nil
}

// float reads a number as serde_json does, the JSON reader of the Rust library: the digits as a whole number, then one
// multiplication or division by a power of ten. That rounds twice, so the last bit can differ from the nearest float,
// and the last bit decides between ways to cut "aaaa" that have the same score.
func (c *cursor) float() (float64, error) {
	c.next()
	start := c.i
	for c.i < len(c.s) && strings.IndexByte("+-0123456789.eE", c.s[c.i]) >= 0 {
		c.i++
	}
	text := c.s[start:c.i]
	nearest, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return 0, fmt.Errorf("expected a score, found %.20q", text)
	}
	mantissa, exponent, _ := strings.Cut(strings.ToLower(text), "e")
	whole, fraction, _ := strings.Cut(strings.TrimPrefix(mantissa, "-"), ".")
	digits, err := strconv.ParseUint(whole+fraction, 10, 64)
	power, _ := strconv.Atoi(exponent)
	power -= len(fraction)
	if err != nil || power < -300 || power > 300 {
		return nearest, nil
	}
	value := float64(digits)
	if power < 0 {
		value /= math.Pow10(-power)
	} else {
		value *= math.Pow10(power)
	}
	return math.Copysign(value, nearest), nil
}

func (c *cursor) peek() byte {
	if c.i < len(c.s) {
		return c.s[c.i]
	}
	return ','
}

// readVocab reads {"token": id, …}.
func readVocab(raw json.RawMessage) (map[string]int32, error) {
	c := &cursor{s: string(raw)}
	if err := c.enter('{'); err != nil {
		return nil, err
	}
	vocab := make(map[string]int32, strings.Count(c.s, `":`))
	for c.next() != '}' {
		name, err := c.string()
		if err != nil {
			return nil, err
		}
		id, err := c.id()
		if err != nil {
			return nil, fmt.Errorf("token %q: %w", name, err)
		}
		if _, twice := vocab[name]; twice {
			return nil, fmt.Errorf("token %q stands there twice", name)
		}
		vocab[name] = id
	}
	return vocab, nil
}

// readMerges reads ["a b", …] or [["a","b"], …] and calls visit for each pair, in order of rank.
func readMerges(raw json.RawMessage, visit func(rank int, left, right string) error) error {
	c := &cursor{s: string(raw)}
	if err := c.enter('['); err != nil {
		return err
	}
	for rank := 0; c.next() != ']'; rank++ {
		left, right, err := c.merge()
		if err == nil {
			err = visit(rank, left, right)
		}
		if err != nil {
			return fmt.Errorf("merge %d: %w", rank, err)
		}
	}
	return nil
}

func (c *cursor) merge() (left, right string, err error) {
	if c.next() != '[' {
		both, err := c.string()
		left, right, found := strings.Cut(both, " ")
		if err == nil && (!found || strings.Contains(right, " ")) {
			err = fmt.Errorf("expected two tokens with a space between them, found %q", both)
		}
		return left, right, err
	}
	c.i++
	if left, err = c.string(); err == nil {
		right, err = c.string()
	}
	if err == nil && c.next() != ']' {
		err = fmt.Errorf("expected a pair of tokens")
	}
	c.i++
	return left, right, err
}

// pairs is a hash table from a pair of ids to what it merges into. It is most of the work of an encoding, so it is
// open addressing on one array: a lookup touches one cache line.
type pairs struct {
	slots []pairSlot // a power of two, at most half full
	shift int
}

type pairSlot struct{ key, merge uint64 } // key: left id + 1 in the high half, right id in the low; 0: free

// noMerge is the answer for a pair that does not merge; it is larger than every merge.
const noMerge = ^uint64(0)

func newPairs(n int) pairs {
	size := bits.Len(uint(2*n + 1))
	return pairs{slots: make([]pairSlot, 1<<size), shift: 64 - size}
}

func pairKey(left, right int32) uint64 { return uint64(left+1)<<32 | uint64(right) }

// put stores a merge: its rank in the high half and the id of the result in the low, so that the lower merge is the
// earlier one. A pair that is listed twice keeps the later rank, as in the Rust library.
func (p *pairs) put(left, right int32, rank int, result int32) {
	key := pairKey(left, right)
	i := key * 0x9E3779B97F4A7C15 >> p.shift
	for p.slots[i].key != 0 && p.slots[i].key != key {
		i = (i + 1) & uint64(len(p.slots)-1)
	}
	p.slots[i] = pairSlot{key, uint64(rank)<<32 | uint64(result)}
}

func (p *pairs) get(left, right int32) uint64 {
	key := pairKey(left, right)
	for i := key * 0x9E3779B97F4A7C15 >> p.shift; ; i = (i + 1) & uint64(len(p.slots)-1) {
		switch p.slots[i].key {
		case key:
			return p.slots[i].merge
		case 0:
			return noMerge
		}
	}
}
