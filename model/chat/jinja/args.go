package jinja

import (
	"fmt"
	"strings"
)

// Args are the arguments of a call.
type Args struct {
	Pos []Value
	Kw  []Keyword
}

// Keyword is one argument given by name.
type Keyword struct {
	Name  string
	Value Value
}

// params are arguments in the order of their parameters; absent marks those not given.
type params struct {
	fn     string
	names  []string
	values []Value
}

type absent struct{}

// bind matches arguments with parameter names; a name that ends in "?" may be left out.
func (a Args) bind(fn string, names ...string) params {
	p := params{fn, names, make([]Value, len(names))}
	if len(a.Pos) > len(names) {
		raise("TypeError", "%s() takes at most %d arguments (%d given)", fn, len(names), len(a.Pos))
	}
	for i := range p.values {
		p.values[i] = absent{}
		if i < len(a.Pos) {
			p.values[i] = a.Pos[i]
		}
	}
	for _, kw := range a.Kw {
		i := 0
		for i < len(names) && strings.TrimSuffix(names[i], "?") != kw.Name {
			i++
		}
		if i == len(names) {
			raise("TypeError", "%s() got an unexpected keyword argument '%s'", fn, kw.Name)
		}
		if p.has(i) {
			raise("TypeError", "%s() got multiple values for argument '%s'", fn, kw.Name)
		}
		p.values[i] = kw.Value
	}
	for i, name := range names {
		if !p.has(i) && !strings.HasSuffix(name, "?") {
			raise("TypeError", "%s() missing 1 required positional argument: '%s'", fn, name)
		}
	}
	return p
}

func (p params) has(i int) bool {
	_, missing := p.values[i].(absent)
	return !missing
}

// or is argument i, or def where it was not given.
func (p params) or(i int, def Value) Value {
	if p.has(i) {
		return p.values[i]
	}
	return def
}

func (p params) int(i, def int) int {
	if !p.has(i) {
		return def
	}
	n, ok := toInt(p.values[i])
	if !ok {
		p.wrong(i, "an integer")
	}
	return n
}

func (p params) str(i int, def string) string {
	if !p.has(i) {
		return def
	}
	s, ok := text(p.values[i])
	if !ok {
		p.wrong(i, "str")
	}
	return s
}

func (p params) wrong(i int, want string) {
	if u, ok := p.values[i].(*Undefined); ok && u.class != "" {
		u.fail()
	}
	raise("TypeError", "%s() argument '%s' must be %s, not %s", p.fn, strings.TrimSuffix(p.names[i], "?"), want, typeName(p.values[i]))
}

// takeKeyword removes a named argument.
func (a *Args) takeKeyword(name string) (Value, bool) {
	for i, kw := range a.Kw {
		if kw.Name == name {
			a.Kw = append(a.Kw[:i:i], a.Kw[i+1:]...)
			return kw.Value, true
		}
	}
	return nil, false
}

func syntaxError(line int, format string, args ...any) *Error {
	return &Error{Class: "TemplateSyntaxError", Message: fmt.Sprintf(format, args...), Line: line}
}
