package main

import (
	"errors"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
	"go.yaml.in/yaml/v3"

	"croco/internal/nearest"
)

// readConfig adds the keys of the file of --config, but for those that stand on the command line.
func (w *words) readConfig() error {
	if w.config == "" {
		return nil
	}
	raw, err := os.ReadFile(w.config)
	if err != nil {
		return fmt.Errorf("--config: %w", err)
	}
	var file yaml.Node
	if err := yaml.Unmarshal(raw, &file); err != nil {
		return fmt.Errorf("%s: %w", w.config, err)
	}
	if len(file.Content) == 0 {
		return nil
	}
	keys := file.Content[0]
	if keys.Kind != yaml.MappingNode {
		return fmt.Errorf("%s:%d: expected keys with values, such as learning_rate: 1e-6", w.config, keys.Line)
	}
	for i := 0; i < len(keys.Content); i += 2 {
		if err := w.key(keys.Content[i], keys.Content[i+1]); err != nil {
			return fmt.Errorf("%s:%d: %w", w.config, keys.Content[i].Line, err)
		}
	}
	return nil
}

// key adds one key of the file.
func (w *words) key(key, value *yaml.Node) error {
	name := strings.ReplaceAll(key.Value, "-", "_")
	text, null, err := scalar(value)
	if err != nil {
		return fmt.Errorf("key %q: %w", name, err)
	}
	f := find(w.node, name)
	switch {
	case f == nil:
		note, err := without(name, text)
		if err == nil && note == "" {
			names := slices.DeleteFunc(flagNames(w.node), func(n string) bool { return n == "config" || n == "help" })
			err = fmt.Errorf("unknown key %q; the nearest known is %q", name, nearest.Of(name, names))
		}
		w.notes = append(w.notes, note)
		return err
	case name == "config":
		return errors.New("a config file cannot name another")
	case null || slices.Contains(w.given, name):
		return nil
	}
	trial := reflect.New(f.Target.Type()).Elem()
	if err := f.Parse(kong.ScanFromTokens(kong.Token{Type: kong.FlagValueToken, Value: text}), trial); err != nil {
		return fmt.Errorf("key %q: %s", name, strings.TrimPrefix(err.Error(), f.ShortSummary()+": "))
	}
	w.given, w.out = append(w.given, name), append(w.out, "--"+name+"="+text)
	return nil
}

// scalar is a value as one writes it behind a flag.
func scalar(v *yaml.Node) (text string, null bool, err error) {
	switch v.Kind {
	case yaml.AliasNode:
		return scalar(v.Alias)
	case yaml.ScalarNode:
		return v.Value, v.Tag == "!!null", nil
	case yaml.SequenceNode:
		var items []string
		for _, item := range v.Content {
			if item.Kind != yaml.ScalarNode {
				return "", false, errors.New("expected a list of plain values, found a list of something else")
			}
			items = append(items, item.Value)
		}
		return kong.JoinEscaped(items, ','), false, nil
	}
	return "", false, errors.New("expected a value or a list, found keys with values")
}
