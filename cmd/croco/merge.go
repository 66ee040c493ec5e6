package main

import (
	"errors"

	"croco/model"
)

// mergeCmd writes a model with its adapter worked in.
type mergeCmd struct {
	ModelNameOrPath string `name:"model_name_or_path" help:"Folder of the model."`
	Adapter         string `name:"adapter" help:"Folder of the LoRA adapter."`
	Out             string `name:"out" help:"Folder to write."`
	OutDType        string `name:"out_dtype" default:"auto" enum:"auto,float32" help:"auto: the dtype of the model's file. float32: exact, and twice as large as bfloat16."`
}

func (c *mergeCmd) Run(t *console) (err error) {
	if err := need("model_name_or_path", c.ModelNameOrPath, "adapter", c.Adapter, "out", c.Out); err != nil {
		return err
	}
	if t.dtype != "auto" {
		return usageError{errors.New("--dtype is the arithmetic, and a merged model is added up in float32: use --out_dtype for the dtype of the file")}
	}
	d, err := t.open()
	if err != nil {
		return err
	}
	m, err := model.Open(c.ModelNameOrPath, model.Options{Device: d})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, m.Close()) }()
	if err := m.LoadAdapter(c.Adapter, false); err != nil {
		return err
	}
	if err := m.SaveMerged(c.Out, c.OutDType == "float32"); err != nil {
		return err
	}
	t.say("merged model in %s", c.Out)
	return nil
}
