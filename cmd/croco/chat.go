package main

import (
	"croco/model/chat"
	"croco/model/text"
)

// chatCmd renders conversations, a line at a time.
type chatCmd struct {
	Template string `name:"template" help:"Template file (.jinja), tokenizer_config.json, or a model: folder, GGUF file, or repository in the hub's cache."`
}

func (c *chatCmd) Run(t *console) error {
	if err := need("template", c.Template); err != nil {
		return err
	}
	template, err := text.Template(c.Template)
	if err != nil {
		return err
	}
	t.endAtOnce()
	return chat.Lines(template, t.in, t.out)
}
