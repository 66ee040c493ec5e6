package dpo

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Formula is a loss that a user wrote, as a tree. It is arithmetic and nothing else:
//
//	sum     = product { ("+" | "-") product }
//	product = sign { ("*" | "/") sign }
//	sign    = ("-" | "+") sign | power
//	power   = atom [ ("^" | "**") sign ]
//	atom    = number | name | function "(" sum { "," sum } ")" | "(" sum ")"
//
// The names and functions are listed by FormulaNames and FormulaFunctions.
type Formula struct {
	text  string
	root  *term
	reads reads
}

// term is a node of the tree.
type term struct {
	at   int    // byte of the text at which it begins; of an operation, its sign
	op   string // "number", "name", one of + - * / ^, "neg", or a function's name
	k    float64
	name string
	args []*term
}

// FormulaError is a fault of a formula and its place.
type FormulaError struct {
	Text string
	At   int // byte of Text
	What string
}

// Error shows the line with a caret below the fault.
func (e *FormulaError) Error() string {
	from := strings.LastIndexByte(e.Text[:e.At], '\n') + 1
	line, _, _ := strings.Cut(e.Text[from:], "\n")
	column := utf8.RuneCountInString(e.Text[from:e.At])
	return fmt.Sprintf("loss_formula: character %d: %s\n    %s\n    %s^", utf8.RuneCountInString(e.Text[:e.At])+1, e.What,
		strings.ReplaceAll(line, "\t", " "), strings.Repeat(" ", column))
}

const (
	maxFormula = 4096 // bytes
	maxNesting = 100
)

// ParseFormula reads a formula; its error is a *FormulaError.
func ParseFormula(text string) (f *Formula, err error) {
	p := &formulaParser{text: text}
	defer func() { f, err = caught(recover(), f) }()
	if len(text) > maxFormula {
		p.fail(maxFormula, "a formula has at most %d bytes", maxFormula)
	}
	if at := strings.IndexFunc(text, func(r rune) bool { return r == utf8.RuneError }); at >= 0 {
		p.fail(at, "the text is not UTF-8")
	}
	f = &Formula{text: text, root: p.sum()}
	if p.skip(); p.at < len(text) {
		p.fail(p.at, "expected an operator or the end, found %s", p.here())
	}
	if !p.learns {
		p.fail(0, "nothing to learn: a loss reads c, r, logp_c or logp_r")
	}
	f.reads = p.reads
	return f, nil
}

// caught turns the panic that unwinds a parser into an error.
func caught(panicked any, f *Formula) (*Formula, error) {
	switch fault := panicked.(type) {
	case nil:
		return f, nil
	case *FormulaError:
		return nil, fault
	}
	panic(panicked)
}

// formulaParser descends the grammar; a fault unwinds it as a panic with a *FormulaError.
type formulaParser struct {
	text   string
	at     int
	depth  int
	reads  reads
	learns bool
}

func (p *formulaParser) fail(at int, format string, args ...any) {
	panic(&FormulaError{p.text, at, fmt.Sprintf(format, args...)})
}

func (p *formulaParser) skip() {
	for p.at < len(p.text) && strings.IndexByte(" \t\r\n", p.text[p.at]) >= 0 {
		p.at++
	}
}

// here names what stands at the current place.
func (p *formulaParser) here() string {
	if p.at >= len(p.text) {
		return "the end"
	}
	r, _ := utf8.DecodeRuneInString(p.text[p.at:])
	return strconv.Quote(string(r))
}

// accept takes the first of the signs that stands here, "" if none does.
func (p *formulaParser) accept(signs ...string) (sign string, at int) {
	p.skip()
	for _, s := range signs {
		if strings.HasPrefix(p.text[p.at:], s) {
			at, p.at = p.at, p.at+len(s)
			return s, at
		}
	}
	return "", p.at
}

func (p *formulaParser) sum() *term {
	left := p.product()
	for {
		sign, at := p.accept("+", "-")
		if sign == "" {
			return left
		}
		left = &term{at: at, op: sign, args: []*term{left, p.product()}}
	}
}

func (p *formulaParser) product() *term {
	left := p.sign()
	for {
		if p.skip(); strings.HasPrefix(p.text[p.at:], "**") {
			return left
		}
		sign, at := p.accept("*", "/")
		if sign == "" {
			return left
		}
		left = &term{at: at, op: sign, args: []*term{left, p.sign()}}
	}
}

// sign is on every way down, so it counts the depth.
func (p *formulaParser) sign() *term {
	if p.depth++; p.depth > maxNesting {
		p.fail(p.at, "nested more than %d deep", maxNesting)
	}
	defer func() { p.depth-- }()
	switch sign, at := p.accept("-", "+"); sign {
	case "-":
		return &term{at: at, op: "neg", args: []*term{p.sign()}}
	case "+":
		return p.sign()
	}
	return p.power()
}

func (p *formulaParser) power() *term {
	base := p.atom()
	if sign, at := p.accept("^", "**"); sign != "" {
		return &term{at: at, op: "^", args: []*term{base, p.sign()}}
	}
	return base
}

func (p *formulaParser) atom() *term {
	p.skip()
	at := p.at
	if _, ok := p.open(); ok {
		inner := p.sum()
		p.close(at)
		return inner
	}
	if number := p.while(isDigit); number != "" {
		return p.number(at)
	}
	name := p.while(isLetter)
	if name == "" {
		p.fail(at, "expected a number, a name or an opening parenthesis, found %s", p.here())
	}
	if open, ok := p.open(); ok {
		return p.call(at, open, name)
	}
	known, ok := formulaNames[name]
	if !ok {
		if _, isFunction := formulaFunctions[name]; isFunction {
			p.fail(at, "%s is a function: write %s(…)", name, name)
		}
		p.fail(at, "unknown name %q; known are %s", name, strings.Join(FormulaNames(), ", "))
	}
	p.reads |= known.reads
	p.learns = p.learns || known.learns
	return &term{at: at, op: "name", name: name}
}

func (p *formulaParser) call(at, open int, name string) *term {
	f, ok := formulaFunctions[name]
	if !ok {
		p.fail(at, "unknown function %q; known are %s", name, strings.Join(FormulaFunctions(), ", "))
	}
	t := &term{at: at, op: name, args: []*term{p.sum()}}
	for {
		if sign, _ := p.accept(","); sign == "" {
			break
		}
		t.args = append(t.args, p.sum())
	}
	p.close(open)
	if len(t.args) != f.args {
		p.fail(at, "%s takes %d arguments, found %d", name, f.args, len(t.args))
	}
	return t
}

func (p *formulaParser) open() (at int, ok bool) {
	sign, at := p.accept("(")
	return at, sign != ""
}

func (p *formulaParser) close(open int) {
	if sign, at := p.accept(")"); sign == "" {
		p.fail(at, "expected an operator or the parenthesis that closes the one at character %d, found %s",
			utf8.RuneCountInString(p.text[:open])+1, p.here())
	}
}

func (p *formulaParser) while(belongs func(c byte) bool) string {
	from := p.at
	for p.at < len(p.text) && belongs(p.text[p.at]) {
		p.at++
	}
	return p.text[from:p.at]
}

// number reads digits, a point, and an exponent: 1, .5, 2.5e-3.
func (p *formulaParser) number(at int) *term {
	if p.at < len(p.text) && (p.text[p.at] == 'e' || p.text[p.at] == 'E') {
		p.at++
		if p.at < len(p.text) && (p.text[p.at] == '-' || p.text[p.at] == '+') {
			p.at++
		}
		p.while(isDigit)
	}
	k, err := strconv.ParseFloat(p.text[at:p.at], 64)
	if err != nil {
		p.fail(at, "%q is not a number", p.text[at:p.at])
	}
	return &term{at: at, op: "number", k: k}
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' || c == '.' }

func isLetter(c byte) bool {
	return c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}
