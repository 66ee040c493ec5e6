// Package recipes holds the recipes that croco carries, as commented YAML.
//
//	Names   the recipes there are
//	Read    one of them
package recipes

import (
	"embed"
	"fmt"
	"strings"
)

//go:embed *.yaml
var files embed.FS

// Names are the recipes there are, without .yaml.
func Names() []string {
	entries, err := files.ReadDir(".")
	if err != nil {
		panic(err) // embedded
	}
	var names []string
	for _, e := range entries {
		names = append(names, strings.TrimSuffix(e.Name(), ".yaml"))
	}
	return names
}

// Read is the text of a recipe.
func Read(name string) ([]byte, error) {
	raw, err := files.ReadFile(name + ".yaml")
	if err != nil {
		return nil, fmt.Errorf("recipe %q is unknown: expected %s", name, strings.Join(Names(), ", "))
	}
	return raw, nil
}
