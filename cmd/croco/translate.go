package main

import (
	"context"
	"errors"

	"croco/engine"
)

// translateCmd translates prompts, or answers.
type translateCmd struct {
	engine.Translate
	Completions string `name:"completions" help:"In place of --source: answers to translate, those in the source language to the file's other languages, the others to the source language."`
	Out         string `name:"out" help:"With --completions: file for the translations."`
	OneWay      bool   `name:"one_way" help:"With --completions: to the source language only."`
}

// Help stands under the help of croco translate.
func (translateCmd) Help() string {
	return `With --source every row of a prompts file becomes a row of NAME_LANGUAGE.jsonl in --output_dir, one file per language of
--languages: the files that croco generate and recipes take. With --completions every answer becomes a row of --out:
what croco pair lidr and croco implicit --variant translated take. Decoding is greedy; a stopped run goes on where it was.`
}

func (c *translateCmd) Run(ctx context.Context, t *console) error {
	d, err := t.open()
	if err != nil {
		return err
	}
	if c.Completions != "" {
		o := engine.Translations{ModelNameOrPath: c.ModelNameOrPath, Adapter: c.Adapter, Completions: c.Completions, Out: c.Out,
			SourceLanguage: c.SourceLanguage, OneWay: c.OneWay, Asking: c.Asking}
		if err := o.Run(ctx, d, t.progress()); err != nil {
			return err
		}
		return t.finished(c.Out)
	}
	if err := c.Translate.Run(ctx, d, t.progress()); err != nil {
		return err
	}
	for _, file := range c.Files() {
		if err := t.finished(file); err != nil {
			return err
		}
	}
	return nil
}

// Validate refuses what cannot run; the parser calls it.
func (c translateCmd) Validate() error {
	if err := need("model_name_or_path", c.ModelNameOrPath); err != nil {
		return err
	}
	switch {
	case c.Source == "" && c.Completions == "", c.Source != "" && c.Completions != "":
		return errors.New("expected one of --source (prompts) and --completions (answers)")
	case c.Completions != "":
		if err := need("out", c.Out); err != nil {
			return err
		}
		return c.Asking.Validate()
	}
	if err := need("output_dir", c.OutputDir); err != nil {
		return err
	}
	return c.Translate.Check()
}
