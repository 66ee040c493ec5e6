package jinja

// forStatement is {% for target in over if test recursive %}body{% else %}otherwise{% endfor %}.
type forStatement struct {
	line            int
	target          target
	over, test      expr
	recursive       bool
	body, otherwise []statement
}

// loop is the variable of that name inside a for.
type loop struct {
	statement *forStatement
	scope     *scope // around the for
	items     []Value
	at        int // index of the running item
	depth     int // 0 for the outermost of a recursive loop
	changed   []Value
	asked     bool // changed() was called before
}

func (f *forStatement) exec(st *state, sc *scope) jump {
	st.line = f.line
	f.run(st, sc, st.value(f.over, sc), 0)
	return jumpNone
}

// run executes the body once per item, each time in a fresh scope: nothing that is set in one pass is seen in the next.
func (f *forStatement) run(st *state, sc *scope, over Value, depth int) {
	l := &loop{statement: f, scope: sc, items: f.select_(st, sc, over), depth: depth}
	for i, item := range l.items {
		st.step()
		st.grow(160) // the scope
		l.at = i
		inner := newScope(sc)
		f.target.assign(st, inner, item)
		inner.set("loop", l)
		if run(st, inner, f.body) == jumpBreak {
			break
		}
	}
	if len(l.items) == 0 {
		run(st, newScope(sc), f.otherwise)
	}
}

// select_ collects the items that pass the test of the for.
func (f *forStatement) select_(st *state, sc *scope, over Value) []Value {
	if f.test == nil {
		if list, ok := over.(*List); ok {
			return list.Items // never changed: templates cannot write to lists
		}
		return st.items(over)
	}
	var kept []Value
	for item := range st.iter(over) {
		inner := newScope(sc)
		f.target.assign(st, inner, item)
		if truthOf(st.value(f.test, inner)) {
			st.grow(16)
			kept = append(kept, item)
		}
	}
	return kept
}

func (l *loop) typeName() string { return "LoopContext" }

func (l *loop) attr(st *state, name string) (Value, bool) {
	n := len(l.items)
	switch name {
	case "index":
		return l.at + 1, true
	case "index0":
		return l.at, true
	case "revindex":
		return n - l.at, true
	case "revindex0":
		return n - l.at - 1, true
	case "first":
		return l.at == 0, true
	case "last":
		return l.at == n-1, true
	case "length":
		return n, true
	case "depth":
		return l.depth + 1, true
	case "depth0":
		return l.depth, true
	case "previtem":
		if l.at == 0 {
			return &Undefined{hint: "there is no previous item"}, true
		}
		return l.items[l.at-1], true
	case "nextitem":
		if l.at == n-1 {
			return &Undefined{hint: "there is no next item"}, true
		}
		return l.items[l.at+1], true
	case "cycle":
		return &Func{"cycle", func(_ *state, a Args) Value {
			if len(a.Pos) == 0 {
				raise("TypeError", "no items for cycling given")
			}
			return a.Pos[l.at%len(a.Pos)]
		}}, true
	case "changed":
		return &Func{"changed", func(st *state, a Args) Value {
			same := l.asked && st.equalItems(l.changed, a.Pos)
			l.changed, l.asked = a.Pos, true
			return !same
		}}, true
	}
	return nil, false
}

// pull hands out the items that are still to come, and moves the loop on.
func (l *loop) pull(st *state) func() (Value, bool) {
	return func() (Value, bool) {
		if l.at+1 >= len(l.items) {
			return nil, false
		}
		st.step()
		l.at++
		return l.items[l.at], true
	}
}

// invoke is loop(children) in a recursive loop: the same loop over other items, its text as the result.
func (l *loop) invoke(st *state, a Args) Value {
	if !l.statement.recursive {
		raise("TypeError", "The loop must have the 'recursive' marker to be called recursively.")
	}
	p := a.bind("loop", "iterable")
	return st.capture(func() { l.statement.run(st, l.scope, p.values[0], l.depth+1) })
}
