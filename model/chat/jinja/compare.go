package jinja

import (
	"cmp"
	"math"
	"math/big"
	"strings"
)

// equal is Python's ==.
func (st *state) equal(a, b Value) bool {
	st.step()
	if x, ok := text(a); ok {
		y, ok := text(b)
		return ok && x == y
	}
	if isNumber(a) {
		return isNumber(b) && compareNumbers(a, b) == 0
	}
	switch a := a.(type) {
	case *List:
		b, ok := b.(*List)
		return ok && st.equalItems(a.Items, b.Items)
	case Tuple:
		b, ok := b.(Tuple)
		return ok && st.equalItems(a, b)
	case *Dict:
		b, ok := b.(*Dict)
		if !ok || a.Len() != b.Len() {
			return false
		}
		st.enter()
		defer st.leave()
		for _, e := range a.entries {
			if v, ok := b.Get(e.key); !ok || !st.equal(e.value, v) {
				return false
			}
		}
		return true
	case *Undefined:
		_, ok := b.(*Undefined)
		return ok
	case *Range:
		b, ok := b.(*Range)
		if !ok || a.len() != b.len() {
			return false
		}
		return a.len() == 0 || a.start == b.start && (a.len() == 1 || a.step == b.step)
	}
	if _, ok := b.(Tuple); ok {
		return false // not comparable in Go
	}
	return a == b
}

func (st *state) equalItems(a, b []Value) bool {
	if len(a) != len(b) {
		return false
	}
	st.enter()
	defer st.leave()
	for i := range a {
		if !st.equal(a[i], b[i]) {
			return false
		}
	}
	return true
}

// compare orders two values: negative, 0, positive; 2 where numbers have no order (NaN). op appears in the TypeError.
func (st *state) compare(op string, a, b Value) int {
	st.step()
	for _, v := range []Value{a, b} {
		if u, ok := v.(*Undefined); ok {
			u.fail()
		}
	}
	if isNumber(a) && isNumber(b) {
		return compareNumbers(a, b)
	}
	if x, ok := text(a); ok {
		if y, ok := text(b); ok {
			return strings.Compare(x, y)
		}
	}
	switch x := a.(type) {
	case *List:
		if y, ok := b.(*List); ok {
			return st.compareItems(op, x.Items, y.Items)
		}
	case Tuple:
		if y, ok := b.(Tuple); ok {
			return st.compareItems(op, x, y)
		}
	}
	raise("TypeError", "'%s' not supported between instances of '%s' and '%s'", op, typeName(a), typeName(b))
	return 0
}

func (st *state) compareItems(op string, a, b []Value) int {
	st.enter()
	defer st.leave()
	for i := range min(len(a), len(b)) {
		if !st.equal(a[i], b[i]) {
			return st.compare(op, a[i], b[i])
		}
	}
	return cmp.Compare(len(a), len(b))
}

func isNumber(v Value) bool {
	switch v.(type) {
	case bool, int, *big.Int, float64:
		return true
	}
	return false
}

func compareNumbers(a, b Value) int {
	x, xInt := toInt(a)
	y, yInt := toInt(b)
	if xInt && yInt {
		return cmp.Compare(x, y)
	}
	f, fFloat := a.(float64)
	g, gFloat := b.(float64)
	switch {
	case fFloat && f != f || gFloat && g != g:
		return 2
	case fFloat && gFloat:
		return cmp.Compare(f, g)
	case fFloat && math.IsInf(f, 0):
		return int(math.Copysign(1, f))
	case gFloat && math.IsInf(g, 0):
		return -int(math.Copysign(1, g))
	}
	exact := func(v Value) *big.Rat {
		if f, ok := v.(float64); ok {
			r, _ := new(big.Float).SetFloat64(f).Rat(nil)
			return r
		}
		return new(big.Rat).SetInt(toBig(v))
	}
	return exact(a).Cmp(exact(b))
}

// order applies one of < <= > >=.
func (st *state) order(op string, a, b Value) bool {
	c := st.compare(op, a, b)
	switch op {
	case "<":
		return c < 0
	case "<=":
		return c <= 0
	case ">":
		return c == 1
	}
	return c == 0 || c == 1
}

// contains is Python's "x in v".
func (st *state) contains(x, v Value) bool {
	if s, ok := text(v); ok {
		sub, ok := text(x)
		if !ok {
			raise("TypeError", "'in <string>' requires string as left operand, not %s", typeName(x))
		}
		st.grow(len(s) / 64)
		return strings.Contains(s, sub)
	}
	switch v := v.(type) {
	case *Dict:
		_, ok := v.Get(x)
		return ok
	case *View:
		if v.what == "keys" {
			_, ok := v.of.Get(x)
			return ok
		}
	case nil, bool, int, *big.Int, float64, *Func, *Namespace:
		raise("TypeError", "argument of type '%s' is not iterable", typeName(v))
	}
	for y := range st.iter(v) {
		if st.equal(x, y) {
			return true
		}
	}
	return false
}
