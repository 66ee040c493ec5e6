package main

import "croco/engine"

// mergeShardsCmd joins shards.
type mergeShardsCmd struct {
	Out    string   `name:"out" help:"File to write."`
	Shards []string `arg:"" name:"shard" help:"Files of all shards, in any order."`
}

func (c *mergeShardsCmd) Run(t *console) error {
	if err := need("out", c.Out); err != nil {
		return err
	}
	if err := engine.MergeShards(c.Out, c.Shards...); err != nil {
		return err
	}
	return t.finished(c.Out)
}
