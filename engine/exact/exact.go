// Package exact checks croco's promises on a model, bit by bit: results do not depend on how they are computed.
//
//	Run                  a model's folder → a report, a row for each promise
//	completions          an answer is the same alone, in any batch, by any number of threads, in a shard, after a resume
//	logProbs             what the sampler recorded is what the trainer computes
//	firstStep            a policy that is its own reference begins with Δ = 0 and loss ln 2, and no reference is computed
//	resumed              training that was stopped and resumed is training that was never stopped
//	scores               a score does not depend on what is scored beside it
//
// Where the model's folder has a tokenizer the prompts are texts, otherwise pseudo-random ids. A classifier writes no
// answers: it is held to the last two.
package exact

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"croco/kernels"
	"croco/model"
)

// Options of Run.
type Options struct {
	Model   string // folder
	Adapter string // folder; "" for none
	Scratch string // folder for files that may be thrown away
	Open    func(threads int) (kernels.Device, error)
	Now     func(what string) // told what begins; may be nil
}

// Report is a table of promises.
type Report struct {
	Title    string
	Promises []Promise
}

// Promise is one row.
type Promise struct {
	Says    string
	Ways    string // how it was put to the test, and on how much
	Skipped string // why it does not apply; "" where it does
	Broken  string // the first difference; "" where it holds
}

// OK reports whether every promise that applies holds, and that there was one.
func (r Report) OK() bool {
	held := 0
	for _, p := range r.Promises {
		if p.Broken != "" {
			return false
		}
		if p.Skipped == "" {
			held++
		}
	}
	return held > 0
}

// String is the report as a table.
func (r Report) String() string {
	var b strings.Builder
	fmt.Fprintln(&b, r.Title)
	for _, p := range r.Promises {
		switch {
		case p.Skipped != "":
			fmt.Fprintf(&b, "  %-6s  %s\n          %s\n", "—", p.Says, p.Skipped)
		case p.Broken != "":
			fmt.Fprintf(&b, "  %-6s  %s\n          %s\n          %s\n", "FAILED", p.Says, p.Ways, p.Broken)
		default:
			fmt.Fprintf(&b, "  %-6s  %s\n          %s\n", "ok", p.Says, p.Ways)
		}
	}
	return b.String()
}

// check is a run under way.
type check struct {
	Options
	one, two kernels.Device // by one thread and by two
	labels   int            // of a classifier; 0 for a language model
	context  int
	vocab    int
	text     bool     // prompts are texts
	answers  string   // file of completions, once the first promise has made it
	prompts  [][]byte // rows of the prompts file
}

// Run puts the promises to the test. An error says that a test could not be made; a broken promise is in the report.
func Run(ctx context.Context, o Options) (r Report, err error) {
	c := &check{Options: o}
	if c.one, err = o.Open(1); err != nil {
		return r, err
	}
	if c.two, err = o.Open(2); err != nil {
		return r, err
	}
	m, err := c.open(c.one)
	if err != nil {
		return r, err
	}
	c.labels, c.context, c.vocab = m.Spec.Labels, m.Spec.Positions, m.Spec.Vocab
	r.Title = fmt.Sprintf("%s: %s %s on %s (%s; %s)", o.Model, m.Config.ModelType, m.Kind(), c.one.Name(), c.one.Info(), c.two.Info())
	if err := m.Close(); err != nil {
		return r, err
	}
	for _, p := range []struct {
		says string
		test func(context.Context, *Promise) error
	}{
		{"a completion is the same alone, in any batch, by any number of threads, in any shard, after a resume", c.completions},
		{"the sampler's log-probabilities are those of the trainer", c.logProbs},
		{"the first DPO step has Δ = 0 for every pair and loss ln 2, without a reference forward pass", c.firstStep},
		{"training stopped and resumed is training never stopped", c.resumed},
		{"a score does not depend on its batch", c.scores},
	} {
		if o.Now != nil {
			o.Now(p.says)
		}
		promise := Promise{Says: p.says}
		if err := p.test(ctx, &promise); err != nil {
			return r, fmt.Errorf("%s: %w", p.says, err)
		}
		r.Promises = append(r.Promises, promise)
	}
	return r, nil
}

// open opens the model with its adapter, frozen.
func (c *check) open(d kernels.Device) (*model.Model, error) {
	m, err := model.Open(c.Model, model.Options{Device: d})
	if err != nil || c.Adapter == "" {
		return m, err
	}
	if err := m.LoadAdapter(c.Adapter, false); err != nil {
		return nil, errors.Join(err, m.Close())
	}
	return m, nil
}

func (c *check) file(name string) string { return filepath.Join(c.Scratch, name) }

const noAnswers = "a classifier writes no answers"

// hold breaks a promise at the first difference.
func (p *Promise) hold(same bool, format string, args ...any) {
	if !same && p.Broken == "" {
		p.Broken = fmt.Sprintf(format, args...)
	}
}
