package main

import (
	"context"
	"fmt"

	"croco/engine"
)

// generateCmd writes answers.
type generateCmd struct{ engine.Generate }

func (c *generateCmd) Run(ctx context.Context, t *console) error {
	if err := need("model_name_or_path", c.ModelNameOrPath, "prompts", c.Prompts, "out", c.Out); err != nil {
		return err
	}
	if err := c.Validate(); err != nil {
		return wrongUsage(err)
	}
	d, err := t.open()
	if err != nil {
		return err
	}
	if err := c.Generate.Run(ctx, d, t.progress()); err != nil {
		return err
	}
	return t.finished(c.Out)
}

// finished says what stands in a stage's file.
func (t *console) finished(out string) error {
	m, err := engine.ReadManifest(out)
	if err != nil {
		return fmt.Errorf("the manifest of %s: %w", out, err)
	}
	t.say("%s: %d rows in %s", m.Stage, m.Rows, out)
	return nil
}
