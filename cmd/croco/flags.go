package main

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"croco/internal/nearest"
)

// bare are the values of flags that may stand alone; aliases are other names of flags.
var (
	bare    = map[string]string{"resume_from_checkpoint": "newest"}
	aliases = map[string]string{"resume": "resume_from_checkpoint"}
)

// normalise brings arguments into the form --flag=value that leaves nothing open: dashes become underscores, a truth
// value may follow its flag or be left out, the values of a list may follow each other. Options of TRL that change
// nothing here become notes. Unknown flags and commands are errors that name the nearest known one.
func normalise(root *kong.Node, args []string) (out, notes []string, err error) {
	w := words{node: root, args: args}
	for len(w.args) > 0 {
		arg := w.next()
		switch {
		case arg == "--":
			return append(append(w.out, arg), w.args...), w.notes, nil
		case w.node.Passthrough:
			w.passThrough(arg)
		case strings.HasPrefix(arg, "--"):
			err = w.flag(strings.TrimPrefix(arg, "--"))
		case strings.HasPrefix(arg, "-") || len(w.node.Children) == 0:
			w.out = append(w.out, arg)
		default:
			err = w.command(arg)
		}
		if err != nil {
			return nil, nil, err
		}
	}
	return w.out, w.notes, w.readConfig()
}

// words are arguments on their way.
type words struct {
	node       *kong.Node // the command so far
	args       []string   // what is left
	out, notes []string
	given      []string // names of the flags
	config     string   // file of --config
}

func (w *words) next() string {
	arg := w.args[0]
	w.args = w.args[1:]
	return arg
}

// command goes down to a subcommand.
func (w *words) command(name string) error {
	var names []string
	for _, child := range w.node.Children {
		if child.Name == name || slices.Contains(child.Aliases, name) {
			w.node, w.out = child, append(w.out, child.Name)
			return nil
		}
		names = append(names, child.Name)
	}
	return fmt.Errorf("unknown command %q; the nearest is %q (croco %s)", name, nearest.Of(name, names), strings.Join(names, " | "))
}

// passThrough leaves arguments to a command that parses for itself. Only it knows its flags, so help is its parent's.
func (w *words) passThrough(arg string) {
	name, value, inline := strings.Cut(arg, "=")
	switch {
	case arg == "--help" || arg == "-h":
		w.out = slices.Insert(w.out, len(w.out)-1, "--help")
	case strings.HasPrefix(arg, "--") && inline:
		w.out = append(w.out, snake(name)+"="+value)
	case strings.HasPrefix(arg, "--"):
		w.out = append(w.out, snake(name))
	default:
		w.out = append(w.out, arg)
	}
}

// snake is --a-b as --a_b.
func snake(flag string) string {
	return "--" + strings.ReplaceAll(strings.TrimLeft(flag, "-"), "-", "_")
}

// flag takes a flag and what belongs to it.
func (w *words) flag(arg string) error {
	name, value, inline := strings.Cut(arg, "=")
	name = strings.ReplaceAll(name, "-", "_")
	if full, ok := aliases[name]; ok {
		name = full
	}
	f := find(w.node, name)
	switch {
	case f != nil && name == "help":
		w.out = append(w.out, "--help")
		return nil
	case inline:
	case f != nil && f.IsBool():
		value = "true"
		if w.hasTruth() {
			value = w.next()
		}
	case w.hasValue():
		value = w.next()
		for f != nil && f.Target.Kind() == reflect.Slice && f.Tag.Sep == ',' && len(w.node.Positional) == 0 && w.hasValue() {
			value += "," + w.next()
		}
	case bare[name] != "":
		value = bare[name]
	case f != nil:
		return fmt.Errorf("--%s: expected a value, found none", name)
	}
	if f == nil {
		return w.foreign(name, value)
	}
	w.given = append(w.given, name)
	if name == "config" {
		w.config = value
	}
	w.out = append(w.out, "--"+name+"="+value)
	return nil
}

// foreign is a flag that the command does not have.
func (w *words) foreign(name, value string) error {
	if w.training() {
		note, err := without(name, value)
		if err == nil && note != "" {
			w.notes = append(w.notes, note)
		}
		if err != nil || note != "" {
			return err
		}
	}
	return fmt.Errorf("unknown flag --%s; the nearest is --%s (croco %s --help lists all)", name, nearest.Of(name, flagNames(w.node)), w.node.Path())
}

func (w *words) training() bool { return w.node.Parent != nil && w.node.Parent.Name == "train" }

// hasValue says whether the next argument is a value. A negative number is one.
func (w *words) hasValue() bool {
	if len(w.args) == 0 {
		return false
	}
	a := w.args[0]
	return !strings.HasPrefix(a, "-") || a == "-" || len(a) > 1 && strings.ContainsRune("0123456789.", rune(a[1]))
}

func (w *words) hasTruth() bool {
	return len(w.args) > 0 && slices.Contains([]string{"true", "false", "yes", "no", "1", "0"}, strings.ToLower(w.args[0]))
}

// find is the flag of that name, of a command or of those above it.
func find(node *kong.Node, name string) *kong.Flag {
	for ; node != nil; node = node.Parent {
		for _, f := range node.Flags {
			if f.Name == name {
				return f
			}
		}
	}
	return nil
}

func flagNames(node *kong.Node) (names []string) {
	for ; node != nil; node = node.Parent {
		for _, f := range node.Flags {
			names = append(names, f.Name)
		}
	}
	return names
}
