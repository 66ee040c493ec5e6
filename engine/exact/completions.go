package exact

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"

	"croco/engine"
	"croco/kernels"
)

// completions writes answers in several ways and compares the files.
func (c *check) completions(ctx context.Context, p *Promise) error {
	if c.labels > 0 {
		p.Skipped = noAnswers
		return nil
	}
	if err := c.makePrompts(); err != nil {
		return err
	}
	whole, err := c.writePrompts("prompts.jsonl", c.prompts)
	if err != nil {
		return err
	}
	few, err := c.writePrompts("few.jsonl", c.prompts[:alone])
	if err != nil {
		return err
	}
	g := c.generation(whole)
	want, err := c.write(ctx, g, "whole", c.one)
	if err != nil {
		return err
	}
	c.answers = c.file("whole.jsonl")
	first := head(want, alone*perPrompt)
	for _, way := range []struct {
		name string
		want []byte
		run  func() ([]byte, error)
	}{
		{"3 answers at a time", want, func() ([]byte, error) { g := g; g.MaxRows = 3; return c.write(ctx, g, "three", c.one) }},
		{"2 threads", want, func() ([]byte, error) { return c.write(ctx, g, "threads", c.two) }},
		{"2 shards", want, func() ([]byte, error) { return c.sharded(ctx, g) }},
		{"a resume", want, func() ([]byte, error) { return c.resume(ctx, g) }},
		{"1 answer at a time", first, func() ([]byte, error) { g := c.generation(few); g.MaxRows = 1; return c.write(ctx, g, "one", c.two) }},
		{"each prompt alone", first, func() ([]byte, error) { return c.alone(ctx) }},
	} {
		got, err := way.run()
		if err != nil {
			return fmt.Errorf("%s: %w", way.name, err)
		}
		at, same := firstDifference(way.want, got)
		p.hold(same, "by %s, row %d differs", way.name, at)
	}
	p.Ways = fmt.Sprintf("%d completions: 64, 3 and 1 at a time, 1 and 2 threads, 2 shards, cut in the middle of a row and resumed, alone", promptCount*perPrompt)
	return nil
}

// alone is the number of prompts of the slow ways.
const alone = 4

func (c *check) generation(prompts string) engine.Generate {
	g := engine.GenerateDefaults()
	g.ModelNameOrPath, g.Adapter, g.Prompts = c.Model, c.Adapter, prompts
	g.N, g.MaxNewTokens, g.Seed = perPrompt, newTokens, 7
	return g
}

// write runs the stage and returns its file.
func (c *check) write(ctx context.Context, g engine.Generate, name string, d kernels.Device) ([]byte, error) {
	g.Out = c.file(name + ".jsonl")
	if err := g.Run(ctx, d, nil); err != nil {
		return nil, err
	}
	return os.ReadFile(g.Out)
}

// sharded writes shards and joins them.
func (c *check) sharded(ctx context.Context, g engine.Generate) ([]byte, error) {
	for i := range 2 {
		g.Shard = engine.Shard{I: i, N: 2}.String()
		if _, err := c.write(ctx, g, fmt.Sprint("shard", i), c.two); err != nil {
			return nil, err
		}
	}
	out := c.file("joined.jsonl")
	if err := engine.MergeShards(out, c.file("shard1.jsonl"), c.file("shard0.jsonl")); err != nil {
		return nil, err
	}
	return os.ReadFile(out)
}

// resume stops a run, cuts its file in the middle of a row, and runs it again by another number of threads.
func (c *check) resume(ctx context.Context, g engine.Generate) ([]byte, error) {
	g.Out, g.MaxRows = c.file("resumed.jsonl"), 8
	stopped, stop := context.WithCancel(ctx)
	defer stop()
	err := g.Run(stopped, c.one, func(u engine.Update) {
		if u.Done > u.Total/3 {
			stop()
		}
	})
	if err != nil && !errors.Is(err, context.Canceled) || ctx.Err() != nil {
		return nil, errors.Join(err, ctx.Err())
	}
	half, err := os.ReadFile(g.Out)
	if err != nil {
		return nil, err
	}
	if err := os.Truncate(g.Out, int64(len(half))*2/3); err != nil {
		return nil, err
	}
	return c.write(ctx, g, "resumed", c.two)
}

// alone writes the answers of a few prompts, each by a run of its own.
func (c *check) alone(ctx context.Context) (all []byte, err error) {
	for i, p := range c.prompts[:alone] {
		name := fmt.Sprint("alone", i)
		path, err := c.writePrompts(name+".prompts.jsonl", [][]byte{p})
		if err != nil {
			return nil, err
		}
		rows, err := c.write(ctx, c.generation(path), name, c.one)
		if err != nil {
			return nil, err
		}
		all = append(all, rows...)
	}
	return all, nil
}

// firstDifference is the first row, counted from 1, in which two files differ.
func firstDifference(want, got []byte) (row int, same bool) {
	w, g := bytes.SplitAfter(want, []byte("\n")), bytes.SplitAfter(got, []byte("\n"))
	for row = 0; row < min(len(w), len(g)); row++ {
		if !bytes.Equal(w[row], g[row]) {
			return row + 1, false
		}
	}
	return row, len(w) == len(g)
}

// head is the first rows of a file.
func head(file []byte, rows int) []byte {
	return bytes.Join(bytes.SplitAfterN(file, []byte("\n"), rows+1)[:rows], nil)
}
