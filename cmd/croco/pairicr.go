package main

import (
	"errors"
	"fmt"
	"os"

	"croco/engine"
	"croco/pairing/icr"
)

// pairICRCmd pairs by implicit rewards: croco's own scores, or the authors' files.
type pairICRCmd struct {
	Scores string `name:"scores" help:"Scores that croco implicit wrote."`
	Out    string `name:"out" help:"With --scores: file for the pairs."`

	Languages []string `name:"languages" help:"The authors' files: their languages."`
	Prompts   []string `name:"prompts" help:"The authors' files: rows with instruction and instruction_id, one file per language."`
	Policy    []string `name:"policy" help:"The authors' files: answers with response_log_probs of the tuned model."`
	Reference []string `name:"reference" help:"The authors' files: the same answers with those of the reference."`
	OutputDir string   `name:"output_dir" help:"With the authors' files: folder for the pairs, by the authors' names."`

	LengthControl bool     `name:"length_control" help:"Take α off per character, one α per language, so that chosen and rejected answers are equally long."`
	AlphaStep     float64  `name:"alpha_step" help:"1000 α are tried, so far apart, from 0."`
	UpperBound    *float64 `name:"upper_bound" help:"Only adjusted rewards below it are chosen."`
	Compat        string   `name:"compat" help:"authors: join rewards and answers as their script does, rows without scores included."`
}

func (c *pairICRCmd) Run(t *console) error {
	o := icr.Options{LengthControl: c.LengthControl, AlphaStep: c.AlphaStep, UpperBound: c.UpperBound, Misaligned: c.Compat == "authors"}
	if c.Compat != "" && c.Compat != "authors" {
		return usageError{fmt.Errorf("--compat: expected authors, found %q", c.Compat)}
	}
	if err := o.Validate(); err != nil {
		return usageError{fmt.Errorf("--%w", err)}
	}
	if c.Scores != "" {
		if err := need("out", c.Out); err != nil {
			return err
		}
		found, err := engine.ICRPairs(c.Scores, c.Out, o)
		return t.paired(found, c.Out, err)
	}
	n := len(c.Languages)
	if n == 0 || len(c.Prompts) != n || len(c.Policy) != n || len(c.Reference) != n {
		return usageError{errors.New("expected --scores, or --languages with one file each for --prompts, --policy and --reference")}
	}
	if err := need("output_dir", c.OutputDir); err != nil {
		return err
	}
	var files []icr.Files
	for i, language := range c.Languages {
		files = append(files, icr.Files{Language: language, Prompts: c.Prompts[i], Policy: c.Policy[i], Reference: c.Reference[i]})
	}
	return icr.Run(files, c.OutputDir, o, t.out)
}

// paired prints what a stage of pairs found; nothing where it was made before.
func (t *console) paired(found, out string, err error) error {
	if err != nil {
		return err
	}
	if _, err := os.Stat(out); err != nil {
		return err
	}
	fmt.Fprint(t.out, found)
	return t.finished(out)
}
