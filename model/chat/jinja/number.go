package jinja

import (
	"math"
	"math/big"
	"math/bits"
)

// toInt is v as a 64-bit whole number, if it is a bool or int.
func toInt(v Value) (int, bool) {
	switch v := v.(type) {
	case int:
		return v, true
	case bool:
		if v {
			return 1, true
		}
		return 0, true
	}
	return 0, false
}

// toBig is v, a bool, int or *big.Int.
func toBig(v Value) *big.Int {
	if b, ok := v.(*big.Int); ok {
		return b
	}
	i, _ := toInt(v)
	return big.NewInt(int64(i))
}

func isWhole(v Value) bool {
	_, isFloat := v.(float64)
	return isNumber(v) && !isFloat
}

// normInt keeps whole numbers as int where they fit.
func normInt(b *big.Int) Value {
	if b.IsInt64() {
		return int(b.Int64())
	}
	return b
}

// toFloat is v, a number, as float64.
func toFloat(v Value) float64 {
	switch v := v.(type) {
	case float64:
		return v
	case *big.Int:
		f, _ := new(big.Float).SetInt(v).Float64()
		if math.IsInf(f, 0) {
			raise("OverflowError", "int too large to convert to float")
		}
		return f
	}
	i, _ := toInt(v)
	return float64(i)
}

// maxIntBits bounds the size of whole numbers, so that 9**9**9 ends.
const maxIntBits = 1 << 16

// wholeNumbers computes a op b for + - * // % ** on whole numbers of any size.
func wholeNumbers(op string, a, b Value) Value {
	x, xOK := toInt(a)
	y, yOK := toInt(b)
	if xOK && yOK {
		if v, ok := smallNumbers(op, x, y); ok {
			return v
		}
	}
	p, q, r := toBig(a), toBig(b), new(big.Int)
	switch op {
	case "+":
		r.Add(p, q)
	case "-":
		r.Sub(p, q)
	case "*":
		r.Mul(p, q)
	case "//", "%":
		m := new(big.Int)
		r.DivMod(p, q, m) // Euclid: the remainder is never negative
		if q.Sign() < 0 && m.Sign() != 0 {
			r.Sub(r, big.NewInt(1))
			m.Add(m, q)
		}
		if op == "%" {
			r = m
		}
	case "**":
		if q.Sign() < 0 {
			return floats(op, toFloat(a), toFloat(b))
		}
		if p.BitLen() > 1 && (!q.IsInt64() || q.Int64() > maxIntBits || int64(p.BitLen())*q.Int64() > maxIntBits) {
			raise("LimitError", "a whole number of more than %d bits", maxIntBits)
		}
		r.Exp(p, q, nil)
	}
	if r.BitLen() > maxIntBits {
		raise("LimitError", "a whole number of more than %d bits", maxIntBits)
	}
	return normInt(r)
}

// smallNumbers computes within 64 bits; ok is false where the result does not fit.
func smallNumbers(op string, x, y int) (v int, ok bool) {
	switch op {
	case "+":
		v = x + y
		return v, (v > x) == (y > 0)
	case "-":
		v = x - y
		return v, (v < x) == (y > 0)
	case "*":
		hi, lo := bits.Mul64(magnitude(x), magnitude(y))
		return x * y, hi == 0 && lo < 1<<63
	case "//":
		v = x / y
		if x%y != 0 && (x < 0) != (y < 0) {
			v--
		}
		return v, x != math.MinInt
	case "%":
		v = x % y
		if v != 0 && (v < 0) != (y < 0) {
			v += y
		}
		return v, true
	}
	return 0, false
}

func magnitude(x int) uint64 {
	if x < 0 {
		return -uint64(x)
	}
	return uint64(x)
}

// floats computes a op b for + - * / // % ** on floating-point numbers.
func floats(op string, x, y float64) Value {
	switch op {
	case "+":
		return x + y
	case "-":
		return x - y
	case "*":
		return x * y
	case "/":
		return x / y
	case "%":
		m := math.Mod(x, y)
		if m != 0 && (m < 0) != (y < 0) {
			m += y
		} else if m == 0 {
			m = math.Copysign(0, y)
		}
		return m
	case "//":
		m := math.Mod(x, y)
		d := (x - m) / y
		if m != 0 && (m < 0) != (y < 0) {
			d--
		}
		return math.RoundToEven(d)
	}
	if x < 0 && y != math.Trunc(y) {
		raise("TypeError", "a negative number to a broken power is complex, which templates do not have here")
	}
	if x == 0 && y < 0 {
		raise("ZeroDivisionError", "0.0 cannot be raised to a negative power")
	}
	return math.Pow(x, y)
}

// zeroDivision raises what Python 3.11 raises for a op 0.
func zeroDivision(op string, float bool) {
	message := map[string]string{"/": "division by zero", "//": "integer division or modulo by zero", "%": "integer modulo by zero"}[op]
	if float {
		message = map[string]string{"/": "float division by zero", "//": "float floor division by zero", "%": "float modulo"}[op]
	}
	raise("ZeroDivisionError", "%s", message)
}
