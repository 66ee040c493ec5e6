package jinja

import (
	"fmt"
	"strings"
)

// Limits bounds what one rendering may use; beyond them it fails with class "LimitError".
type Limits struct {
	Steps int // evaluated nodes and iterated items
	Bytes int // text and list items built, in bytes, all together, garbage included
	Depth int // nesting of calls, expressions and values
}

// DefaultLimits leave a chat of a few hundred long messages far below them, and stop a hostile template in about a second.
var DefaultLimits = Limits{Steps: 5_000_000, Bytes: 256 << 20, Depth: 1200}

// maxSource bounds the text of a template, in bytes; the longest known chat templates have 20 kB.
const maxSource = 4 << 20

// Template is a parsed template; it is never written to, so goroutines may share it.
type Template struct {
	body   []statement
	blocks map[string]*blockStatement
	Limits Limits
}

// Span is a half-open range of bytes [Start, End) of rendered text.
type Span struct{ Start, End int }

// Error is a Python exception: Class is its name ("UndefinedError"), Message its text, Line the template's line (from 1; 0: unknown).
// Class "TemplateError" is what raise_exception raises.
type Error struct {
	Class, Message string
	Line           int
}

func (e *Error) Error() string {
	if e.Line == 0 {
		return e.Python()
	}
	return fmt.Sprintf("template line %d: %s", e.Line, e.Python())
}

// Python is the error as Python prints it: "UndefinedError: 'x' is undefined".
func (e *Error) Python() string { return e.Class + ": " + e.Message }

// Raised tells whether the template itself refused its input, with raise_exception.
func (e *Error) Raised() bool { return e.Class == "TemplateError" }

// raise ends the rendering or the parsing with a Python exception; catch turns it into an error.
func raise(class, format string, args ...any) {
	panic(&Error{Class: class, Message: fmt.Sprintf(format, args...)})
}

// catch stores a raised *Error in err; other panics are faults of this package and go on.
func catch(err *error, line func() int) {
	switch p := recover().(type) {
	case nil:
	case *Error:
		if p.Line == 0 {
			p.Line = line()
		}
		*err = p
	default:
		panic(p)
	}
}

// Parse reads the text of a template. The error is an *Error of class "TemplateSyntaxError" or "TemplateAssertionError".
func Parse(text string) (t *Template, err error) {
	if len(text) > maxSource {
		return nil, &Error{Class: "LimitError", Message: fmt.Sprintf("the template has %d bytes, at most %d are read", len(text), maxSource)}
	}
	p := &parser{}
	defer catch(&err, func() int { return p.line() })
	p.tokens = lex(text)
	t = &Template{Limits: DefaultLimits, blocks: map[string]*blockStatement{}}
	p.blocks = t.blocks
	t.body = p.statements()
	if len(p.unknown) > 0 {
		panic(p.unknown[0])
	}
	return t, nil
}

// Render executes the template with the given variables; vars may be nil.
func (t *Template) Render(vars *Dict) (string, error) {
	st, err := t.run(vars)
	if err != nil {
		return "", err
	}
	return st.out.String(), nil
}

// RenderSpans renders and returns where the text of the generation blocks lies, in order: the assistant's own words.
// A generation block inside a macro, call, filter or set block has no place of its own in the output and is an error.
func (t *Template) RenderSpans(vars *Dict) (string, []Span, error) {
	st, err := t.run(vars)
	if err != nil {
		return "", nil, err
	}
	if st.lostSpan > 0 {
		return "", nil, &Error{Class: "TemplateRuntimeError", Line: st.lostSpan,
			Message: "generation block inside a macro or a captured block: its place in the output is unknown"}
	}
	return st.out.String(), st.spans, nil
}

func (t *Template) run(vars *Dict) (st *state, err error) {
	st = &state{template: t, left: t.Limits, out: &strings.Builder{}}
	st.root = st.out
	defer catch(&err, func() int { return st.line })
	top := newScope(nil)
	if vars != nil {
		for _, e := range vars.entries {
			if name, ok := e.key.(string); ok {
				top.set(name, e.value)
			}
		}
	}
	st.top = top
	run(st, top, t.body)
	return st, nil
}

// state is one rendering.
type state struct {
	template *Template
	left     Limits
	line     int
	depth    int
	top      *scope
	out      *strings.Builder // where text goes now: root, or the capture of a macro or block
	root     *strings.Builder
	spans    []Span
	lostSpan int // line of a generation block that was captured
}

// step pays for one evaluated node or iterated item.
func (st *state) step() {
	if st.left.Steps--; st.left.Steps < 0 {
		raise("LimitError", "the template took more than %d steps", st.template.Limits.Steps)
	}
}

// grow pays for n bytes before they are built.
func (st *state) grow(n int) {
	if n < 0 || n > st.left.Bytes {
		raise("LimitError", "the template built more than %d bytes of text and lists", st.template.Limits.Bytes)
	}
	st.left.Bytes -= n
}

// enter goes one level down; leave comes back. Python's own limit has the same effect at a similar depth.
func (st *state) enter() {
	if st.depth++; st.depth > st.left.Depth {
		raise("RecursionError", "maximum recursion depth exceeded")
	}
}

func (st *state) leave() { st.depth-- }

func (st *state) write(s string) {
	st.grow(len(s))
	st.out.WriteString(s)
}

// capture returns the text that f writes.
func (st *state) capture(f func()) string {
	outer := st.out
	st.out = &strings.Builder{}
	f()
	text := st.out.String()
	st.out = outer
	return text
}

// scope holds the variables of a block; a block sees those around it and sets only its own.
type scope struct {
	vars   []binding // few: a search beats a map
	parent *scope
}

type binding struct {
	name  string
	value Value
}

func newScope(parent *scope) *scope { return &scope{parent: parent} }

func (s *scope) set(name string, v Value) {
	for i := range s.vars {
		if s.vars[i].name == name {
			s.vars[i].value = v
			return
		}
	}
	s.vars = append(s.vars, binding{name, v})
}

// get finds a variable, then a global function, else an Undefined that knows its name.
func (s *scope) get(name string) Value {
	for ; s != nil; s = s.parent {
		for i := range s.vars {
			if s.vars[i].name == name {
				return s.vars[i].value
			}
		}
	}
	if v, ok := globals[name]; ok {
		return v
	}
	return &Undefined{name: name, unbound: true}
}
