package jinja

import "math/big"

// expr is an expression; eval gives its value in a scope.
type expr interface {
	eval(st *state, sc *scope) Value
}

type (
	constExpr struct{ value Value }
	nameExpr  struct{ name string }
	tupleExpr struct{ items []expr }
	listExpr  struct{ items []expr }
	dictExpr  struct{ keys, values []expr }
	attrExpr  struct {
		of   expr
		name string
	}
	itemExpr  struct{ of, key expr }
	sliceExpr struct{ start, stop, step expr } // nil where left out
	unaryExpr struct {
		op string
		of expr
	}
	binaryExpr struct {
		op   string
		a, b expr
	}
	concatExpr []expr // a ~ b ~ c
	andExpr    struct{ a, b expr }
	orExpr     struct{ a, b expr }
	notExpr    struct{ of expr }
	condExpr   struct {
		line          int
		test, yes, no expr // no is nil where there is no else
	}
	compareExpr struct { // first ops[0] rest[0] ops[1] rest[1] …: each value is evaluated once
		first expr
		ops   []string
		rest  []expr
	}
	callExpr struct {
		line int
		fn   expr
		args []argument
	}
	filterExpr struct {
		line int
		of   expr
		name string
		args []argument
	}
	testExpr struct {
		line int
		of   expr
		name string
		args []argument
	}
	valueExpr struct{ value *Value } // what a filter block captured
)

type argument struct {
	name  string // of a keyword argument
	stars int    // 1: *value, 2: **value
	value expr
}

// value evaluates e and pays for it.
func (st *state) value(e expr, sc *scope) Value {
	st.step()
	st.enter()
	v := e.eval(st, sc)
	st.leave()
	return v
}

func (st *state) values(list []expr, sc *scope) []Value {
	st.grow(16 * len(list))
	all := make([]Value, len(list))
	for i, e := range list {
		all[i] = st.value(e, sc)
	}
	return all
}

func (e constExpr) eval(*state, *scope) Value        { return e.value }
func (e valueExpr) eval(*state, *scope) Value        { return *e.value }
func (e *nameExpr) eval(_ *state, sc *scope) Value   { return sc.get(e.name) }
func (e *tupleExpr) eval(st *state, sc *scope) Value { return Tuple(st.values(e.items, sc)) }
func (e *listExpr) eval(st *state, sc *scope) Value  { return &List{st.values(e.items, sc)} }
func (e *notExpr) eval(st *state, sc *scope) Value   { return !truthOf(st.value(e.of, sc)) }
func (e *attrExpr) eval(st *state, sc *scope) Value  { return st.attribute(st.value(e.of, sc), e.name) }
func (e *binaryExpr) eval(st *state, sc *scope) Value {
	return st.binary(e.op, st.value(e.a, sc), st.value(e.b, sc))
}
func (e *itemExpr) eval(st *state, sc *scope) Value {
	return st.item(st.value(e.of, sc), st.value(e.key, sc))
}

// truthOf is truth where the template asks: an attribute refused by the sandbox raises.
func truthOf(v Value) bool {
	if u, ok := v.(*Undefined); ok && u.class != "" {
		u.fail()
	}
	return truth(v)
}

func (e *dictExpr) eval(st *state, sc *scope) Value {
	d := &Dict{}
	st.grow(64 * len(e.keys))
	for i := range e.keys {
		d.Set(st.value(e.keys[i], sc), st.value(e.values[i], sc))
	}
	return d
}

func (e *sliceExpr) eval(st *state, sc *scope) Value {
	part := func(e expr) Value {
		if e == nil {
			return nil
		}
		return st.value(e, sc)
	}
	return &slice{part(e.start), part(e.stop), part(e.step)}
}

func (e *unaryExpr) eval(st *state, sc *scope) Value {
	v := st.value(e.of, sc)
	if u, ok := v.(*Undefined); ok {
		u.fail()
	}
	f, isFloat := v.(float64)
	switch {
	case isFloat && e.op == "-":
		return -f
	case isFloat:
		return f
	case !isNumber(v):
		raise("TypeError", "bad operand type for unary %s: '%s'", e.op, typeName(v))
	case e.op == "-":
		return normInt(new(big.Int).Neg(toBig(v)))
	}
	return normInt(toBig(v))
}

func (e concatExpr) eval(st *state, sc *scope) Value {
	total := ""
	for _, part := range e {
		s := st.str(st.value(part, sc))
		st.grow(len(total) + len(s))
		total += s
	}
	return total
}

func (e *andExpr) eval(st *state, sc *scope) Value {
	if v := st.value(e.a, sc); !truthOf(v) {
		return v
	}
	return st.value(e.b, sc)
}

func (e *orExpr) eval(st *state, sc *scope) Value {
	if v := st.value(e.a, sc); truthOf(v) {
		return v
	}
	return st.value(e.b, sc)
}

func (e *condExpr) eval(st *state, sc *scope) Value {
	switch {
	case truthOf(st.value(e.test, sc)):
		return st.value(e.yes, sc)
	case e.no != nil:
		return st.value(e.no, sc)
	}
	return &Undefined{hint: "the inline if-expression on line " + Str(e.line) + " evaluated to false and no else section was defined."}
}

func (e *compareExpr) eval(st *state, sc *scope) Value {
	a := st.value(e.first, sc)
	for i, op := range e.ops {
		b := st.value(e.rest[i], sc)
		var ok bool
		switch op {
		case "==":
			ok = st.equal(a, b)
		case "!=":
			ok = !st.equal(a, b)
		case "in":
			ok = st.contains(a, b)
		case "not in":
			ok = !st.contains(a, b)
		default:
			ok = st.order(op, a, b)
		}
		if !ok {
			return false
		}
		a = b
	}
	return true
}

// arguments evaluates the arguments of a call, stars spread.
func (st *state) arguments(list []argument, sc *scope) (a Args) {
	for _, arg := range list {
		v := st.value(arg.value, sc)
		switch {
		case arg.stars == 1:
			a.Pos = append(a.Pos, st.items(v)...)
		case arg.stars == 2:
			d, ok := v.(*Dict)
			if !ok {
				raise("TypeError", "argument after ** must be a mapping, not %s", typeName(v))
			}
			for _, entry := range d.entries {
				name, ok := text(entry.key)
				if !ok {
					raise("TypeError", "keywords must be strings")
				}
				a.Kw = append(a.Kw, Keyword{name, entry.value})
			}
		case arg.name != "":
			a.Kw = append(a.Kw, Keyword{arg.name, v})
		default:
			a.Pos = append(a.Pos, v)
		}
	}
	return a
}

func (e *callExpr) eval(st *state, sc *scope) Value {
	fn := st.value(e.fn, sc)
	args := st.arguments(e.args, sc)
	st.line = e.line
	return st.call(fn, args)
}

// callable is what can be called beside *Func: macros, recursive loops, joiners.
type callable interface {
	invoke(st *state, a Args) Value
}

func (st *state) call(fn Value, a Args) Value {
	st.enter()
	defer st.leave()
	switch fn := fn.(type) {
	case *Func:
		return fn.call(st, a)
	case callable:
		return fn.invoke(st, a)
	case *Undefined:
		fn.fail()
	}
	raise("TypeError", "'%s' object is not callable", typeName(fn))
	return nil
}

func (e *filterExpr) eval(st *state, sc *scope) Value {
	if filters[e.name] == nil {
		raise("TemplateRuntimeError", "No filter named %s found.", Repr(e.name))
	}
	in := st.value(e.of, sc)
	args := st.arguments(e.args, sc)
	st.line = e.line
	return st.filter(e.name, in, args)
}

func (st *state) filter(name string, in Value, a Args) Value {
	f := filters[name]
	if f == nil {
		raise("TemplateRuntimeError", "No filter named %s.", Repr(name))
	}
	st.enter()
	defer st.leave()
	return f(st, in, a)
}

func (e *testExpr) eval(st *state, sc *scope) Value {
	if tests[e.name] == nil {
		raise("TemplateRuntimeError", "No test named %s found.", Repr(e.name))
	}
	in := st.value(e.of, sc)
	args := st.arguments(e.args, sc)
	st.line = e.line
	return st.test(e.name, in, args)
}

func (st *state) test(name string, in Value, a Args) bool {
	f := tests[name]
	if f == nil {
		raise("TemplateRuntimeError", "No test named %s.", Repr(name))
	}
	return f(st, in, a)
}
