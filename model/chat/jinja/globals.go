package jinja

// globals are the functions that every template sees; a variable of the same name hides one.
var globals map[string]Value

func init() {
	globals = map[string]Value{}
	for name, f := range map[string]func(*state, Args) Value{
		"range":           newRange,
		"dict":            newDict,
		"namespace":       newNamespace,
		"cycler":          newCycler,
		"joiner":          newJoiner,
		"raise_exception": raiseException,
		"strftime_now":    strftimeNow,
	} {
		globals[name] = &Func{name, f}
	}
}

// maxRange is the longest range that Jinja2's sandbox makes.
const maxRange = 100_000

func newRange(_ *state, a Args) Value {
	r := &Range{step: 1}
	n := len(a.Pos)
	if n == 0 || n > 3 || len(a.Kw) > 0 {
		raise("TypeError", "range expected %s, got %d", map[bool]string{true: "at least 1 argument", false: "at most 3 arguments"}[n == 0], n)
	}
	var numbers [3]int
	for i, v := range a.Pos {
		failUndefined(v)
		x, ok := toInt(v)
		if !ok {
			raise("TypeError", "'%s' object cannot be interpreted as an integer", typeName(v))
		}
		numbers[i] = min(max(x, -1<<40), 1<<40)
	}
	if n == 1 {
		r.stop = numbers[0]
	} else {
		r.start, r.stop = numbers[0], numbers[1]
	}
	if n == 3 {
		if r.step = numbers[2]; r.step == 0 {
			raise("ValueError", "range() arg 3 must not be zero")
		}
	}
	if r.len() > maxRange {
		raise("OverflowError", "Range too big. The sandbox blocks ranges larger than MAX_RANGE (%d).", maxRange)
	}
	return r
}

// newDict is dict(mapping or pairs, key=value…).
func newDict(st *state, a Args) Value {
	d := &Dict{}
	if len(a.Pos) > 1 {
		raise("TypeError", "dict expected at most 1 argument, got %d", len(a.Pos))
	}
	if len(a.Pos) == 1 {
		if from, ok := a.Pos[0].(*Dict); ok {
			st.grow(64 * from.Len())
			d = from.Clone()
		} else {
			i := 0
			for pair := range st.iter(a.Pos[0]) {
				kv := st.items(pair)
				if len(kv) != 2 {
					raise("ValueError", "dictionary update sequence element #%d has length %d; 2 is required", i, len(kv))
				}
				st.grow(64)
				d.Set(kv[0], kv[1])
				i++
			}
		}
	}
	for _, kw := range a.Kw {
		d.Set(kw.Name, kw.Value)
	}
	return d
}

func newNamespace(st *state, a Args) Value { return &Namespace{newDict(st, a).(*Dict)} }

func raiseException(st *state, a Args) Value {
	raise("TemplateError", "%s", st.str(a.bind("raise_exception", "message").values[0]))
	return nil
}

// cycler hands out its items in turn.
type cycler struct {
	items []Value
	at    int
}

func newCycler(_ *state, a Args) Value {
	if len(a.Pos) == 0 {
		raise("RuntimeError", "at least one item has to be provided")
	}
	return &cycler{items: a.Pos}
}

func (c *cycler) typeName() string { return "Cycler" }

func (c *cycler) attr(_ *state, name string) (Value, bool) {
	switch name {
	case "current":
		return c.items[c.at], true
	case "next":
		return &Func{"next", func(*state, Args) Value {
			v := c.items[c.at]
			c.at = (c.at + 1) % len(c.items)
			return v
		}}, true
	case "reset":
		return &Func{"reset", func(*state, Args) Value {
			c.at = 0
			return nil
		}}, true
	}
	return nil, false
}

// joiner is empty text when first called, its separator from then on.
type joiner struct {
	sep  Value
	used bool
}

func newJoiner(_ *state, a Args) Value { return &joiner{sep: a.bind("joiner", "sep?").or(0, ", ")} }

func (j *joiner) typeName() string { return "Joiner" }

func (j *joiner) attr(*state, string) (Value, bool) { return nil, false }

func (j *joiner) invoke(_ *state, a Args) Value {
	a.bind("joiner")
	if !j.used {
		j.used = true
		return ""
	}
	return j.sep
}
