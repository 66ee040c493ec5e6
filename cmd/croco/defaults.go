package main

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"croco/engine/trainer"
)

// prepare completes the grammar: defaults from the fields, and only those training options that the kind has.
func prepare(k *kong.Kong) error {
	return kong.Visit(k.Model.Node, func(v kong.Visitable, next kong.Next) error {
		if node, ok := v.(*kong.Node); ok {
			node.Flags = slices.DeleteFunc(node.Flags, func(f *kong.Flag) bool { return !belongs(f, node) })
			for _, f := range node.Flags {
				takeDefault(f.Value)
			}
		}
		return next(nil)
	})
}

// kinds are the training commands.
var kinds = map[string]trainer.Kind{"dpo": trainer.DPO, "sft": trainer.SFT, "rm": trainer.Reward}

// belongs says whether a flag is for the command: a tag kinds:"dpo" keeps it to some.
func belongs(f *kong.Flag, node *kong.Node) bool {
	return !f.Tag.Has("kinds") || slices.Contains(strings.Split(f.Tag.Get("kinds"), ","), string(kinds[node.Name]))
}

// takeDefault makes what the field holds now the flag's default. Kong would set it to zero.
func takeDefault(v *kong.Value) {
	if v.HasDefault || v.Target.IsZero() {
		return
	}
	v.HasDefault, v.Default = true, flagText(v.Target)
	if v.IsBool() {
		v.Help += " Default: true." // kong shows the others beside the name
	}
}

// flagText is a value as one writes it behind a flag.
func flagText(v reflect.Value) string {
	if v.Kind() != reflect.Slice {
		return fmt.Sprint(v.Interface())
	}
	items := make([]string, v.Len())
	for i := range items {
		items[i] = flagText(v.Index(i))
	}
	return kong.JoinEscaped(items, ',')
}
