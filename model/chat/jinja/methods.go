package jinja

import (
	"maps"
	"math"
	"math/big"
)

// method is a method of a Python type; self has that type.
type method func(st *state, self Value, a Args) Value

// methods by type name. What would change its object is missing: see mutators.
var methods map[string]map[string]method

func init() {
	methods = map[string]map[string]method{
		"str":   stringMethods,
		"list":  maps.Clone(sequenceMethods),
		"tuple": sequenceMethods,
		"range": sequenceMethods,
		"dict":  dictMethods,
		"int":   {"bit_length": bitLength, "is_integer": func(*state, Value, Args) Value { return true }},
		"float": {"is_integer": isInteger},
	}
	methods["list"]["copy"] = copyList
}

var sequenceMethods = map[string]method{
	"count": func(st *state, self Value, a Args) Value {
		x := a.bind("count", "value").values[0]
		n := 0
		for y := range st.iter(self) {
			if st.equal(x, y) {
				n++
			}
		}
		return n
	},
	"index": func(st *state, self Value, a Args) Value {
		p := a.bind("index", "value", "start?", "stop?")
		n, _ := length(self)
		start, stop := window(p, 1, n)
		i := 0
		for y := range st.iter(self) {
			if i >= start && i < stop && st.equal(p.values[0], y) {
				return i
			}
			i++
		}
		raise("ValueError", "%s is not in %s", st.repr(p.values[0]), typeName(self))
		return nil
	},
}

func copyList(st *state, self Value, a Args) Value {
	a.bind("copy")
	return &List{st.items(self)}
}

var dictMethods = map[string]method{
	"get": func(_ *state, self Value, a Args) Value {
		p := a.bind("get", "key", "default?")
		if v, ok := self.(*Dict).Get(p.values[0]); ok {
			return v
		}
		return p.or(1, nil)
	},
	"keys":   view("keys"),
	"values": view("values"),
	"items":  view("items"),
	"copy": func(st *state, self Value, a Args) Value {
		a.bind("copy")
		st.grow(64 * self.(*Dict).Len())
		return self.(*Dict).Clone()
	},
}

func view(what string) method {
	return func(_ *state, self Value, a Args) Value {
		a.bind(what)
		return &View{self.(*Dict), what}
	}
}

func bitLength(_ *state, self Value, a Args) Value {
	a.bind("bit_length")
	return new(big.Int).Abs(toBig(self)).BitLen()
}

func isInteger(_ *state, self Value, a Args) Value {
	a.bind("is_integer")
	f := self.(float64)
	return f == math.Trunc(f) && !math.IsInf(f, 0)
}

// window resolves optional start and stop arguments, at i and i+1, within 0…n as slices do.
func window(p params, i, n int) (start, stop int) {
	part := func(i, def int) int {
		if p.or(i, nil) == nil {
			return def
		}
		x := p.int(i, def)
		if x < 0 {
			x += n
		}
		return max(x, 0)
	}
	return part(i, 0), min(part(i+1, n), n)
}
