package engine

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"croco/internal/nearest"
)

// ReadRecipe reads a recipe over the defaults of its method. set holds "key=value" changes, keys with dots (train.learning_rate=1e-5).
// An unknown key is an error with its file and line and the nearest known key.
func ReadRecipe(path string, set []string) (Recipe, error) {
	r := Defaults()
	raw, err := os.ReadFile(path)
	if err != nil {
		return r, err
	}
	var document yaml.Node
	if err := yaml.Unmarshal(raw, &document); err != nil {
		return r, fmt.Errorf("%s: %w", path, err)
	}
	if len(document.Content) == 0 {
		return r, fmt.Errorf("%s is empty: expected a recipe; croco init writes one", path)
	}
	root := document.Content[0]
	name, err := methodName(root, set)
	if err != nil {
		return r, fmt.Errorf("%s: %w", path, err)
	}
	if r, err = DefaultsOf(name); err != nil {
		return r, fmt.Errorf("%s: %w", path, err)
	}
	if err := checkKeys(path, root, reflect.TypeOf(r), ""); err != nil {
		return r, err
	}
	if err := root.Decode(&r); err != nil {
		return r, fmt.Errorf("%s: %w", path, err)
	}
	for _, s := range set {
		if err := r.set(s); err != nil {
			return r, err
		}
	}
	return r, r.spreadSeed()
}

// methodName is the key method of a recipe, or of the last --set that names it; without one it is croco.
func methodName(root *yaml.Node, set []string) (string, error) {
	var named struct {
		Method string `yaml:"method"`
	}
	if err := root.Decode(&named); err != nil {
		return "", err
	}
	for _, change := range set {
		if name, ok := strings.CutPrefix(change, "method="); ok {
			named.Method = name
		}
	}
	if named.Method == "" {
		named.Method = "croco"
	}
	return named.Method, nil
}

// spreadSeed lets the run's seed hold for the stages that name none.
func (r *Recipe) spreadSeed() error {
	d, err := DefaultsOf(r.Method)
	if err != nil || r.Seed == d.Seed {
		return err
	}
	for _, seed := range []struct{ at, def *uint64 }{{&r.Generate.Seed, &d.Generate.Seed}, {&r.Train.Seed, &d.Train.Seed}, {&r.ICR.English.Seed, &d.ICR.English.Seed},
		{&r.Reward.Train.Seed, &d.Reward.Train.Seed}} {
		if *seed.at == *seed.def && *seed.def != 0 {
			*seed.at = r.Seed
		}
	}
	if r.Pair.Seed == d.Pair.Seed && d.Pair.Seed != 0 {
		r.Pair.Seed = int64(r.Seed)
	}
	return nil
}

// set applies one key=value.
func (r *Recipe) set(change string) error {
	key, value, ok := strings.Cut(change, "=")
	if !ok {
		return fmt.Errorf("--set: expected key=value, such as train.learning_rate=1e-5, found %q", change)
	}
	node := &yaml.Node{}
	if err := yaml.Unmarshal([]byte(value), node); err != nil {
		return fmt.Errorf("--set %s: %w", key, err)
	}
	inner := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!null"}
	if len(node.Content) > 0 {
		inner = node.Content[0]
	}
	parts := strings.Split(key, ".")
	for i := len(parts) - 1; i >= 0; i-- {
		inner = &yaml.Node{Kind: yaml.MappingNode, Content: []*yaml.Node{{Kind: yaml.ScalarNode, Value: parts[i]}, inner}}
	}
	if err := checkKeys("--set", inner, reflect.TypeOf(*r), ""); err != nil {
		return err
	}
	if err := inner.Decode(r); err != nil {
		return fmt.Errorf("--set %s: %w", key, err)
	}
	return nil
}

// checkKeys refuses the keys of a mapping that the fields of a struct do not know.
func checkKeys(file string, node *yaml.Node, t reflect.Type, prefix string) error {
	if node.Kind != yaml.MappingNode || t.Kind() != reflect.Struct {
		return nil
	}
	fields := fieldsOf(t)
	names := slices.Sorted(maps.Keys(fields))
	var faults []error
	for i := 0; i+1 < len(node.Content); i += 2 {
		key := node.Content[i]
		field, ok := fields[key.Value]
		if !ok {
			faults = append(faults, fmt.Errorf("%s:%d: unknown key %s%s; the nearest known one is %s%s", file, key.Line, prefix, key.Value, prefix, nearest.Of(key.Value, names)))
			continue
		}
		if err := checkKeys(file, node.Content[i+1], field, prefix+key.Value+"."); err != nil {
			faults = append(faults, err)
		}
	}
	return errors.Join(faults...)
}

// fieldsOf are the fields of a struct by their keys, those of inlined structs included.
func fieldsOf(t reflect.Type) map[string]reflect.Type {
	fields := map[string]reflect.Type{}
	for i := range t.NumField() {
		name, rest, _ := strings.Cut(t.Field(i).Tag.Get("yaml"), ",")
		switch {
		case rest == "inline":
			maps.Copy(fields, fieldsOf(t.Field(i).Type))
		case name != "" && name != "-":
			fields[name] = t.Field(i).Type
		}
	}
	return fields
}

// Marshal writes a recipe with every default.
func (r *Recipe) Marshal() ([]byte, error) { return yaml.Marshal(r) }
