package rules

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"croco/internal/nearest"
)

// parameters reads the keys of one rule. It keeps the first error and the keys that were asked for; finish refuses the
// others.
type parameters struct {
	given map[string]any
	known map[string]bool
	err   error
}

func (p *parameters) get(key string) (any, bool) {
	p.known[key] = true
	v, ok := p.given[key]
	return v, ok
}

func (p *parameters) fail(format string, args ...any) {
	if p.err == nil {
		p.err = fmt.Errorf(format, args...)
	}
}

// finish returns the first error, an unknown key included.
func (p *parameters) finish() error {
	for _, key := range slices.Sorted(maps.Keys(p.given)) {
		if !p.known[key] {
			known := slices.Sorted(maps.Keys(p.known))
			p.fail("unknown key %q, the nearest is %q; there are %v", key, nearest.Of(key, known), known)
		}
	}
	return p.err
}

func (p *parameters) text(key, otherwise string) string {
	v, ok := p.get(key)
	if !ok {
		return otherwise
	}
	s, ok := v.(string)
	if !ok {
		p.fail("%s: expected a text, found %v (%T)", key, v, v)
	}
	return s
}

// required is a text that must be there and not be empty.
func (p *parameters) required(key string) string {
	s := p.text(key, "")
	if s == "" {
		p.fail("%s is missing, expected a text", key)
	}
	return s
}

func (p *parameters) texts(key string) []string {
	v, ok := p.get(key)
	if !ok {
		return nil
	}
	list, ok := v.([]any)
	if !ok || len(list) == 0 {
		p.fail("%s: expected a list of texts, found %v (%T)", key, v, v)
		return nil
	}
	var out []string
	for _, x := range list {
		s, ok := x.(string)
		if !ok || s == "" {
			p.fail("%s: expected a list of texts, found %v (%T) in it", key, x, x)
		}
		out = append(out, s)
	}
	return out
}

func (p *parameters) boolean(key string, otherwise bool) bool {
	v, ok := p.get(key)
	if !ok {
		return otherwise
	}
	b, ok := v.(bool)
	if !ok {
		p.fail("%s: expected true or false, found %v (%T)", key, v, v)
	}
	return b
}

func (p *parameters) number(key string, otherwise float64) float64 {
	v, ok := p.get(key)
	if !ok {
		return otherwise
	}
	var x float64
	switch n := v.(type) {
	case float64:
		x = n
	case int:
		x = float64(n)
	case int64:
		x = float64(n)
	case uint64:
		x = float64(n)
	default:
		p.fail("%s: expected a number, found %v (%T)", key, v, v)
	}
	if math.IsNaN(x) || math.IsInf(x, 0) {
		p.fail("%s: expected a finite number, found %v", key, v)
	}
	return x
}

// within is a number that must lie in [lo, hi].
func (p *parameters) within(key string, otherwise, lo, hi float64) float64 {
	x := p.number(key, otherwise)
	if x < lo || x > hi {
		p.fail("%s: expected a number from %v to %v, found %v", key, lo, hi, x)
	}
	return x
}

// count is a whole number from 1 on; without a default (0) it must be there.
func (p *parameters) count(key string, otherwise int) int {
	if _, ok := p.get(key); !ok {
		if otherwise == 0 {
			p.fail("%s is missing, expected a whole number", key)
		}
		return otherwise
	}
	x := p.number(key, 0)
	if x != math.Trunc(x) || x < 1 || x > 1e9 {
		p.fail("%s: expected a whole number from 1 on, found %v", key, p.given[key])
	}
	return int(x)
}

func (p *parameters) choice(key string, choices ...string) string {
	s := p.text(key, choices[0])
	if !slices.Contains(choices, s) {
		p.fail("%s: unknown %q, expected one of %s", key, s, strings.Join(choices, ", "))
	}
	return s
}
