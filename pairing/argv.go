package pairing

import (
	"fmt"
	"math/big"
	"slices"
	"strconv"
	"strings"

	"croco/internal/nearest"
	"croco/pairing/python"
)

// Task is one of the four products.
type Task string

// The four products, in the order in which they are made.
const (
	InLangSFT  Task = "in_lang_sft"
	InLangDPO  Task = "in_lang_dpo"
	AllLangSFT Task = "all_lang_sft"
	AllLangDPO Task = "all_lang_dpo"
)

// Tasks lists all four.
var Tasks = []Task{InLangSFT, InLangDPO, AllLangSFT, AllLangDPO}

// Scope is the kind of pool that the product is made from.
func (t Task) Scope() Scope {
	if t == InLangSFT || t == InLangDPO {
		return InLang
	}
	return AllLang
}

// Pairs says whether the product holds pairs, or only best answers.
func (t Task) Pairs() bool { return t == InLangDPO || t == AllLangDPO }

// arguments is the script's command line.
type arguments struct {
	Options
	inputs, originals []string
	outputDir         string
	tasks             []Task
}

// flag is one option: many takes one value or more, none takes none, otherwise exactly one.
type flag struct {
	name       string
	many, none bool
	authors    bool // the script has it too
	set        func(a *arguments, values []string) error
}

var flags = []flag{
	{name: "input_files", many: true, authors: true, set: func(a *arguments, v []string) error { a.inputs = v; return nil }},
	{name: "original_files", many: true, authors: true, set: func(a *arguments, v []string) error { a.originals = v; return nil }},
	{name: "output_dir", authors: true, set: func(a *arguments, v []string) error { a.outputDir = v[0]; return nil }},
	{name: "tasks", many: true, authors: true, set: setTasks},
	{name: "reject_target", authors: true, set: func(a *arguments, v []string) error { a.RejectTarget = Target(v[0]); return nil }},
	word("prompt_source", true, func(o *Options) *string { return &o.PromptSource }),
	{name: "seed", authors: true, set: setSeed},
	{name: "shuffle", none: true, authors: true, set: func(a *arguments, _ []string) error { a.Shuffle = true; return nil }},
	{name: "max_samples", authors: true, set: setMaxSamples},

	word("key", false, func(o *Options) *string { return &o.Key }),
	yesNo("drop_failed", func(o *Options) *bool { return &o.DropFailed }),
	yesNo("reject_empty", func(o *Options) *bool { return &o.RejectEmpty }),
	word("nonfinite", false, func(o *Options) *string { return &o.NonFinite }),
	word("bom", false, func(o *Options) *string { return &o.BOM }),
	word("rng", false, func(o *Options) *string { return &o.RNG }),
	word("bad_input", false, func(o *Options) *string { return &o.BadInput }),
	word("language_filter", false, func(o *Options) *string { return &o.LanguageFilter }),
	amount("language_penalty", func(o *Options) *float64 { return &o.LanguagePenalty }),
	word("score_normalization", false, func(o *Options) *string { return &o.Normalization }),
	amount("min_gap", func(o *Options) *float64 { return &o.MinGap }),
	amount("length_penalty", func(o *Options) *float64 { return &o.LengthPenalty }),
	amount("max_length_ratio", func(o *Options) *float64 { return &o.MaxLengthRatio }),
	word("length_unit", false, func(o *Options) *string { return &o.LengthUnit }),
	word("rule", false, func(o *Options) *string { return &o.Rule }),
	word("chosen_point", false, func(o *Options) *string { return &o.ChosenPoint }),
	word("rejected_point", false, func(o *Options) *string { return &o.RejectedPoint }),
	word("chosen_file", false, func(o *Options) *string { return &o.ChosenFile }),
	word("scores_file", false, func(o *Options) *string { return &o.ScoresFile }),
	amount("label_noise", func(o *Options) *float64 { return &o.LabelNoise }),
}

func word(name string, authors bool, field func(*Options) *string) flag {
	return flag{name: name, authors: authors, set: func(a *arguments, v []string) error { *field(&a.Options) = v[0]; return nil }}
}

func yesNo(name string, field func(*Options) *bool) flag {
	return flag{name: name, set: func(a *arguments, v []string) (err error) {
		if *field(&a.Options), err = strconv.ParseBool(v[0]); err != nil {
			return fmt.Errorf("expected true or false, found %q", v[0])
		}
		return nil
	}}
}

func amount(name string, field func(*Options) *float64) flag {
	return flag{name: name, set: func(a *arguments, v []string) (err error) {
		if *field(&a.Options), err = strconv.ParseFloat(v[0], 64); err != nil {
			return fmt.Errorf("expected a number, found %q", v[0])
		}
		return nil
	}}
}

func setTasks(a *arguments, values []string) error {
	a.tasks = nil
	for _, v := range values {
		if !slices.Contains(Tasks, Task(v)) {
			return fmt.Errorf("expected some of %v, found %q", Tasks, v)
		}
		a.tasks = append(a.tasks, Task(v))
	}
	return nil
}

// setSeed takes the seeds that numpy takes, as the script hands its seed to numpy too.
func setSeed(a *arguments, v []string) error {
	n, err := integer(v[0])
	if err != nil {
		return err
	}
	if !n.IsInt64() || a.RNG == "authors" && n.Int64() != int64(uint32(n.Int64())) {
		return fmt.Errorf("expected 0 … 4294967295, found %s", n)
	}
	a.Seed = n.Int64()
	return nil
}

func setMaxSamples(a *arguments, v []string) error {
	n, err := integer(v[0])
	if err != nil {
		return err
	}
	if !n.IsInt64() {
		return fmt.Errorf("expected a number of lines, found %s", n)
	}
	lines := int(n.Int64())
	a.MaxSamples = &lines
	return nil
}

// integer reads what Python's int() reads: white space around, a sign, underscores between digits.
func integer(text string) (*big.Int, error) {
	s := python.Strip(text)
	n, ok := new(big.Int).SetString(strings.ReplaceAll(s, "_", ""), 10)
	if !ok || strings.Contains(s, "__") || strings.HasPrefix(strings.TrimLeft(s, "+-"), "_") || strings.HasSuffix(s, "_") {
		return nil, fmt.Errorf("expected a whole number, found %q", text)
	}
	return n, nil
}

// parse reads a command line over the given defaults. compat restricts it to the script's flags and, as Python's
// argparse, takes any unambiguous beginning of one; otherwise names are whole, and dashes do for underscores.
func parse(args []string, defaults Options, compat bool) (arguments, error) {
	a := arguments{Options: defaults, tasks: Tasks}
	for len(args) > 0 {
		name, inline, hasInline := strings.Cut(args[0], "=")
		f, err := lookup(name, compat)
		if err != nil {
			return a, err
		}
		n := 1
		for n < len(args) && !f.none && (f.many || n < 2) && !isFlag(args[n]) && !hasInline {
			n++
		}
		values := args[1:n]
		if hasInline {
			values = []string{inline}
		}
		switch {
		case f.none && len(values) > 0:
			return a, fmt.Errorf("--%s: takes no value, found %q", f.name, inline)
		case !f.none && len(values) == 0:
			return a, fmt.Errorf("--%s: expected a value", f.name)
		}
		if err := f.set(&a, values); err != nil {
			return a, fmt.Errorf("--%s: %w", f.name, err)
		}
		args = args[n:]
	}
	return a, a.Validate()
}

// isFlag tells options from values; negative numbers are values.
func isFlag(arg string) bool {
	if !strings.HasPrefix(arg, "-") || arg == "-" || strings.Contains(arg, " ") {
		return false
	}
	_, err := strconv.ParseFloat(arg, 64)
	return err != nil
}

func lookup(arg string, compat bool) (flag, error) {
	name, long := strings.CutPrefix(arg, "--")
	if !long || name == "" {
		return flag{}, fmt.Errorf("expected a flag such as --input_files, found %q", arg)
	}
	var fits []flag
	var names []string
	for _, f := range flags {
		switch {
		case compat && !f.authors:
			continue
		case f.name == name, !compat && f.name == strings.ReplaceAll(name, "-", "_"):
			return f, nil
		case compat && strings.HasPrefix(f.name, name):
			fits = append(fits, f)
		}
		names = append(names, f.name)
	}
	if len(fits) == 1 {
		return fits[0], nil
	}
	return flag{}, fmt.Errorf("unknown flag --%s; the nearest is --%s", name, nearest.Of(name, names))
}
