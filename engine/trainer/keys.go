package trainer

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"croco/internal/nearest"
)

// Keys lists the options of a kind, in the order of Args.
func Keys(kind Kind) []string {
	var keys []string
	for f := range reflect.TypeFor[Args]().Fields() {
		if of := f.Tag.Get("kinds"); of == "" || of == string(kind) {
			keys = append(keys, f.Tag.Get("yaml"))
		}
	}
	return keys
}

// Help is the description of an option.
func Help(key string) string {
	for f := range reflect.TypeFor[Args]().Fields() {
		if f.Tag.Get("yaml") == key {
			return f.Tag.Get("help")
		}
	}
	return ""
}

// Set gives an option the value of a flag: dashes in the key count as underscores, and lists are separated by commas.
func (a *Args) Set(kind Kind, key, value string) error {
	key = strings.ReplaceAll(key, "-", "_")
	keys := Keys(kind)
	if !slices.Contains(keys, key) {
		return fmt.Errorf("unknown option %s of %s training; the nearest is %s", key, kind, nearest.Of(key, keys))
	}
	for f, v := range reflect.ValueOf(a).Elem().Fields() {
		if f.Tag.Get("yaml") != key {
			continue
		}
		node := yaml.Node{Kind: yaml.ScalarNode, Value: value}
		switch f.Type.Kind() {
		case reflect.String:
			node.Tag = "!!str" // a folder may be called true
		case reflect.Slice:
			node = yaml.Node{Kind: yaml.SequenceNode}
			for _, item := range strings.Split(value, ",") {
				if item = strings.TrimSpace(item); item != "" {
					node.Content = append(node.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: item})
				}
			}
		}
		if err := node.Decode(v.Addr().Interface()); err != nil {
			return fmt.Errorf("%s: expected %s, found %q", key, article(f.Type), value)
		}
	}
	return nil
}

// article names a type for people.
func article(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Pointer:
		return article(t.Elem())
	case reflect.Bool:
		return "true or false"
	case reflect.Int, reflect.Uint64:
		return "a whole number"
	case reflect.Float64:
		return "a number"
	case reflect.Slice:
		return "a list of values like " + article(t.Elem()) + ", separated by commas"
	}
	return "a text"
}
