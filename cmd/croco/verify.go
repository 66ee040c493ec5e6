package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"croco/engine/exact"
	"croco/kernels/optest"
	"croco/model"
)

// verifyCmd holds the checks. Each prints a table and fails, with exit code 1, where a row of it does.
type verifyCmd struct {
	Model   verifyModelCmd   `cmd:"" help:"Compare a model with what an independent implementation computed for it."`
	Adapter verifyAdapterCmd `cmd:"" help:"Check an adapter's keys and shapes, and that merging changes nothing."`
	Device  verifyDeviceCmd  `cmd:"" help:"Compare every operation of the device with the reference, and check that its results do not depend on batches."`
	Exact   verifyExactCmd   `cmd:"" help:"Check, bit by bit, that results do not depend on how they are computed."`
}

var errVerify = errors.New("verify: a check failed")

type verifyModelCmd struct {
	Dir      string `arg:"" name:"model" help:"Folder of the model."`
	Expected string `name:"expected" help:"Folder of expected.json and expected.safetensors; the model's own if left out."`
}

func (c *verifyModelCmd) Run(t *console) error {
	d, err := t.open()
	if err != nil {
		return err
	}
	r, err := model.Verify(c.Dir, c.Expected, d)
	return t.verdict(r, r.OK(), err)
}

type verifyAdapterCmd struct {
	Dir   string `arg:"" name:"adapter" help:"Folder of the adapter."`
	Model string `name:"model" help:"Its base model; the one that the adapter names if left out."`
}

func (c *verifyAdapterCmd) Run(t *console) error {
	d, err := t.open()
	if err != nil {
		return err
	}
	r, err := model.VerifyAdapter(c.Dir, c.Model, d)
	return t.verdict(r, r.OK(), err)
}

type verifyDeviceCmd struct{}

func (c *verifyDeviceCmd) Run(t *console) error {
	d, err := t.open()
	if err != nil {
		return err
	}
	l := &line{t: t}
	v := optest.Verify(d, func(what string) { l.show("verify device: "+what, true) })
	l.end()
	return t.verdict(v, v.OK(), nil)
}

type verifyExactCmd struct {
	Model   string `name:"model" help:"Folder of the model."`
	Adapter string `name:"adapter" help:"Folder of an adapter on it."`
}

func (c *verifyExactCmd) Run(ctx context.Context, t *console) error {
	if err := need("model", c.Model); err != nil {
		return err
	}
	scratch, err := os.MkdirTemp("", "croco-exact-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(scratch)
	l := &line{t: t}
	r, err := exact.Run(ctx, exact.Options{Model: c.Model, Adapter: c.Adapter, Scratch: scratch, Open: t.openWith,
		Now: func(what string) { l.show("verify exact: "+what, true) }})
	l.end()
	return t.verdict(r, r.OK(), err)
}

// verdict prints a report.
func (t *console) verdict(report fmt.Stringer, ok bool, err error) error {
	if err != nil {
		return err
	}
	fmt.Fprint(t.out, report)
	if !ok {
		return errVerify
	}
	return nil
}
