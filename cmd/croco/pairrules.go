package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"croco/engine"
	"croco/kernels"
	"croco/pairing"
	"croco/pairing/sweetspot"
)

// pairingFlags are the switches that the rules below have in common.
type pairingFlags struct {
	Scope          string  `name:"scope" default:"in_lang" help:"in_lang: pools per language; all_lang: one pool over all."`
	Seed           int64   `name:"seed" default:"42" help:"Seed of what is drawn."`
	LanguageFilter string  `name:"language_filter" default:"none" help:"Answers in another language than their prompt's: none, drop or penalty."`
	MinGap         float64 `name:"min_gap" help:"Least difference between the two scores."`
	MaxLengthRatio float64 `name:"max_length_ratio" help:"Longest over shortest answer of a pair; 0: any."`
}

func (f pairingFlags) options() pairing.Options {
	o := pairing.Defaults()
	o.Scope, o.Seed, o.LanguageFilter, o.MinGap, o.MaxLengthRatio = pairing.Scope(f.Scope), f.Seed, f.LanguageFilter, f.MinGap, f.MaxLengthRatio
	return o
}

// makePairs pairs a scores file and says what came of it.
func (t *console) makePairs(scores, out string, o pairing.Options) error {
	if err := o.Validate(); err != nil {
		return wrongUsage(err)
	}
	report, err := engine.Pairs(scores, out, o)
	if err != nil {
		return err
	}
	if report == "" {
		t.say("%s is there already", out)
		return nil
	}
	fmt.Fprint(t.out, report)
	return nil
}

// pairSweetSpotCmd pairs answers at two points of the distribution of their rewards.
type pairSweetSpotCmd struct {
	pairingFlags
	Scores        string `name:"scores" help:"Scored answers: croco score writes them."`
	Out           string `name:"out" help:"File for the pairs; with --all a folder."`
	ChosenPoint   string `name:"chosen_point" default:"max" help:"max, mu+2s, mu+1s, mu, mu-1s, mu-2s or min."`
	RejectedPoint string `name:"rejected_point" default:"mu-2s" help:"The same, or min_of_5: the worst of five drawn."`
	All           bool   `name:"all" help:"All 21 pairs of points, and max against min_of_5: a file each, CHOSEN_REJECTED.jsonl."`
}

func (c *pairSweetSpotCmd) Run(t *console) error {
	if err := need("scores", c.Scores, "out", c.Out); err != nil {
		return err
	}
	o := c.options()
	o.Rule, o.ChosenPoint, o.RejectedPoint = pairing.SweetSpotRule, c.ChosenPoint, c.RejectedPoint
	if !c.All {
		return t.makePairs(c.Scores, c.Out, o)
	}
	arm := func(high, low string) error {
		o.ChosenPoint, o.RejectedPoint = high, low
		t.say("%s over %s", high, low)
		err := t.makePairs(c.Scores, filepath.Join(c.Out, high+"_"+low+".jsonl"), o)
		if errors.Is(err, engine.ErrNoPair) { // with few answers neighbouring points are the same one
			t.say("%v", err)
			return nil
		}
		return err
	}
	for l, low := range sweetspot.Points {
		for _, high := range sweetspot.Points[l+1:] {
			if err := arm(high.String(), low.String()); err != nil {
				return err
			}
		}
	}
	return arm("max", "min_of_5")
}

// pairCMAlignCmd scores answers by their agreement with the source language's and pairs them.
type pairCMAlignCmd struct {
	engine.CMAlign
	pairingFlags
}

func (c *pairCMAlignCmd) Run(ctx context.Context, t *console) error {
	if err := need("model_name_or_path", c.ModelNameOrPath, "completions", c.Completions, "out", c.Out); err != nil {
		return err
	}
	return t.agree(ctx, c.Out, c.options(), func(out string) stageRun { c.CMAlign.Out = out; return c.CMAlign.Run })
}

// pairMAPOCmd scores answers by how likely a translator finds the source language's answers behind them, and pairs them.
type pairMAPOCmd struct {
	engine.MAPO
	pairingFlags
}

func (c *pairMAPOCmd) Run(ctx context.Context, t *console) error {
	if err := need("model_name_or_path", c.ModelNameOrPath, "completions", c.Completions, "out", c.Out); err != nil {
		return err
	}
	return t.agree(ctx, c.Out, c.options(), func(out string) stageRun { c.MAPO.Out = out; return c.MAPO.Run })
}

// stageRun is the Run of a stage.
type stageRun = func(context.Context, kernels.Device, engine.Progress) error

// agree runs the stage that scores, into OUT's name with .scores before its end, and pairs the best with the worst.
func (t *console) agree(ctx context.Context, out string, o pairing.Options, to func(scores string) stageRun) error {
	d, err := t.open()
	if err != nil {
		return err
	}
	scores := strings.TrimSuffix(out, ".jsonl") + ".scores.jsonl"
	if err := to(scores)(ctx, d, t.progress()); err != nil {
		return err
	}
	if err := t.finished(scores); err != nil {
		return err
	}
	o.RejectTarget = pairing.Min
	return t.makePairs(scores, out, o)
}
