package gguf

import (
	"encoding/binary"
	"fmt"
	"unicode/utf8"
)

// Limits of the format, and the least bytes that an entry of each table takes: a count beyond what the file could hold
// is an error before anything is allocated.
const (
	maxName   = 65535
	maxDims   = 4
	minKey    = 8 + 4 + 1
	minTensor = 8 + 4 + 4 + 8
)

// cursor reads a file from front to back. The first error stays; after it everything reads as zero.
type cursor struct {
	file string
	data []byte
	at   int
	err  error
}

func (c *cursor) errorf(at int, format string, args ...any) error {
	return fmt.Errorf("%s: byte %d: %s", c.file, at, fmt.Sprintf(format, args...))
}

// take returns the next n bytes.
func (c *cursor) take(what string, n int) []byte {
	if c.err == nil && n > len(c.data)-c.at {
		c.err = c.errorf(c.at, "truncated: %s takes %d bytes, %d follow", what, n, len(c.data)-c.at)
	}
	if c.err != nil {
		return nil
	}
	c.at += n
	return c.data[c.at-n : c.at : c.at]
}

func (c *cursor) u32(what string) uint32 {
	if b := c.take(what, 4); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

// size reads a u64 that must fit an int.
func (c *cursor) size(what string) int {
	b := c.take(what, 8)
	if b == nil {
		return 0
	}
	n := binary.LittleEndian.Uint64(b)
	if n > 1<<48 {
		c.err = c.errorf(c.at-8, "%s is %d: the file is damaged", what, n)
		return 0
	}
	return int(n)
}

// count reads a u64, the number of entries of at least least bytes each.
func (c *cursor) count(what string, least int) int {
	at := c.at
	n := c.size(what)
	if room := len(c.data) - c.at; c.err == nil && n > room/least {
		c.err = c.errorf(at, "truncated: %s is %d, the %d bytes that follow cannot hold so many", what, n, room)
	}
	if c.err != nil {
		return 0
	}
	return n
}

// text reads a text of at most most bytes.
func (c *cursor) text(what string, most int) string {
	at := c.at
	n := c.size("length of " + what)
	if c.err == nil && n > most {
		c.err = c.errorf(at, "%s: expected at most %d bytes, found %d", what, most, n)
	}
	b := c.take(what, n)
	if c.err == nil && !utf8.Valid(b) {
		c.err = c.errorf(at, "%s: expected UTF-8, found %q", what, b[:min(len(b), 40)])
	}
	return string(b)
}
