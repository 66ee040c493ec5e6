package jinja

import (
	"slices"
	"strings"
)

// expression parses a whole expression; precedence from loose to tight: if-else, or, and, not, comparisons and in,
// + -, ~, * / // %, **, unary + -, then . [] () and filters and tests, which bind tightest.
func (p *parser) expression() expr {
	defer p.nest()()
	known := len(p.unknown)
	e := p.or()
	for p.is(tokName, "if") {
		p.unknown = p.unknown[:known]
		line := p.next().line
		soft := p.soft
		p.soft = true
		test := p.or()
		c := &condExpr{line: line, test: test, yes: e}
		if p.accept(tokName, "else") {
			c.no = p.expression()
		}
		p.soft = soft
		e = c
	}
	return e
}

func (p *parser) or() expr {
	e := p.and()
	for p.accept(tokName, "or") {
		e = &orExpr{e, p.and()}
	}
	return e
}

func (p *parser) and() expr {
	e := p.not()
	for p.accept(tokName, "and") {
		e = &andExpr{e, p.not()}
	}
	return e
}

func (p *parser) not() expr {
	if p.is(tokName, "not") {
		defer p.nest()()
		p.next()
		return &notExpr{p.not()}
	}
	return p.comparison()
}

func (p *parser) comparison() expr {
	first := p.sum()
	c := &compareExpr{first: first}
	for {
		switch {
		case p.is(tokOp, "==", "!=", "<", "<=", ">", ">="):
			c.ops = append(c.ops, p.next().text)
		case p.accept(tokName, "in"):
			c.ops = append(c.ops, "in")
		case p.is(tokName, "not") && p.tokens[p.at+1].kind == tokName && p.tokens[p.at+1].text == "in":
			p.at += 2
			c.ops = append(c.ops, "not in")
		default:
			if len(c.ops) == 0 {
				return first
			}
			return c
		}
		c.rest = append(c.rest, p.sum())
	}
}

func (p *parser) sum() expr {
	e := p.tilde()
	for p.is(tokOp, "+", "-") {
		e = &binaryExpr{p.next().text, e, p.tilde()}
	}
	return e
}

func (p *parser) tilde() expr {
	first := p.product()
	if !p.is(tokOp, "~") {
		return first
	}
	c := concatExpr{first}
	for p.accept(tokOp, "~") {
		c = append(c, p.product())
	}
	return c
}

func (p *parser) product() expr {
	e := p.power()
	for p.is(tokOp, "*", "/", "//", "%") {
		e = &binaryExpr{p.next().text, e, p.power()}
	}
	return e
}

// power is left-associative in Jinja2, unlike in Python.
func (p *parser) power() expr {
	e := p.unary(true)
	for p.accept(tokOp, "**") {
		e = &binaryExpr{"**", e, p.unary(true)}
	}
	return e
}

func (p *parser) unary(filters bool) expr {
	var e expr
	if p.is(tokOp, "-", "+") {
		defer p.nest()()
		op := p.next().text
		e = &unaryExpr{op, p.unary(false)}
	} else {
		e = p.primary()
	}
	e = p.postfix(e)
	if filters {
		e = p.filters(e)
		for p.is(tokName, "is") || p.is(tokOp, "(") {
			if p.is(tokOp, "(") {
				e = p.callOf(e)
			} else {
				e = p.test(e)
			}
			e = p.filters(e)
		}
	}
	return e
}

func (p *parser) primary() expr {
	t := p.next()
	switch t.kind {
	case tokName:
		switch t.text {
		case "true", "True":
			return constExpr{true}
		case "false", "False":
			return constExpr{false}
		case "none", "None":
			return constExpr{nil}
		}
		return &nameExpr{t.text}
	case tokString:
		var b strings.Builder
		b.WriteString(t.text)
		for p.is(tokString) {
			b.WriteString(p.next().text)
		}
		return constExpr{b.String()}
	case tokInt:
		if n, ok := parseInt(t.text, 0); ok {
			return constExpr{n}
		}
		if n, ok := parseInt(t.text, 10); ok { // 007, which Python's tokenizer cuts apart
			return constExpr{n}
		}
		p.fail("'%s' is not a number", t.text)
	case tokFloat:
		f, _ := parseFloat(t.text)
		return constExpr{f}
	case tokOp:
		switch t.text {
		case "(":
			return p.parenthesis()
		case "[":
			l := &listExpr{}
			l.items = p.itemsUntil("]")
			return l
		case "{":
			return p.dict()
		}
	}
	p.at = max(p.at-1, 0)
	p.fail("unexpected '%s'", t.describe())
	return nil
}

func (p *parser) itemsUntil(end string) []expr {
	var items []expr
	for !p.accept(tokOp, end) {
		if len(items) > 0 {
			p.expect(tokOp, ",")
			if p.accept(tokOp, end) {
				break
			}
		}
		items = append(items, p.expression())
	}
	return items
}

func (p *parser) parenthesis() expr {
	if p.accept(tokOp, ")") {
		return &tupleExpr{}
	}
	e := p.expression()
	if !p.is(tokOp, ",") {
		p.expect(tokOp, ")")
		return e
	}
	p.next()
	return &tupleExpr{append([]expr{e}, p.itemsUntil(")")...)}
}

func (p *parser) dict() expr {
	d := &dictExpr{}
	for !p.accept(tokOp, "}") {
		if len(d.keys) > 0 {
			p.expect(tokOp, ",")
			if p.accept(tokOp, "}") {
				break
			}
		}
		d.keys = append(d.keys, p.expression())
		p.expect(tokOp, ":")
		d.values = append(d.values, p.expression())
	}
	return d
}

// tuple parses an expression, or several with commas between them, up to the end of the tag.
func (p *parser) tuple() expr { return p.commas(p.expression) }

// tupleUntil is tuple where "if" does not belong to the expression: in the heads of for and if.
func (p *parser) tupleUntil(stops ...string) expr {
	return p.commas(func() expr {
		defer p.nest()()
		return p.or()
	}, stops...)
}

func (p *parser) commas(one func() expr, stops ...string) expr {
	first := one()
	if !p.is(tokOp, ",") {
		return first
	}
	t := &tupleExpr{[]expr{first}}
	for p.accept(tokOp, ",") {
		if p.is(tokOutEnd) || p.is(tokBlockEnd) || len(stops) > 0 && p.is(tokName, stops...) {
			break
		}
		t.items = append(t.items, one())
	}
	return t
}

func (p *parser) postfix(e expr) expr {
	for {
		switch {
		case p.accept(tokOp, "."):
			t := p.next()
			switch t.kind {
			case tokName:
				e = &attrExpr{e, t.text}
			case tokInt:
				n, _ := parseInt(t.text, 10)
				e = &itemExpr{e, constExpr{n}}
			default:
				p.fail("expected name or number, got '%s'", t.describe())
			}
		case p.accept(tokOp, "["):
			e = &itemExpr{e, p.subscript()}
		case p.is(tokOp, "("):
			e = p.callOf(e)
		default:
			return e
		}
	}
}

// subscript parses what stands between [ and ]: an expression, a slice, or several with commas.
func (p *parser) subscript() expr {
	one := func() expr {
		s := &sliceExpr{}
		parts := []*expr{&s.start, &s.stop, &s.step}
		colons := 0
		for {
			if p.accept(tokOp, ":") {
				if colons++; colons > 2 {
					p.fail("a slice has at most two colons")
				}
				continue
			}
			if p.is(tokOp, "]", ",") || *parts[colons] != nil {
				break
			}
			*parts[colons] = p.expression()
		}
		if colons == 0 {
			if s.start == nil {
				p.fail("expected subscript expression")
			}
			return s.start
		}
		return s
	}
	first := one()
	if p.accept(tokOp, "]") {
		return first
	}
	t := &tupleExpr{[]expr{first}}
	for !p.accept(tokOp, "]") {
		p.expect(tokOp, ",")
		t.items = append(t.items, one())
	}
	return t
}

// arguments parses "(a, b=c, *d, **e)".
func (p *parser) arguments() (args []argument) {
	defer p.nest()()
	p.expect(tokOp, "(")
	for !p.accept(tokOp, ")") {
		if len(args) > 0 {
			p.expect(tokOp, ",")
			if p.accept(tokOp, ")") {
				break
			}
		}
		var a argument
		switch {
		case p.accept(tokOp, "*"):
			a.stars = 1
		case p.accept(tokOp, "**"):
			a.stars = 2
		case p.is(tokName) && p.tokens[p.at+1].kind == tokOp && p.tokens[p.at+1].text == "=":
			a.name = p.next().text
			p.next()
		}
		last := func(f func(argument) bool) bool { return slices.ContainsFunc(args, f) }
		named := func(b argument) bool { return b.name != "" || b.stars == 2 }
		if a.name == "" && a.stars == 0 && last(func(b argument) bool { return named(b) || b.stars > 0 }) ||
			a.stars == 1 && last(func(b argument) bool { return b.stars > 0 }) || a.stars == 2 && last(func(b argument) bool { return b.stars == 2 }) {
			p.fail("invalid syntax for function call expression")
		}
		a.value = p.expression()
		args = append(args, a)
	}
	return args
}

func (p *parser) callOf(fn expr) expr { return &callExpr{p.line(), fn, p.arguments()} }

// dotted parses a name that may have dots.
func (p *parser) dotted() string {
	name := p.name()
	for p.accept(tokOp, ".") {
		name += "." + p.name()
	}
	return name
}

// missing notes a filter or test that does not exist.
func (p *parser) missing(what, name string) {
	if !p.soft {
		p.unknown = append(p.unknown, &Error{Class: "TemplateAssertionError", Line: p.line(), Message: "No " + what + " named " + Repr(name) + "."})
	}
}

// filters parses "|a|b(c)…" applied to e; e is nil in {% filter a|b %} and {% set x|a %}, where the block's text takes its place.
func (p *parser) filters(e expr) expr {
	for first := true; p.accept(tokOp, "|") || e == nil && first && !p.is(tokOp, "|"); first = false {
		f := &filterExpr{line: p.line(), of: e, name: p.dotted()}
		if filters[f.name] == nil {
			p.missing("filter", f.name)
		}
		if p.is(tokOp, "(") {
			f.args = p.arguments()
		}
		e = f
	}
	return e
}

// test parses "is [not] name [argument]".
func (p *parser) test(e expr) expr {
	p.expect(tokName, "is")
	negated := p.accept(tokName, "not")
	t := &testExpr{line: p.line(), of: e, name: p.dotted()}
	if tests[t.name] == nil {
		p.missing("test", t.name)
	}
	switch {
	case p.is(tokOp, "("):
		t.args = p.arguments()
	case p.is(tokName, "is"):
		p.fail("You cannot chain multiple tests with is")
	case p.is(tokString), p.is(tokInt), p.is(tokFloat), p.is(tokOp, "[", "{"), p.is(tokName) && !p.is(tokName, "else", "or", "and", "if", "in", "not"):
		t.args = []argument{{value: p.postfix(p.primary())}}
	}
	if negated {
		return &notExpr{t}
	}
	return t
}
