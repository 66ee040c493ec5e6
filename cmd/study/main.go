// Command study makes docs/study.md: it runs what is missing of the toy world's study, and writes the page from the
// results. It is run by make study, and may be stopped at any point.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"regexp"
	"slices"
	"time"

	"croco/engine/study"
	"croco/internal/jsonl"
	"croco/kernels/cpu"
)

func main() {
	o := options{}
	flag.StringVar(&o.dir, "dir", "out/study", "folder for models, pairs and adapters")
	flag.StringVar(&o.results, "results", "docs/study.jsonl", "file of results, which is appended to")
	flag.StringVar(&o.page, "page", "docs/study.md", "file for the page; none: do not write it")
	flag.StringVar(&o.arms, "arms", "", "only arms whose name this expression matches")
	flag.StringVar(&o.groups, "groups", "", "only arms whose table this expression matches")
	flag.IntVar(&o.seeds, "seeds", 6, "how many seeds")
	flag.IntVar(&o.only, "seed", -1, "only this one of them")
	flag.BoolVar(&o.choose, "choose", true, "also run the arms that choose the recipe")
	flag.BoolVar(&o.render, "render", false, "only write the page")
	flag.IntVar(&o.threads, "threads", 0, "0: one per core")
	flag.Parse()
	if err := o.run(); err != nil {
		fmt.Fprintln(os.Stderr, "study:", err)
		os.Exit(1)
	}
}

type options struct {
	dir, results, page, arms, groups string
	seeds, only, threads             int
	choose, render                   bool
}

func (o options) run() error {
	var stopped error // the page is written in any case
	if !o.render {
		stopped = o.measure()
	}
	if o.page == "" {
		return stopped
	}
	results, err := study.Read(o.results)
	if err != nil {
		return errors.Join(stopped, err)
	}
	page, err := study.Page(results)
	if err != nil {
		return errors.Join(stopped, err)
	}
	return errors.Join(stopped, jsonl.WriteFile(o.page, []byte(page)))
}

// measure runs what is missing.
func (o options) measure() error {
	wanted, err := regexp.Compile(o.arms)
	if err != nil {
		return fmt.Errorf("-arms: %w", err)
	}
	groups, err := regexp.Compile(o.groups)
	if err != nil {
		return fmt.Errorf("-groups: %w", err)
	}
	d, err := cpu.New(o.threads)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	begin := time.Now()
	s := &study.Study{Dir: o.dir, Results: o.results, Device: d,
		Say: func(line string) { fmt.Printf("%6.0f s  %s\n", time.Since(begin).Seconds(), line) }}
	pick := func(arms []study.Arm) []study.Arm {
		return slices.DeleteFunc(slices.Clone(arms), func(a study.Arm) bool { return !wanted.MatchString(a.Name) || !groups.MatchString(a.Group) })
	}
	for seed := range o.seeds {
		s.Bases = append(s.Bases, seed)
	}
	if s.Arms, s.Seeds = pick(study.ChoiceArms()), study.DevSeeds(); o.choose {
		if err := s.Run(ctx); err != nil {
			return err
		}
	}
	s.Arms, s.Seeds = pick(study.Arms()), s.Bases
	if o.only >= 0 {
		s.Seeds = []int{o.only}
	}
	return s.Run(ctx)
}
