package python

import (
	"fmt"
	"unicode/utf8"
)

// Rows reads one JSON object a line; blank lines are passed over. Errors name the file and the line.
func Rows(text, name string) ([]*Object, error) {
	if !utf8.ValidString(text) {
		return nil, fmt.Errorf("%s: expected UTF-8; convert the file", name)
	}
	var rows []*Object
	for i, line := range Lines(text) {
		if Strip(line) == "" {
			continue
		}
		v, err := Loads(line)
		if err != nil {
			return nil, fmt.Errorf("%s:%d: expected one JSON object a line: %w", name, i+1, err)
		}
		row, ok := v.(*Object)
		if !ok {
			return nil, fmt.Errorf("%s:%d: expected an object, found %s", name, i+1, typeName(v))
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// DumpRows writes one object a line, as Rows reads them.
func DumpRows(rows []*Object) string {
	var b []byte
	for _, row := range rows {
		b = append(AppendJSON(b, row), '\n')
	}
	return string(b)
}

// Text is the value of a key that has to be there and hold text.
func (o *Object) Text(key string) (string, error) {
	v, ok := o.Lookup(key)
	if !ok {
		return "", fmt.Errorf("expected the key %s, found %q", key, o.Keys)
	}
	s, ok := v.(string)
	if !ok {
		return "", fmt.Errorf("%s: expected text, found %s", key, typeName(v))
	}
	return s, nil
}

// List is the value of a key that has to be there and hold a list.
func (o *Object) List(key string) ([]any, error) {
	v, ok := o.Lookup(key)
	if !ok {
		return nil, fmt.Errorf("expected the key %s, found %q", key, o.Keys)
	}
	list, ok := v.([]any)
	if !ok {
		return nil, fmt.Errorf("%s: expected a list, found %s", key, typeName(v))
	}
	return list, nil
}

// Texts is List with text in every place.
func (o *Object) Texts(key string) ([]string, error) {
	list, err := o.List(key)
	if err != nil {
		return nil, err
	}
	texts := make([]string, len(list))
	for i, v := range list {
		s, ok := v.(string)
		if !ok {
			return nil, fmt.Errorf("%s, item %d: expected text, found %s", key, i+1, typeName(v))
		}
		texts[i] = s
	}
	return texts, nil
}

// ParsableRows is Rows that passes over what does not parse, and counts it. Blank lines are not counted.
func ParsableRows(text string) (rows []*Object, skipped int) {
	for _, line := range Lines(text) {
		line = Strip(line)
		v, err := Loads(line)
		if row, ok := v.(*Object); ok && err == nil {
			rows = append(rows, row)
		} else if line != "" {
			skipped++
		}
	}
	return rows, skipped
}
