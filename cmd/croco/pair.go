package main

import "croco/pairing"

// pairCmd holds the methods of pairing.
type pairCmd struct {
	Croco pairCrocoCmd `cmd:"" passthrough:"" help:"CroCo: the best answer against one near a target reward, inside a language and across languages."`
	ICR   pairICRCmd   `cmd:"" name:"icr" help:"ICR: the answers that a model tuned in English finds likeliest against those it finds least likely."`
	LIDR  pairLIDRCmd  `cmd:"" name:"lidr" help:"LIDR: answers against translated answers, in both directions."`

	SweetSpot pairSweetSpotCmd `cmd:"" name:"sweetspot" help:"Sweet Spot: answers at two points of the distribution of their rewards; all 21 pairs of points with --all."`
	CMAlign   pairCMAlignCmd   `cmd:"" name:"cm-align" help:"CM-Align: the answer that agrees best with the English ones against the one that agrees least."`
	MAPO      pairMAPOCmd      `cmd:"" name:"mapo" help:"MAPO: the answer of which a translator finds the English ones likeliest, against the one of which least."`
}

// Help stands under the help of croco pair.
func (pairCmd) Help() string {
	return `croco pair croco takes the flags of the authors' script (--input_files, --original_files, --output_dir, --tasks,
--reject_target, --prompt_source, --seed, --shuffle, --max_samples) and writes its file names. --input_files may be
scores that croco wrote; --original_files is then left out. --compat authors makes it the script, byte for byte. The
switches for what the authors leave out are described in docs/methods/croco.md.

croco pair icr and croco pair lidr take croco's own files (--scores; --completions and --translations) or the authors'.
docs/methods/icr.md and docs/methods/lidr.md describe them.

croco pair sweetspot takes scores; croco pair cm-align and croco pair mapo take completions and a model, and write the scores
that it gives beside the pairs. docs/methods/sweetspot.md and docs/methods/cm-align.md describe them.`
}

// pairCrocoCmd leaves its arguments to package pairing, which takes them as the authors' script does.
type pairCrocoCmd struct {
	Args []string `arg:"" optional:"" help:"Flags of the method."`
}

func (c *pairCrocoCmd) Run(t *console) error { return pairing.Command(c.Args, t.out, t.err) }
