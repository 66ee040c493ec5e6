// Command croco tunes a multilingual language model on its own answers.
//
// One file per subcommand: parse, validate, call; no maths. What they share:
//
//	main.go       the list of commands, exit codes, Ctrl-C
//	flags.go      flags as TRL's users write them: snake case or dashes, lists, truth values; the nearest known name
//	defaults.go   a flag's default is what its field holds before parsing
//	config.go     --config FILE.yaml
//	console.go    standard streams and the device
//	progress.go   the progress line
//	log.go        what stages tell beside it
//	without.go    TRL's options that change nothing here
//
// Exit codes: 0 done, 1 failed, 2 wrong usage or recipe, 130 interrupted.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"

	"croco/engine"
	"croco/engine/tasks"
	"croco/engine/trainer"
	"croco/pairing/icr"
)

// commands is the command line. A field is a command; its help stands in the order of the fields.
type commands struct {
	Device  string `name:"device" default:"auto" env:"CROCO_DEVICE" help:"auto, cpu, cuda or reference."`
	Threads int    `name:"threads" help:"Threads of the cpu device; 0: one per processor. It changes no bit."`
	DType   string `name:"dtype" default:"auto" help:"What matrix products multiply: auto (what suits the device), float32 or bfloat16."`
	Quiet   bool   `name:"quiet" short:"q" help:"Say nothing but errors."`

	Demo        demoCmd        `cmd:"" help:"The whole loop in a toy world, in a minute and without a download."`
	Init        initCmd        `cmd:"" help:"Write a commented recipe."`
	Run         runCmd         `cmd:"" help:"Run what is missing of a recipe, from prompts to a report."`
	Generate    generateCmd    `cmd:"" help:"Write N answers to every prompt, with their log-probabilities."`
	Translate   translateCmd   `cmd:"" help:"Translate prompts into other languages, or answers from and to one."`
	Score       scoreCmd       `cmd:"" help:"Give every answer a number: a reward model, rules, or both."`
	Implicit    implicitCmd    `cmd:"" help:"Give every answer a number: how much likelier one model finds it than another."`
	MergeShards mergeShardsCmd `cmd:"" name:"merge-shards" help:"Join the files of --shard runs into the one that a single machine would have written."`
	Pair        pairCmd        `cmd:"" help:"Pair good answers with worse ones."`
	Train       trainCmd       `cmd:"" help:"Tune a model: preferences, supervised, or a reward model."`
	Eval        evalCmd        `cmd:"" help:"Measure a model on a task, or compare two models' results."`
	Judge       judgeCmd       `cmd:"" help:"Ask a judge which of two models' answers are better: win rates."`
	RewardBench rewardBenchCmd `cmd:"" name:"rewardbench" help:"Test which of two answers a reward model prefers, per language: M-RewardBench, or your own pairs."`
	BestOf      bestOfCmd      `cmd:"" name:"best-of" help:"Pick the best of n scored answers, and say what that gives."`
	Shift       shiftCmd       `cmd:"" help:"Compare where two models put translations of the same texts, layer by layer."`
	Report      reportCmd      `cmd:"" help:"Write the page of a run folder again."`
	Merge       mergeCmd       `cmd:"" help:"Work a LoRA adapter into its model."`
	Verify      verifyCmd      `cmd:"" help:"Check a model, an adapter, or the promises of exactness."`
	Inspect     inspectCmd     `cmd:"" help:"Tell a model on one screen: family, size, what is unusual, memory, tokenizer, template."`
	Tokenize    tokenizeCmd    `cmd:"" help:"Texts to token ids and back."`
	Chat        chatCmd        `cmd:"" help:"Conversations to text, by a chat template."`
	Env         envCmd         `cmd:"" help:"Versions, processor, memory, devices: the block to paste into a bug report."`
	Bench       benchCmd       `cmd:"" help:"Measure operations and the tokenizer."`
}

// newCommands is the command line with the defaults of the packages behind it.
func newCommands() *commands {
	c := &commands{}
	c.Generate.Generate = engine.GenerateDefaults()
	c.Score.Score = engine.ScoreDefaults()
	c.Translate.Translate = engine.TranslateDefaults()
	c.Implicit.Implicit = engine.ImplicitDefaults()
	c.Pair.ICR.LengthControl, c.Pair.ICR.AlphaStep = true, icr.Defaults().AlphaStep
	c.Pair.LIDR.setDefaults()
	c.Pair.CMAlign.CMAlign, c.Pair.MAPO.MAPO = engine.CMAlignDefaults(), engine.MAPODefaults()
	c.RewardBench.RewardBench = engine.RewardBenchDefaults()
	c.Shift.Shift = engine.ShiftDefaults()
	c.Train.DPO.Args = trainer.Defaults(trainer.DPO)
	c.Train.SFT.Args = trainer.Defaults(trainer.SFT)
	c.Train.RM.Args = trainer.Defaults(trainer.Reward)
	c.Eval.Eval = tasks.EvalDefaults()
	c.Judge.Judge = tasks.JudgeDefaults()
	c.Bench.Ops.Seconds = 0.2
	return c
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // the second Ctrl-C ends the process at once
	os.Exit(run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// run is the program: arguments to exit code.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	err := dispatch(ctx, args, stdin, stdout, stderr)
	var usage usageError
	switch {
	case err == nil:
		return 0
	case errors.Is(err, context.Canceled):
		fmt.Fprintln(stderr, "croco: interrupted; run the same command again to go on")
		return 130
	}
	fmt.Fprintf(stderr, "croco: %v\n", err)
	switch {
	case errors.Is(err, trainer.ErrInterrupted):
		return 130
	case errors.As(err, &usage):
		return 2
	}
	return 1
}

// dispatch parses the arguments and runs the command.
func dispatch(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) error {
	c, helped := newCommands(), false
	parser, err := kong.New(c, kong.Name("croco"), kong.Writers(stdout, stderr), kong.Exit(func(int) { helped = true }),
		kong.Description("Tune a multilingual language model on its own answers: prompts, N answers each, rewards, pairs, LoRA DPO."),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, NoExpandSubcommands: true, WrapUpperBound: 120}), kong.PostBuild(prepare))
	if err != nil {
		return err
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	args, notes, err := normalise(parser.Model.Node, args)
	if err != nil {
		return usageError{err}
	}
	parsed, err := parser.Parse(args)
	switch {
	case helped:
		return nil
	case err != nil:
		return usageError{err}
	}
	t := newConsole(c, stdin, stdout, stderr)
	for _, n := range notes {
		t.say("%s", n)
	}
	parsed.BindTo(ctx, (*context.Context)(nil))
	return parsed.Run(t)
}

// usageError is a mistake on the command line or in a recipe: exit code 2.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// wrongUsage marks an error, where there is one, as a mistake of usage.
func wrongUsage(err error) error {
	if err == nil {
		return nil
	}
	return usageError{err}
}

// need refuses an empty option: names and values alternate.
func need(options ...string) error {
	for i := 0; i < len(options); i += 2 {
		if options[i+1] == "" {
			return usageError{fmt.Errorf("--%s is missing", options[i])}
		}
	}
	return nil
}
