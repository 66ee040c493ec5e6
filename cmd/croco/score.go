package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"go.yaml.in/yaml/v3"

	"croco/engine"
)

// scoreCmd scores answers.
type scoreCmd struct {
	engine.Score
	RulesFile string `name:"rules" help:"YAML file with a list of rules: - {name: right_language, weight: 2}"`
}

func (c *scoreCmd) Run(ctx context.Context, t *console) error {
	if err := need("completions", c.Completions, "out", c.Out); err != nil {
		return err
	}
	if c.ModelNameOrPath == "" && c.RulesFile == "" {
		return usageError{errors.New("nothing to score with: expected --model_name_or_path, --rules, or both")}
	}
	if _, err := engine.ParseShard(c.Shard); err != nil {
		return wrongUsage(err)
	}
	if err := c.readRules(); err != nil {
		return wrongUsage(err)
	}
	d, err := t.open()
	if err != nil {
		return err
	}
	if err := c.Score.Run(ctx, d, t.progress()); err != nil {
		return err
	}
	return t.finished(c.Out)
}

// readRules reads the rules, which are too much for a flag: a list, or a recipe's key rules with one.
func (c *scoreCmd) readRules() error {
	if c.RulesFile == "" {
		return nil
	}
	raw, err := os.ReadFile(c.RulesFile)
	if err != nil {
		return fmt.Errorf("--rules: %w", err)
	}
	if yaml.Unmarshal(raw, &c.Rules) == nil && len(c.Rules) > 0 {
		return nil
	}
	var keyed struct {
		Rules []map[string]any `yaml:"rules"`
	}
	if yaml.Unmarshal(raw, &keyed) != nil || len(keyed.Rules) == 0 {
		return fmt.Errorf("%s: expected a list of rules such as - {name: right_language, weight: 2}", c.RulesFile)
	}
	c.Rules = keyed.Rules
	return nil
}
