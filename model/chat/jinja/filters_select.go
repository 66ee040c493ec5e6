package jinja

// filterMap applies a filter by name, or takes an attribute, of every item.
func filterMap(st *state, in Value, a Args) Value {
	if len(a.Pos) == 0 && len(a.Kw) > 0 {
		args := Args{Kw: append([]Keyword(nil), a.Kw...)}
		attribute, ok := args.takeKeyword("attribute")
		def, hasDefault := args.takeKeyword("default")
		if !ok || len(args.Kw) > 0 {
			raise("FilterArgumentError", "map wants a filter's name or attribute=")
		}
		if !hasDefault {
			def = nil
		}
		get := st.getter(attribute, def, false)
		return st.generate(in, func(v Value) (Value, bool) { return get(v), true })
	}
	if !truth(in) {
		return st.generate(&List{}, itself)
	}
	if len(a.Pos) == 0 {
		raise("FilterArgumentError", "map requires a filter argument")
	}
	name := st.str(a.Pos[0])
	rest := Args{a.Pos[1:], a.Kw}
	return st.generate(in, func(v Value) (Value, bool) { return st.filter(name, v, rest), true })
}

// selection is select, reject, selectattr and rejectattr: keep the items, by themselves or by an attribute, that pass a test, or are true.
func selection(byAttribute, reject bool) filter {
	return func(st *state, in Value, a Args) Value {
		if !truth(in) {
			return st.generate(&List{}, itself)
		}
		get := func(v Value) Value { return v }
		if byAttribute {
			if len(a.Pos) == 0 {
				raise("FilterArgumentError", "Missing parameter for attribute name")
			}
			get = st.getter(a.Pos[0], nil, false)
			a.Pos = a.Pos[1:]
		}
		check := truthOf
		if len(a.Pos) > 0 {
			name, rest := st.str(a.Pos[0]), Args{a.Pos[1:], a.Kw}
			check = func(v Value) bool { return st.test(name, v, rest) }
		}
		return st.generate(in, func(v Value) (Value, bool) { return v, check(get(v)) != reject })
	}
}

// group is a (grouper, list) pair with names, as groupby yields them.
type group struct {
	key  Value
	list *List
}

func (g *group) tuple() Tuple { return Tuple{g.key, g.list} }

func (g *group) typeName() string { return "_GroupTuple" }

func (g *group) attr(_ *state, name string) (Value, bool) {
	switch name {
	case "grouper":
		return g.key, true
	case "list":
		return g.list, true
	}
	return nil, false
}

// filterGroupBy sorts by an attribute and gathers the items that have it in common.
func filterGroupBy(st *state, in Value, a Args) Value {
	p := a.bind("groupby", "attribute", "default?", "case_sensitive?")
	sensitive := truth(p.or(2, false))
	key := st.getter(p.values[0], p.or(1, nil), !sensitive)
	real := st.getter(p.values[0], p.or(1, nil), false)
	var groups []Value
	var last *group
	var lastKey Value
	for _, v := range st.sorted(st.items(in), key, false) {
		k := key(v)
		if last == nil || !st.equal(k, lastKey) {
			last, lastKey = &group{real(v), &List{}}, k
			groups = append(groups, last)
		}
		last.list.Items = append(last.list.Items, v)
	}
	return &List{groups}
}
