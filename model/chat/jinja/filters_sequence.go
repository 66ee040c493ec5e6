package jinja

import (
	"slices"
	"strings"
)

func filterFirst(st *state, in Value, a Args) Value {
	a.bind("first")
	if v, ok := st.pull(in)(); ok {
		return v
	}
	return &Undefined{hint: "No first item, sequence was empty."}
}

func filterLast(st *state, in Value, a Args) Value {
	a.bind("last")
	if _, sized := length(in); !sized {
		raise("TypeError", "'%s' object is not reversible", typeName(in))
	}
	all := st.items(in)
	if len(all) == 0 {
		return &Undefined{hint: "No last item, sequence was empty."}
	}
	return all[len(all)-1]
}

func filterReverse(st *state, in Value, a Args) Value {
	a.bind("reverse")
	if !isIterable(in) {
		raise("FilterArgumentError", "argument must be iterable")
	}
	all := st.items(in)
	slices.Reverse(all)
	if _, ok := text(in); ok {
		return sameText(in, st.join("", &List{all}, false))
	}
	return st.generate(&List{all}, itself)
}

func filterJoin(st *state, in Value, a Args) Value {
	p := a.bind("join", "d?", "attribute?")
	if attribute := p.or(1, nil); attribute != nil {
		get := st.getter(attribute, nil, false)
		in = st.generate(in, func(v Value) (Value, bool) { return get(v), true })
	}
	return st.join(st.str(p.or(0, "")), in, true)
}

func filterItems(st *state, in Value, a Args) Value {
	a.bind("items")
	switch d := in.(type) {
	case *Undefined:
		return st.generate(d, itself)
	case *Dict:
		return st.generate(&View{d, "items"}, itself)
	}
	return &Generator{func() (Value, bool) {
		raise("TypeError", "Can only get item pairs from a mapping.")
		return nil, false
	}}
}

// getter makes a function that follows a path like "a.0.b", or a whole number; def, if not nil, replaces what is missing, and lower ignores case.
func (st *state) getter(path Value, def Value, lower bool) func(Value) Value {
	var keys []Value
	if s, ok := text(path); ok {
		for _, part := range strings.Split(s, ".") {
			if n, ok := parseInt(part, 10); ok && allDigits(part) {
				keys = append(keys, n)
			} else {
				keys = append(keys, part)
			}
		}
	} else if path != nil {
		keys = []Value{path}
	}
	return func(v Value) Value {
		for _, key := range keys {
			v = st.item(v, key)
			if _, missing := v.(*Undefined); missing && def != nil {
				v = def
			}
		}
		if s, ok := text(v); ok && lower {
			return toLower(s)
		}
		return v
	}
}

func allDigits(s string) bool {
	return s != "" && strings.IndexFunc(s, func(r rune) bool { return !isDigit(r) }) < 0
}

// sorted sorts items stably by the keys that key gives.
func (st *state) sorted(items []Value, key func(Value) Value, reverse bool) []Value {
	type keyed struct{ key, item Value }
	all := make([]keyed, len(items))
	for i, x := range items {
		all[i] = keyed{key(x), x}
	}
	slices.SortStableFunc(all, func(a, b keyed) int {
		if reverse {
			a, b = b, a
		}
		if c := st.compare("<", a.key, b.key); c != 2 {
			return c
		}
		return 0
	})
	for i := range all {
		items[i] = all[i].item
	}
	return items
}

// filterSort sorts by one attribute path, or by several with commas between them.
func filterSort(st *state, in Value, a Args) Value {
	p := a.bind("sort", "reverse?", "case_sensitive?", "attribute?")
	lower := !truth(p.or(1, false))
	key := st.getter(p.or(2, nil), nil, lower)
	if s, ok := text(p.or(2, nil)); ok && strings.Contains(s, ",") {
		var gets []func(Value) Value
		for _, part := range strings.Split(s, ",") {
			gets = append(gets, st.getter(part, nil, lower))
		}
		key = func(v Value) Value {
			all := &List{}
			for _, get := range gets {
				all.Items = append(all.Items, get(v))
			}
			return all
		}
	}
	return &List{st.sorted(st.items(in), key, truth(p.or(0, false)))}
}

func filterDictSort(st *state, in Value, a Args) Value {
	p := a.bind("dictsort", "case_sensitive?", "by?", "reverse?")
	d, ok := in.(*Dict)
	if !ok {
		failUndefined(in)
		raise("AttributeError", "%s object has no attribute 'items'", Repr(typeName(in)))
	}
	at := map[string]int{"key": 0, "value": 1}
	i, ok := at[p.str(1, "key")]
	if !ok {
		raise("FilterArgumentError", `You can only sort by either "key" or "value"`)
	}
	pairs := st.items(&View{d, "items"})
	return &List{st.sorted(pairs, st.getter(i, nil, !truth(p.or(0, false))), truth(p.or(2, false)))}
}

func filterUnique(st *state, in Value, a Args) Value {
	p := a.bind("unique", "case_sensitive?", "attribute?")
	get := st.getter(p.or(1, nil), nil, !truth(p.or(0, false)))
	seen := &Dict{}
	return st.generate(in, func(v Value) (Value, bool) {
		key := get(v)
		if _, old := seen.Get(key); old {
			return nil, false
		}
		st.grow(64)
		seen.Set(key, true)
		return v, true
	})
}

// extreme is min (sign -1) or max (sign 1); the first of equals wins.
func extreme(name string, sign int) filter {
	return func(st *state, in Value, a Args) Value {
		p := a.bind(name, "case_sensitive?", "attribute?")
		get := st.getter(p.or(1, nil), nil, !truth(p.or(0, false)))
		op := map[int]string{-1: "<", 1: ">"}[sign]
		var best Value = &Undefined{hint: "No aggregated item, sequence was empty."}
		first := true
		for v := range st.iter(in) {
			if first || st.order(op, get(v), get(best)) {
				best, first = v, false
			}
		}
		return best
	}
}

func filterSum(st *state, in Value, a Args) Value {
	p := a.bind("sum", "attribute?", "start?")
	get := st.getter(p.or(0, nil), nil, false)
	total := p.or(1, 0)
	if _, ok := text(total); ok {
		raise("TypeError", "sum() can't sum strings [use ''.join(seq) instead]")
	}
	for v := range st.iter(in) {
		total = st.binary("+", total, get(v))
	}
	return total
}

// filterBatch cuts into lists of n items, the last filled up.
func filterBatch(st *state, in Value, a Args) Value {
	p := a.bind("batch", "linecount", "fill_with?")
	n := p.int(0, 0)
	var rows []Value
	var row []Value
	for v := range st.iter(in) {
		if len(row) == n && len(row) > 0 {
			rows = append(rows, &List{row})
			row = nil
		}
		st.grow(16)
		row = append(row, v)
	}
	if len(row) > 0 {
		if fill := p.or(1, nil); fill != nil {
			st.grow(16 * max(0, n-len(row)))
			for len(row) < n {
				row = append(row, fill)
			}
		}
		rows = append(rows, &List{row})
	}
	return st.generate(&List{rows}, itself)
}

// filterSlice cuts into n lists of nearly equal length, the longer ones first.
func filterSlice(st *state, in Value, a Args) Value {
	p := a.bind("slice", "slices", "fill_with?")
	n := p.int(0, 0)
	all := st.items(in)
	if n == 0 {
		raise("ZeroDivisionError", "integer division or modulo by zero")
	}
	st.grow(64 * max(n, 0))
	var rows []Value
	at := 0
	for i := range max(n, 0) {
		size := len(all) / n
		if i < len(all)%n {
			size++
		}
		row := slices.Clone(all[at : at+size])
		at += size
		if fill := p.or(1, nil); fill != nil && i >= len(all)%n {
			row = append(row, fill)
		}
		rows = append(rows, &List{row})
	}
	return st.generate(&List{rows}, itself)
}
