package python

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// ErrDepth is Python's RecursionError: it is no ValueError, so scripts that skip bad lines still stop at it.
var ErrDepth = errors.New("nested too deeply")

// ErrDigits is CPython's refusal of long integers: a ValueError, but not the one that the json module raises.
var ErrDigits = fmt.Errorf("integer of more than %d digits", maxDigits)

const (
	maxDepth  = 993  // lists and objects inside each other that the scanner bears in a script's reading function
	maxDigits = 4300 // longest integer that CPython converts
)

// Loads is json.loads(text) of a text that is valid UTF-8. It takes NaN, Infinity and −Infinity, unpaired surrogate
// escapes and integers of up to 4300 digits, and lets the last of equal keys win; it refuses a byte-order mark, control
// characters in strings and anything after the value. The error says at which byte.
func Loads(text string) (any, error) {
	s := scanner{text: text}
	s.space()
	v, err := s.value(0)
	if err != nil {
		return nil, err
	}
	if s.space(); s.at < len(s.text) {
		return nil, s.errorf("expected the end of the text")
	}
	return v, nil
}

type scanner struct {
	text string
	at   int
}

func (s *scanner) errorf(format string, args ...any) error {
	return fmt.Errorf("byte %d: %s", s.at+1, fmt.Sprintf(format, args...))
}

// space skips JSON's white space, which is less than Python's.
func (s *scanner) space() {
	for s.at < len(s.text) && strings.IndexByte(" \t\n\r", s.text[s.at]) >= 0 {
		s.at++
	}
}

// take moves past a literal if it stands here.
func (s *scanner) take(literal string) bool {
	if !strings.HasPrefix(s.text[s.at:], literal) {
		return false
	}
	s.at += len(literal)
	return true
}

func (s *scanner) value(depth int) (any, error) {
	switch {
	case s.take(`"`):
		return s.str()
	case depth == maxDepth && strings.HasPrefix(s.text[s.at:], "{"), depth == maxDepth && strings.HasPrefix(s.text[s.at:], "["):
		return nil, ErrDepth
	case s.take("{"):
		return s.object(depth)
	case s.take("["):
		return s.list(depth)
	case s.take("null"):
		return nil, nil
	case s.take("true"):
		return true, nil
	case s.take("false"):
		return false, nil
	case s.take("NaN"):
		return math.NaN(), nil
	case s.take("Infinity"):
		return math.Inf(1), nil
	case s.take("-Infinity"):
		return math.Inf(-1), nil
	}
	return s.number()
}

func (s *scanner) object(depth int) (any, error) {
	o := &Object{}
	if s.space(); s.take("}") {
		return o, nil
	}
	for {
		if s.space(); !s.take(`"`) {
			return nil, s.errorf("expected a key in double quotes")
		}
		key, err := s.str()
		if err != nil {
			return nil, err
		}
		if s.space(); !s.take(":") {
			return nil, s.errorf("expected a colon after key %.40q", key)
		}
		s.space()
		v, err := s.value(depth + 1)
		if err != nil {
			return nil, err
		}
		o.set(key, v)
		switch s.space(); {
		case s.take("}"):
			return o, nil
		case !s.take(","):
			return nil, s.errorf("expected a comma or } in an object")
		}
	}
}

func (s *scanner) list(depth int) (any, error) {
	list := []any{}
	if s.space(); s.take("]") {
		return list, nil
	}
	for {
		s.space()
		v, err := s.value(depth + 1)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
		switch s.space(); {
		case s.take("]"):
			return list, nil
		case !s.take(","):
			return nil, s.errorf("expected a comma or ] in a list")
		}
	}
}

// number reads the longest number that stands here: 01 is a 0 with something behind it, and so is 1. with its point.
func (s *scanner) number() (any, error) {
	rest := s.text[s.at:]
	i := 0
	digits := func() int {
		from := i
		for i < len(rest) && digit(rest[i]) {
			i++
		}
		return i - from
	}
	if i < len(rest) && rest[i] == '-' {
		i++
	}
	if i < len(rest) && rest[i] == '0' {
		i++
	} else if digits() == 0 {
		return nil, s.errorf("expected a value")
	}
	whole := i
	if i < len(rest) && rest[i] == '.' {
		if i++; digits() == 0 {
			i = whole
		}
	}
	mantissa := i
	if i < len(rest) && (rest[i] == 'e' || rest[i] == 'E') {
		if i++; i < len(rest) && (rest[i] == '+' || rest[i] == '-') {
			i++
		}
		if digits() == 0 {
			i = mantissa
		}
	}
	s.at += i
	if i > whole {
		x, _ := strconv.ParseFloat(rest[:i], 64) // out of range is ±Inf or 0, as in Python
		return x, nil
	}
	if rest[:i] == "-0" {
		return Int("0"), nil
	}
	if len(strings.TrimPrefix(rest[:i], "-")) > maxDigits {
		return nil, ErrDigits
	}
	return Int(rest[:i]), nil
}

// str reads a string behind its opening quote.
func (s *scanner) str() (string, error) {
	var b []byte
	for {
		if s.at >= len(s.text) {
			return "", s.errorf("the string does not end")
		}
		c := s.text[s.at]
		switch {
		case c == '"':
			s.at++
			return string(b), nil
		case c < 0x20:
			return "", s.errorf("control character U+%04X in a string", c)
		case c != '\\':
			b = append(b, c)
			s.at++
			continue
		}
		s.at++
		if s.at < len(s.text) {
			if i := strings.IndexByte(`"\/bfnrt`, s.text[s.at]); i >= 0 {
				b = append(b, "\"\\/\b\f\n\r\t"[i])
				s.at++
				continue
			}
		}
		r, ok := s.escape()
		if !ok {
			return "", s.errorf("unknown escape in a string")
		}
		if low, paired := s.lowHalf(r); paired {
			r = utf16.DecodeRune(r, low)
		}
		if utf16.IsSurrogate(r) {
			b = appendSurrogate(b, r)
		} else {
			b = utf8.AppendRune(b, r)
		}
	}
}

// escape reads uXXXX.
func (s *scanner) escape() (rune, bool) {
	if s.at+5 > len(s.text) || s.text[s.at] != 'u' {
		return 0, false
	}
	var r rune
	for _, c := range []byte(s.text[s.at+1 : s.at+5]) {
		d := strings.IndexByte("0123456789abcdef", c|0x20)
		if digit(c) {
			d = int(c - '0')
		}
		if d < 0 || c < '0' {
			return 0, false
		}
		r = r<<4 | rune(d)
	}
	s.at += 5
	return r, true
}

// lowHalf reads a \uDC00 … \uDFFF behind a \uD800 … \uDBFF; anything else stays where it is.
func (s *scanner) lowHalf(high rune) (rune, bool) {
	if high < 0xd800 || high > 0xdbff || !strings.HasPrefix(s.text[s.at:], `\u`) {
		return 0, false
	}
	back := s.at
	s.at++
	if low, ok := s.escape(); ok && 0xdc00 <= low && low <= 0xdfff {
		return low, true
	}
	s.at = back
	return 0, false
}
