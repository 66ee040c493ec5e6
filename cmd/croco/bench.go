package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"croco/kernels"
	"croco/kernels/optest"
	"croco/model/text"
)

// benchCmd holds the measurements.
type benchCmd struct {
	Ops      benchOpsCmd      `cmd:"" help:"Time the device's operations at the sizes of a small real model."`
	Tokenize benchTokenizeCmd `cmd:"" help:"Time the tokenizer on a text."`
	Generate benchGenerateCmd `cmd:"" help:"Time N answers to one prompt."`
	Score    benchScoreCmd    `cmd:"" help:"Time a reward model on conversations."`
	DPO      benchDPOCmd      `cmd:"" name:"dpo" help:"Time steps of LoRA preference tuning."`
	Full     benchFullCmd     `cmd:"" help:"Time supervised steps that train all weights."`
	Load     benchLoadCmd     `cmd:"" help:"Time a model from its files to its first token."`
}

type benchOpsCmd struct {
	JSON    bool    `name:"json" help:"One JSON object a line."`
	Only    string  `name:"only" help:"Only operations whose name begins so: linear, attention, peak, …"`
	Sizes   string  `name:"sizes" enum:"tiny,small,large" default:"small" help:"Of which model: small, of 135 million parameters; large, of 8 billion, for GPUs; tiny, to try it."`
	Seconds float64 `name:"seconds" help:"Time to spend on each."`
}

// measured is a row: bytes are those that must pass at least once, peak_fraction is the share of the least time that the
// device's multiply-adds or its memory allow, whichever is longer. Work that stays in a cache may come out above 1.
type measured struct {
	Op           string  `json:"op"`
	Size         string  `json:"size"`
	DType        string  `json:"dtype"`                // of the weight
	Arithmetic   string  `json:"arithmetic,omitempty"` // where products multiply other than float32
	Rows         int     `json:"rows"`
	FLOPs        float64 `json:"flops"`
	Bytes        float64 `json:"bytes"`
	Seconds      float64 `json:"seconds"`
	PeakFraction float64 `json:"peak_fraction,omitempty"` // absent on devices that do not measure their peak
}

func (c *benchOpsCmd) Run(ctx context.Context, t *console) error {
	d, err := t.open()
	if err != nil {
		return err
	}
	show, end := c.printer(t.out)
	var flops, bytes float64
	if p, ok := d.(interface{ Peak() (flops, bytes float64) }); ok {
		flops, bytes = p.Peak()
		t.say("peak: %.0f GFLOP/s of multiply-adds, %.1f GB/s read from memory", flops/1e9, bytes/1e9)
		if strings.HasPrefix("peak", c.Only) {
			show(measured{Op: "peak", Size: "one second", DType: d.Arithmetic().String(), FLOPs: flops, Bytes: bytes, Seconds: 1, PeakFraction: 1})
		}
	}
	sizes := map[string]func() []optest.Case{"tiny": optest.Tiny, "small": optest.Workloads, "large": optest.Large}
	for _, w := range sizes[c.Sizes]() {
		if !strings.HasPrefix(w.Op, c.Only) {
			continue
		}
		results, err := measure(ctx, d, w, time.Duration(c.Seconds*float64(time.Second)))
		if err != nil {
			return err
		}
		for _, r := range results {
			m := measured{Op: r.Op, Size: r.Size, DType: r.DType, Rows: r.Rows, FLOPs: r.FLOPs, Bytes: r.Bytes, Seconds: r.Seconds}
			if a := d.Arithmetic(); a != kernels.F32 {
				m.Arithmetic = a.String()
			}
			if flops > 0 {
				m.PeakFraction = r.FLOPs / flops / r.Seconds
			}
			if bytes > 0 {
				m.PeakFraction = max(m.PeakFraction, r.Bytes/bytes/r.Seconds)
			}
			show(m)
		}
	}
	return end()
}

func measure(ctx context.Context, d kernels.Device, w optest.Case, atLeast time.Duration) ([]optest.Result, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return optest.Measure(d, w, atLeast)
}

// printer shows rows as JSON lines or as a table.
func (c *benchOpsCmd) printer(w io.Writer) (show func(measured), end func() error) {
	if c.JSON {
		e := json.NewEncoder(w)
		return func(m measured) { _ = e.Encode(m) }, func() error { return nil }
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "operation\tsize\tdtype\tmicroseconds\tGFLOP/s\tGB/s\tof peak")
	return func(m measured) {
		fmt.Fprintf(table, "%s\t%s\t%s\t%.1f\t%.1f\t%.1f\t%.0f %%\n", m.Op, m.Size, m.DType, 1e6*m.Seconds, m.FLOPs/m.Seconds/1e9,
			m.Bytes/m.Seconds/1e9, 100*m.PeakFraction)
	}, table.Flush
}

type benchTokenizeCmd struct {
	Tokenizer string `name:"tokenizer" help:"tokenizer.json, or a model: folder, GGUF file, or repository in the hub's cache."`
	Text      string `name:"text" help:"File of text."`
}

func (c *benchTokenizeCmd) Run(t *console) error {
	if err := need("tokenizer", c.Tokenizer, "text", c.Text); err != nil {
		return err
	}
	tk, err := text.Tokenizer(c.Tokenizer)
	if err != nil {
		return err
	}
	raw, err := os.ReadFile(c.Text)
	if err != nil {
		return err
	}
	words, ids := string(raw), 0
	tk.Encode(words, false) // to warm up
	begin, rounds := time.Now(), 0
	for ; rounds == 0 || time.Since(begin) < time.Second; rounds++ {
		ids = len(tk.Encode(words, false))
	}
	seconds := time.Since(begin).Seconds() / float64(rounds)
	fmt.Fprintf(t.out, "%.2f MB/s: %d bytes, %d ids, %.4g s\n", float64(len(raw))/1e6/seconds, len(raw), ids, seconds)
	return nil
}
