package jinja

import (
	"slices"
	"strings"
)

// parser turns tokens into nodes by recursive descent: statements here, expressions in expressions.go.
type parser struct {
	tokens  []token
	at      int
	depth   int
	loops   int  // for statements around this place, within the same macro or block
	soft    bool // directly under an if: an unknown filter is an error only when it is reached, as in Jinja2
	blocks  map[string]*blockStatement
	unknown []*Error // filters and tests that do not exist
}

// maxNesting bounds brackets, unary operators and statements inside each other.
const maxNesting = 150

func (p *parser) peek() token { return p.tokens[p.at] }

func (p *parser) line() int {
	if p.at < len(p.tokens) {
		return p.tokens[p.at].line
	}
	return 0
}

func (p *parser) next() token {
	t := p.tokens[p.at]
	if t.kind != tokEOF {
		p.at++
	}
	return t
}

func (p *parser) fail(format string, args ...any) { panic(syntaxError(p.line(), format, args...)) }

// nest goes a level down and returns the way up.
func (p *parser) nest() func() {
	if p.depth++; p.depth > maxNesting {
		p.fail("nested deeper than %d", maxNesting)
	}
	return func() { p.depth-- }
}

func (p *parser) is(k kind, texts ...string) bool {
	t := p.peek()
	return t.kind == k && (len(texts) == 0 || slices.Contains(texts, t.text))
}

func (p *parser) accept(k kind, text string) bool {
	if p.is(k, text) {
		p.at++
		return true
	}
	return false
}

func (p *parser) expect(k kind, text string) token {
	if !p.is(k, text) {
		p.fail("expected token '%s', got '%s'", text, p.peek().describe())
	}
	return p.next()
}

func (p *parser) name() string {
	if !p.is(tokName) {
		p.fail("expected token 'name', got '%s'", p.peek().describe())
	}
	return p.next().text
}

// statements parses text and tags up to a tag named in ends, whose name is the next token then, or the end of the template without ends.
func (p *parser) statements(ends ...string) []statement {
	defer p.nest()()
	var body []statement
	for {
		t := p.next()
		switch t.kind {
		case tokData:
			body = append(body, &textStatement{t.text})
		case tokOutput:
			body = append(body, &outputStatement{t.line, p.tuple()})
			p.expect(tokOutEnd, "}}")
		case tokBlock:
			if p.is(tokName, ends...) && len(ends) > 0 {
				return body
			}
			body = append(body, p.statement())
		case tokEOF:
			if len(ends) > 0 {
				p.fail("the template ends where {%% %s %%} is missing", strings.Join(ends, " %} or {% "))
			}
			return body
		}
	}
}

// body parses the end of an opening tag and what follows, up to and with the closing tag's name and end.
func (p *parser) body(end string) []statement {
	p.expect(tokBlockEnd, "%}")
	body := p.statements(end)
	p.next()
	return body
}

// closed parses a body and the end of its closing tag.
func (p *parser) closed(end string) []statement {
	body := p.body(end)
	p.expect(tokBlockEnd, "%}")
	return body
}

// hard parses with f as Jinja2 compiles the inside of a loop, macro or block.
func (p *parser) hard(f func()) {
	defer func(soft bool) { p.soft = soft }(p.soft)
	p.soft = false
	f()
}

func (p *parser) statement() (s statement) {
	line := p.line()
	tag := p.name()
	switch tag {
	case "for":
		p.hard(func() { s = p.forLoop(line) })
		return s
	case "if":
		return p.ifElse(line)
	case "set":
		return p.set(line)
	case "macro":
		p.hard(func() { s = p.macro(line) })
		return s
	case "call":
		p.hard(func() { s = p.call(line) })
		return s
	case "with":
		p.hard(func() { s = p.with(line) })
		return s
	case "filter":
		p.hard(func() {
			chain := p.filters(nil)
			s = &filterStatement{line, chain, p.closed("endfilter")}
		})
		return s
	case "generation":
		p.hard(func() { s = &generationStatement{line, p.closed("endgeneration")} })
		return s
	case "block":
		p.hard(func() { s = p.block(line) })
		return s
	case "autoescape":
		p.fail("the tag 'autoescape' is not supported: text of a prompt is never escaped")
	case "print":
		s = &outputStatement{line, p.tuple()}
	case "break", "continue":
		if p.loops == 0 {
			p.fail("'%s' outside of a loop", tag)
		}
		s = &jumpStatement{map[string]jump{"break": jumpBreak, "continue": jumpContinue}[tag]}
	case "include", "import", "from", "extends":
		// A template that only has such a tag in a branch it does not take is good; taking it is the error.
		for !p.is(tokBlockEnd) && !p.is(tokEOF) {
			p.next()
		}
		s = &refusedStatement{line}
	default:
		p.fail("unknown tag '%s'", tag)
	}
	p.expect(tokBlockEnd, "%}")
	return s
}

func (p *parser) forLoop(line int) statement {
	f := &forStatement{line: line, target: p.target("in", false)}
	if !p.accept(tokName, "in") {
		p.fail("expected token 'in', got '%s'", p.peek().describe())
	}
	f.over = p.tupleUntil("recursive")
	if p.accept(tokName, "if") {
		f.test = p.expression()
	}
	f.recursive = p.accept(tokName, "recursive")
	p.expect(tokBlockEnd, "%}")
	p.loops++
	f.body = p.statements("endfor", "else")
	p.loops--
	if p.next().text == "else" {
		p.expect(tokBlockEnd, "%}")
		f.otherwise = p.statements("endfor")
		p.next()
	}
	p.expect(tokBlockEnd, "%}")
	return f
}

func (p *parser) ifElse(line int) statement {
	defer func(soft bool) { p.soft = soft }(p.soft)
	p.soft = true
	s := &ifStatement{}
	for {
		test := p.tupleUntil()
		p.expect(tokBlockEnd, "%}")
		s.branches = append(s.branches, branch{line, test, p.statements("elif", "else", "endif")})
		line = p.line()
		switch p.next().text {
		case "elif":
			continue
		case "else":
			p.expect(tokBlockEnd, "%}")
			s.otherwise = p.statements("endif")
			p.next()
		}
		p.expect(tokBlockEnd, "%}")
		return s
	}
}

func (p *parser) set(line int) statement {
	target := p.target("", true)
	if p.accept(tokOp, "=") {
		s := &setStatement{line, target, p.tuple()}
		p.expect(tokBlockEnd, "%}")
		return s
	}
	s := &setBlockStatement{line: line, target: target}
	if p.is(tokOp, "|") {
		s.filters = p.filters(nil)
	}
	p.hard(func() { s.body = p.closed("endset") })
	return s
}

// target parses what can be assigned to: a name, ns.name, or names in a tuple.
func (p *parser) target(end string, attributes bool) target {
	one := func() target {
		if p.accept(tokOp, "(") {
			defer p.nest()()
			t := p.target("", false)
			p.expect(tokOp, ")")
			return t
		}
		name := p.name()
		if slices.Contains([]string{"true", "True", "false", "False", "none", "None"}, name) {
			p.fail("can't assign to '%s'", name)
		}
		if attributes && p.accept(tokOp, ".") {
			return attributeTarget{name, p.name()}
		}
		return nameTarget(name)
	}
	first := one()
	if !p.is(tokOp, ",") {
		return first
	}
	list := tupleTarget{first}
	for p.accept(tokOp, ",") {
		if p.is(tokName, "in") && end == "in" || p.is(tokOp, "=", ")") || p.is(tokBlockEnd) {
			break
		}
		list = append(list, one())
	}
	return list
}

func (p *parser) macro(line int) statement {
	m := &macroStatement{line: line, name: p.name()}
	p.signature(m)
	p.macroBody(m, "endmacro")
	return m
}

func (p *parser) macroBody(m *macroStatement, end string) {
	defer func(n int) { p.loops = n }(p.loops)
	p.loops = 0
	start := p.at
	m.body = p.closed(end)
	for _, t := range p.tokens[start:p.at] {
		if t.kind == tokName {
			m.varargs = m.varargs || t.text == "varargs"
			m.kwargs = m.kwargs || t.text == "kwargs"
			m.calls = m.calls || t.text == "caller"
		}
	}
}

func (p *parser) signature(m *macroStatement) {
	p.expect(tokOp, "(")
	for !p.accept(tokOp, ")") {
		if len(m.params) > 0 {
			p.expect(tokOp, ",")
		}
		m.params = append(m.params, p.name())
		if p.accept(tokOp, "=") {
			m.defaults = append(m.defaults, p.expression())
		} else if len(m.defaults) > 0 {
			p.fail("the parameter '%s' without a default follows one with a default", m.params[len(m.params)-1])
		}
	}
}

func (p *parser) call(line int) statement {
	m := &macroStatement{line: line, name: "caller"}
	if p.is(tokOp, "(") {
		p.signature(m)
	}
	call, ok := p.expression().(*callExpr)
	if !ok {
		p.fail("a call is expected behind {%% call")
	}
	p.macroBody(m, "endcall")
	return &callStatement{line, call, m}
}

func (p *parser) with(line int) statement {
	w := &withStatement{line: line}
	for !p.is(tokBlockEnd) {
		if len(w.targets) > 0 {
			p.expect(tokOp, ",")
		}
		w.targets = append(w.targets, p.target("", false))
		p.expect(tokOp, "=")
		w.values = append(w.values, p.expression())
	}
	w.body = p.closed("endwith")
	return w
}

func (p *parser) block(line int) statement {
	b := &blockStatement{line: line, name: p.name()}
	b.scoped = p.accept(tokName, "scoped")
	p.accept(tokName, "required")
	defer func(n int) { p.loops = n }(p.loops)
	p.loops = 0
	b.body = p.body("endblock")
	p.accept(tokName, b.name)
	p.expect(tokBlockEnd, "%}")
	if p.blocks[b.name] != nil {
		panic(&Error{Class: "TemplateAssertionError", Line: line, Message: "block '" + b.name + "' defined twice"})
	}
	p.blocks[b.name] = b
	return b
}
