package jinja

// statement is a piece of text or a tag; exec writes its output and says whether a loop is left.
type statement interface {
	exec(st *state, sc *scope) jump
}

type jump int

const (
	jumpNone jump = iota
	jumpBreak
	jumpContinue
)

type (
	textStatement   struct{ text string }
	outputStatement struct {
		line int
		of   expr
	}
	branch struct {
		line int
		test expr
		body []statement
	}
	ifStatement struct {
		branches  []branch
		otherwise []statement
	}
	setStatement struct {
		line   int
		target target
		value  expr
	}
	setBlockStatement struct {
		line    int
		target  target
		filters expr // a chain whose innermost input is nil, or nil
		body    []statement
	}
	filterStatement struct {
		line    int
		filters expr
		body    []statement
	}
	withStatement struct {
		line    int
		targets []target
		values  []expr
		body    []statement
	}
	generationStatement struct {
		line int
		body []statement
	}
	blockStatement struct {
		line   int
		name   string
		scoped bool
		body   []statement
	}
	jumpStatement    struct{ jump jump }
	refusedStatement struct{ line int } // include, import, extends
)

func run(st *state, sc *scope, body []statement) jump {
	st.enter()
	defer st.leave()
	for _, s := range body {
		st.step()
		if j := s.exec(st, sc); j != jumpNone {
			return j
		}
	}
	return jumpNone
}

func (s *textStatement) exec(st *state, _ *scope) jump {
	st.write(s.text)
	return jumpNone
}

func (s *outputStatement) exec(st *state, sc *scope) jump {
	st.line = s.line
	st.write(st.str(st.value(s.of, sc)))
	return jumpNone
}

// exec of an if opens no scope: what a branch sets stays set.
func (s *ifStatement) exec(st *state, sc *scope) jump {
	for _, b := range s.branches {
		st.line = b.line
		if truthOf(st.value(b.test, sc)) {
			return run(st, sc, b.body)
		}
	}
	return run(st, sc, s.otherwise)
}

func (s *setStatement) exec(st *state, sc *scope) jump {
	st.line = s.line
	s.target.assign(st, sc, st.value(s.value, sc))
	return jumpNone
}

// filtered applies a chain of filters to captured text.
func (st *state) filtered(chain expr, text string, sc *scope) Value {
	if chain == nil {
		return text
	}
	f := *chain.(*filterExpr)
	input := st.filtered(f.of, text, sc)
	f.of = valueExpr{&input}
	return st.value(&f, sc)
}

func (s *setBlockStatement) exec(st *state, sc *scope) jump {
	text := st.capture(func() { run(st, newScope(sc), s.body) })
	st.line = s.line
	s.target.assign(st, sc, st.filtered(s.filters, text, sc))
	return jumpNone
}

func (s *filterStatement) exec(st *state, sc *scope) jump {
	text := st.capture(func() { run(st, newScope(sc), s.body) })
	st.line = s.line
	st.write(st.str(st.filtered(s.filters, text, sc)))
	return jumpNone
}

// exec evaluates every value of a with in the outer scope.
func (s *withStatement) exec(st *state, sc *scope) jump {
	st.line = s.line
	inner := newScope(sc)
	values := st.values(s.values, sc)
	for i, t := range s.targets {
		t.assign(st, inner, values[i])
	}
	return run(st, inner, s.body)
}

// exec of a generation block notes where its text lies; it has a scope of its own.
func (s *generationStatement) exec(st *state, sc *scope) jump {
	if st.out != st.root {
		st.lostSpan = s.line
		return run(st, newScope(sc), s.body)
	}
	start := st.out.Len()
	j := run(st, newScope(sc), s.body)
	st.spans = append(st.spans, Span{start, st.out.Len()})
	return j
}

// exec of a block, with no parent template to inherit from, writes its body in place; it sees the variables of the top only.
func (s *blockStatement) exec(st *state, sc *scope) jump {
	if !s.scoped {
		sc = st.top
	}
	run(st, newScope(sc), s.body)
	return jumpNone
}

func (s *jumpStatement) exec(*state, *scope) jump { return s.jump }

func (s *refusedStatement) exec(st *state, _ *scope) jump {
	st.line = s.line
	raise("TypeError", "no loader for this environment specified") // Jinja2's words; no file is ever read
	return jumpNone
}

// target is what can be assigned to.
type target interface {
	assign(st *state, sc *scope, v Value)
}

type (
	nameTarget      string
	attributeTarget struct{ object, name string }
	tupleTarget     []target
)

func (t nameTarget) assign(_ *state, sc *scope, v Value) { sc.set(string(t), v) }

func (t attributeTarget) assign(st *state, sc *scope, v Value) {
	ns, ok := sc.get(t.object).(*Namespace)
	if !ok {
		raise("TemplateRuntimeError", "cannot assign attribute on non-namespace object")
	}
	st.grow(64)
	ns.vars.Set(t.name, v)
}

func (t tupleTarget) assign(st *state, sc *scope, v Value) {
	switch v.(type) {
	case nil, bool, int, float64:
		raise("TypeError", "cannot unpack non-iterable %s object", typeName(v))
	}
	items := st.items(v)
	switch {
	case len(items) > len(t):
		raise("ValueError", "too many values to unpack (expected %d)", len(t))
	case len(items) < len(t):
		raise("ValueError", "not enough values to unpack (expected %d, got %d)", len(t), len(items))
	}
	for i, part := range t {
		part.assign(st, sc, items[i])
	}
}
