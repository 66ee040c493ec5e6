package main

import (
	"context"
	"fmt"

	"croco/engine"
)

// shiftCmd compares where two models put translations of the same texts.
type shiftCmd struct {
	engine.Shift
	Markdown bool `name:"markdown" help:"Tables for a document."`
}

// Help stands under the help of croco shift.
func (shiftCmd) Help() string {
	return `For each line of the parallel texts, f = σ1/Σσ of the vectors that a layer has for it in each language: 1 where all
languages point one way, 1/L where they are orthogonal. A reward model whose f stays near that of the model it was trained
from has kept its languages as they were (Hong et al., NAACL 2025). Then how long the last layer's vectors are.`
}

func (c *shiftCmd) Run(ctx context.Context, t *console) error {
	if err := need("model_name_or_path", c.ModelNameOrPath, "texts", c.Texts); err != nil {
		return err
	}
	d, err := t.open()
	if err != nil {
		return err
	}
	s, err := c.Shift.Run(ctx, d)
	if err != nil {
		return err
	}
	layers, norms := s.Table(), s.NormTable()
	if c.Markdown {
		fmt.Fprintf(t.out, "%s\n%s", layers.Markdown(), norms.Markdown())
	} else {
		fmt.Fprintf(t.out, "%s\n%s", layers.Text(), norms.Text())
	}
	t.say("%d texts in %d languages, %s token state", s.Texts, len(s.Languages), c.Pooling)
	return nil
}
