package main

import (
	"errors"
	"fmt"

	"croco/engine"
	"croco/pairing/lidr"
)

// pairLIDRCmd pairs answers with translations: croco's own files, or the authors'.
type pairLIDRCmd struct {
	Completions     string `name:"completions" help:"One answer per prompt, that croco generate wrote."`
	Translations    string `name:"translations" help:"Their translations, that croco translate --completions wrote."`
	Out             string `name:"out" help:"With --completions: file for the pairs."`
	ModelNameOrPath string `name:"model_name_or_path" help:"With --completions: the model that is to be trained, whose tokenizer gives the pairs ids; without it they hold texts."`
	PromptFormat    string `name:"prompt_format" help:"What a prompt that is a text became when it was answered: text or chat."`
	SourceLanguage  string `name:"source_language" help:"The language in which the model is better."`

	InputDir  string   `name:"input_dir" help:"The authors' files: folder of both directions of every language."`
	Languages []string `name:"languages" help:"The authors' files: the languages beside English."`
	FileName  string   `name:"file_name" help:"The authors' files: name of a direction, with {src_lang} and {tgt_lang}."`
	Input     string   `name:"input" help:"The authors' files: strict, or authors: lines that do not parse and the longer file's tail are passed over."`
	OutputDir string   `name:"output_dir" help:"With --input_dir: folder for the pairs, by the authors' names."`

	Instructions string `name:"instructions" help:"A file with the ids of prompts about translating, whose chosen answer stays in the source language."`
	EnglishPairs string `name:"english_pairs" help:"Of which languages' English pairs are kept: all, first or last."`
	Empty        string `name:"empty" help:"An empty translation: drop the pair, or authors: keep it."`
	Compat       string `name:"compat" help:"authors: the script's own switches, its single file name included."`
}

func (c *pairLIDRCmd) setDefaults() {
	o := lidr.Defaults()
	c.EnglishPairs, c.Empty, c.Input, c.FileName = o.EnglishPairs, o.Empty, o.Input, o.FileName
	c.SourceLanguage, c.PromptFormat = "en", "text"
}

func (c *pairLIDRCmd) Run(t *console) error {
	o := lidr.Options{EnglishPairs: c.EnglishPairs, Empty: c.Empty, Input: c.Input, FileName: c.FileName}
	switch c.Compat {
	case "":
	case "authors":
		o = lidr.AuthorsOptions()
	default:
		return usageError{fmt.Errorf("--compat: expected authors, found %q", c.Compat)}
	}
	if err := o.Validate(); err != nil {
		return usageError{fmt.Errorf("--%w", err)}
	}
	if c.Completions != "" {
		if err := need("translations", c.Translations, "out", c.Out); err != nil {
			return err
		}
		p := engine.LIDRPairs{ModelNameOrPath: c.ModelNameOrPath, PromptFormat: c.PromptFormat, Completions: c.Completions, Translations: c.Translations, Out: c.Out,
			LIDR: engine.LIDR{SourceLanguage: c.SourceLanguage, EnglishPairs: o.EnglishPairs, Empty: o.Empty, Instructions: c.Instructions}}
		found, err := p.Run()
		return t.paired(found, c.Out, err)
	}
	if c.InputDir == "" || len(c.Languages) == 0 {
		return usageError{errors.New("expected --completions with --translations, or --input_dir with --languages")}
	}
	if err := need("output_dir", c.OutputDir); err != nil {
		return err
	}
	return lidr.Run(c.InputDir, c.Instructions, c.OutputDir, c.Languages, o, t.out)
}
