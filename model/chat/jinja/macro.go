package jinja

// macroStatement is {% macro name(params) %}, and the body of {% call %}, a macro named caller.
type macroStatement struct {
	line                   int
	name                   string
	params                 []string
	defaults               []expr // of the last params
	body                   []statement
	varargs, kwargs, calls bool // the body speaks of varargs, kwargs, caller
}

type callStatement struct {
	line int
	call *callExpr
	body *macroStatement
}

// macro is a macro with the scope it was defined in.
type macro struct {
	*macroStatement
	scope *scope
}

func (m *macroStatement) exec(st *state, sc *scope) jump {
	st.grow(64)
	sc.set(m.name, &macro{m, sc})
	return jumpNone
}

func (c *callStatement) exec(st *state, sc *scope) jump {
	st.line = c.line
	fn := st.value(c.call.fn, sc)
	args := st.arguments(c.call.args, sc)
	args.Kw = append(args.Kw, Keyword{"caller", &macro{c.body, sc}})
	st.write(st.str(st.call(fn, args)))
	return jumpNone
}

func (m *macro) typeName() string { return "Macro" }

func (m *macro) attr(_ *state, name string) (Value, bool) {
	switch name {
	case "name":
		return m.name, true
	case "arguments":
		names := make(Tuple, len(m.params))
		for i, p := range m.params {
			names[i] = p
		}
		return names, true
	case "catch_varargs":
		return m.varargs, true
	case "catch_kwargs":
		return m.kwargs, true
	case "caller":
		return m.calls, true
	}
	return nil, false
}

// invoke runs the body in a new scope and returns its text.
func (m *macro) invoke(st *state, a Args) Value {
	inner := newScope(m.scope)
	rest := a
	rest.Kw = append([]Keyword(nil), a.Kw...)
	for i, name := range m.params {
		v, byName := rest.takeKeyword(name)
		first := len(m.params) - len(m.defaults)
		switch {
		case i < len(a.Pos):
			if byName {
				raise("TypeError", "macro %s takes no keyword argument %s", Repr(m.name), Repr(name))
			}
			v = a.Pos[i]
		case byName:
		case i >= first:
			v = st.value(m.defaults[i-first], inner)
		default:
			v = &Undefined{name: name, hint: "parameter " + Repr(name) + " was not provided"}
		}
		inner.set(name, v)
	}
	m.rest(inner, rest)
	return st.capture(func() { run(st, inner, m.body) })
}

// rest hands the arguments without a parameter to caller, kwargs and varargs, if the body uses them.
func (m *macro) rest(inner *scope, a Args) {
	if m.calls {
		caller, ok := a.takeKeyword("caller")
		if !ok {
			caller = &Undefined{name: "caller", hint: "No caller defined"}
		}
		inner.set("caller", caller)
	}
	switch {
	case m.kwargs:
		d := &Dict{}
		for _, kw := range a.Kw {
			d.Set(kw.Name, kw.Value)
		}
		inner.set("kwargs", d)
	case len(a.Kw) > 0:
		raise("TypeError", "macro %s takes no keyword argument %s", Repr(m.name), Repr(a.Kw[0].Name))
	}
	extra := Tuple{}
	if len(a.Pos) > len(m.params) {
		extra = a.Pos[len(m.params):]
	}
	switch {
	case m.varargs:
		inner.set("varargs", extra)
	case len(extra) > 0:
		raise("TypeError", "macro %s takes not more than %d argument(s)", Repr(m.name), len(m.params))
	}
}
