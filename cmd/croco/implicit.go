package main

import (
	"context"

	"croco/engine"
)

// implicitCmd scores answers by how much likelier one model finds them than another.
type implicitCmd struct{ engine.Implicit }

// Help stands under the help of croco implicit.
func (implicitCmd) Help() string {
	return `The score of an answer y is beta · (log π(y | G) − log π_ref(y | G)): what DPO has taught π. G is the answer's prompt as
--variant has it. The file is one of scores, with the two log-probabilities beside; croco pair icr takes it.`
}

func (c *implicitCmd) Run(ctx context.Context, t *console) error {
	if err := need("model_name_or_path", c.ModelNameOrPath, "completions", c.Completions, "out", c.Out); err != nil {
		return err
	}
	if c.Variant != "multilingual" {
		if err := need("prompts", c.Prompts); err != nil {
			return err
		}
	}
	if c.Variant == "translated" {
		if err := need("translations", c.Translations); err != nil {
			return err
		}
	}
	if err := c.Validate(); err != nil {
		return wrongUsage(err)
	}
	d, err := t.open()
	if err != nil {
		return err
	}
	if err := c.Implicit.Run(ctx, d, t.progress()); err != nil {
		return err
	}
	return t.finished(c.Out)
}
