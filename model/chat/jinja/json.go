package jinja

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"slices"
	"strings"
	"unicode/utf16"
)

// Decode reads one JSON text into values: objects become *Dict in the order of the text (a repeated key keeps its first
// place and its last value), arrays *List, numbers without point and exponent int or *big.Int, others float64.
func Decode(data []byte) (Value, error) {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	v, err := decodeValue(dec, 0)
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return nil, fmt.Errorf("JSON at byte %d: %w", dec.InputOffset(), err)
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, fmt.Errorf("JSON at byte %d: one value expected, found more text behind it", dec.InputOffset())
	}
	return v, nil
}

// maxJSONDepth bounds nesting, so that no later walk over the value can run out of stack.
const maxJSONDepth = 500

func decodeValue(dec *json.Decoder, depth int) (Value, error) {
	if depth > maxJSONDepth {
		return nil, fmt.Errorf("nested deeper than %d", maxJSONDepth)
	}
	t, err := dec.Token()
	if err != nil {
		return nil, err
	}
	switch t := t.(type) {
	case json.Number:
		return decodeNumber(t.String())
	case json.Delim:
		if t == '[' {
			list := &List{}
			for dec.More() {
				v, err := decodeValue(dec, depth+1)
				if err != nil {
					return nil, err
				}
				list.Items = append(list.Items, v)
			}
			_, err = dec.Token()
			return list, err
		}
		d := &Dict{}
		for dec.More() {
			key, err := dec.Token()
			if err != nil {
				return nil, err
			}
			v, err := decodeValue(dec, depth+1)
			if err != nil {
				return nil, err
			}
			d.Set(key, v)
		}
		_, err = dec.Token()
		return d, err
	}
	return t, nil // string, bool or nil
}

func decodeNumber(s string) (Value, error) {
	if strings.ContainsAny(s, ".eE") {
		f, _ := parseFloat(s)
		return f, nil
	}
	if len(s) > 4300 { // Python's own limit
		return nil, fmt.Errorf("a whole number of %d digits", len(s))
	}
	n, _ := new(big.Int).SetString(s, 10)
	return normInt(n), nil
}

// Dump writes a value as json.dumps(v, ensure_ascii=False) does.
func Dump(v Value) (s string, err error) {
	defer catch(&err, func() int { return 0 })
	d := dumper{st: unlimited(), item: ", ", pair: ": "}
	d.value(v, 0)
	return d.b.String(), nil
}

// dumper is json.dumps with its options.
type dumper struct {
	st         *state
	b          strings.Builder
	item, pair string
	indent     string // repeated per level, where newlines is set
	newlines   bool
	ascii      bool
	sortKeys   bool
}

func (d *dumper) value(v Value, level int) {
	d.st.step()
	d.st.grow(2 + d.newlineSize(level))
	d.st.enter()
	defer d.st.leave()
	if s, ok := text(v); ok {
		d.string(s)
		return
	}
	switch v := v.(type) {
	case nil:
		d.b.WriteString("null")
	case bool:
		fmt.Fprint(&d.b, v)
	case int, *big.Int:
		fmt.Fprint(&d.b, v)
	case float64:
		d.b.WriteString(jsonFloat(v))
	case *List:
		d.list(v.Items, level)
	case Tuple:
		d.list(v, level)
	case *Dict:
		d.dict(v, level)
	default:
		raise("TypeError", "Object of type %s is not JSON serializable", typeName(v))
	}
}

func jsonFloat(f float64) string {
	s := floatRepr(f)
	if other, ok := map[string]string{"inf": "Infinity", "-inf": "-Infinity", "nan": "NaN"}[s]; ok {
		return other
	}
	return s
}

func (d *dumper) newlineSize(level int) int {
	if !d.newlines {
		return 0
	}
	return 1 + level*len(d.indent)
}

func (d *dumper) newline(level int) {
	if d.newlines {
		d.b.WriteByte('\n')
		for range level {
			d.b.WriteString(d.indent)
		}
	}
}

func (d *dumper) list(items []Value, level int) {
	d.b.WriteByte('[')
	for i, x := range items {
		if i > 0 {
			d.b.WriteString(d.item)
		}
		d.newline(level + 1)
		d.value(x, level+1)
	}
	if len(items) > 0 {
		d.newline(level)
	}
	d.b.WriteByte(']')
}

func (d *dumper) dict(v *Dict, level int) {
	entries := v.entries
	if d.sortKeys {
		entries = slices.Clone(entries)
		slices.SortStableFunc(entries, func(a, b entry) int { return d.st.compare("<", a.key, b.key) })
	}
	d.b.WriteByte('{')
	for i, e := range entries {
		if i > 0 {
			d.b.WriteString(d.item)
		}
		d.newline(level + 1)
		d.string(jsonKey(e.key))
		d.b.WriteString(d.pair)
		d.value(e.value, level+1)
	}
	if len(entries) > 0 {
		d.newline(level)
	}
	d.b.WriteByte('}')
}

func jsonKey(v Value) string {
	switch v := v.(type) {
	case string:
		return v
	case Markup:
		return string(v)
	case nil:
		return "null"
	case bool:
		return fmt.Sprint(v)
	case float64:
		return jsonFloat(v)
	case int, *big.Int:
		return fmt.Sprint(v)
	}
	raise("TypeError", "keys must be str, int, float, bool or None, not %s", typeName(v))
	return ""
}

var jsonEscapes = map[rune]string{'"': `\"`, '\\': `\\`, '\n': `\n`, '\r': `\r`, '\t': `\t`, '\f': `\f`, '\b': `\b`}

func (d *dumper) string(s string) {
	d.st.grow(2 + len(s))
	d.b.WriteByte('"')
	for _, r := range s {
		escape, ok := jsonEscapes[r]
		switch {
		case ok:
			d.b.WriteString(escape)
		case d.ascii && r >= 0x10000:
			hi, lo := utf16.EncodeRune(r)
			fmt.Fprintf(&d.b, `\u%04x\u%04x`, hi, lo)
		case r < 0x20 || d.ascii && r >= 0x7f:
			fmt.Fprintf(&d.b, `\u%04x`, r)
		default:
			d.b.WriteRune(r)
		}
	}
	d.b.WriteByte('"')
}

// tojson is the filter as transformers defines it: json.dumps with the order of keys kept and nothing escaped for HTML.
func tojson(st *state, in Value, a Args) Value {
	p := a.bind("tojson", "ensure_ascii?", "indent?", "separators?", "sort_keys?")
	d := dumper{st: st, item: ", ", pair: ": ", ascii: truth(p.or(0, false)), sortKeys: truth(p.or(3, false))}
	indent := p.or(1, nil)
	if indent != nil {
		d.item, d.newlines = ",", true
		if s, ok := text(indent); ok {
			d.indent = s
		} else {
			d.indent = strings.Repeat(" ", min(max(p.int(1, 0), 0), 1000))
		}
	}
	if separators := p.or(2, nil); separators != nil {
		pair := st.items(separators)
		if len(pair) != 2 {
			raise("ValueError", "separators has %d items, 2 expected", len(pair))
		}
		d.item, d.pair = st.str(pair[0]), st.str(pair[1])
	}
	d.value(in, 0)
	return d.b.String()
}
