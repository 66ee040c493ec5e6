package tokenizer

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// node is a JSON object of tokenizer.json that wants every one of its fields to be read. The first error sticks, so
// that a component reads its fields in a row and asks once, at done.
type node struct {
	file, path string // where it stands: "…/tokenizer.json", "decoder.decoders[2]"
	fields     map[string]json.RawMessage
	read       map[string]bool
	err        error
}

// newNode reads an object. A JSON null gives nil: the component is absent.
func newNode(file, path string, raw json.RawMessage) (*node, error) {
	if len(raw) == 0 || string(raw) == "null" {
		return nil, nil
	}
	n := &node{file: file, path: path, read: map[string]bool{}}
	if err := json.Unmarshal(raw, &n.fields); err != nil {
		return nil, n.errorf("expected an object: %w", err)
	}
	return n, nil
}

func (n *node) errorf(format string, args ...any) error {
	where := n.file
	if n.path != "" {
		where += ": " + n.path
	}
	return fmt.Errorf("%s: %w", where, fmt.Errorf(format, args...))
}

func (n *node) fail(format string, args ...any) {
	if n.err == nil {
		n.err = n.errorf(format, args...)
	}
}

// get reads field key into dst and says whether it was there; null counts as absent.
func (n *node) get(key string, dst any) bool {
	n.read[key] = true
	raw, ok := n.fields[key]
	if !ok || string(raw) == "null" {
		return false
	}
	if err := json.Unmarshal(raw, dst); err != nil {
		n.fail("field %q: %w", key, err)
		return false
	}
	return true
}

// must is get for a field that may not be absent.
func (n *node) must(key string, dst any) {
	if !n.get(key, dst) {
		n.fail("field %q is missing", key)
	}
}

func (n *node) text(key string) (s string) {
	n.must(key, &s)
	return s
}

func (n *node) flag(key string, absent bool) bool {
	b := absent
	n.get(key, &b)
	return b
}

func (n *node) child(key string) *node {
	n.read[key] = true
	c, err := newNode(n.file, strings.TrimPrefix(n.path+"."+key, "."), n.fields[key])
	if err != nil && n.err == nil {
		n.err = err
	}
	return c
}

func (n *node) list(key string) []*node {
	var raws []json.RawMessage
	n.must(key, &raws)
	var out []*node
	for i, raw := range raws {
		c, err := newNode(n.file, strings.TrimPrefix(fmt.Sprintf("%s.%s[%d]", n.path, key, i), "."), raw)
		if err != nil && n.err == nil {
			n.err = err
		}
		if c != nil {
			out = append(out, c)
		}
	}
	return out
}

// pattern reads {"String": …} or {"Regex": …}; exactly one of the two is not empty.
func (n *node) pattern() (literal, regex string) {
	p := n.child("pattern")
	if p == nil {
		n.fail("field \"pattern\" is missing")
		return "", ""
	}
	p.get("String", &literal)
	p.get("Regex", &regex)
	if err := p.done(); err != nil && n.err == nil {
		n.err = err
	}
	if (literal == "") == (regex == "") {
		n.fail(`field "pattern": expected one of "String" and "Regex" with a text that is not empty`)
	}
	return literal, regex
}

// finder is pattern, ready to search with.
func (n *node) finder() (finder, error) {
	literal, regex := n.pattern()
	if n.err != nil {
		return nil, n.err
	}
	if regex == "" {
		return findLiteral(literal), nil
	}
	find := expressions[regex]
	if find == nil {
		return nil, n.errorf("the expression %q is not supported: only those of known models are", regex)
	}
	return find, nil
}

// ignore marks fields that change no id: offsets, pairs of texts, leftovers of other components.
func (n *node) ignore(keys ...string) {
	for _, k := range keys {
		n.read[k] = true
	}
}

// done returns the first error, or one that names the fields nobody read.
func (n *node) done() error {
	if n.err != nil {
		return n.err
	}
	var unknown []string
	for k := range n.fields {
		if !n.read[k] {
			unknown = append(unknown, fmt.Sprintf("%q", k))
		}
	}
	if len(unknown) > 0 {
		slices.Sort(unknown)
		return n.errorf("unknown field %s: it may change the ids, so the file is refused", strings.Join(unknown, ", "))
	}
	return nil
}

// components calls visit for each component of an optional, possibly nested Sequence whose members are listed under
// key. visit reads the component of that type; an error that it returns ends the walk.
func components(n *node, key string, visit func(kind string, n *node) error) error {
	if n == nil {
		return nil
	}
	kind := n.text("type")
	if kind != "Sequence" {
		if n.err != nil {
			return n.err
		}
		if err := visit(kind, n); err != nil {
			return err
		}
		return n.done()
	}
	members := n.list(key)
	if err := n.done(); err != nil {
		return err
	}
	for _, m := range members {
		if err := components(m, key, visit); err != nil {
			return err
		}
	}
	return nil
}
