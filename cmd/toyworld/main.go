// Command toyworld makes the models that croco demo carries: the base policy and the English-only reward model, each a
// Hugging Face folder of about 400 kB. It is run by make toyworld.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"croco/engine/demo"
	"croco/kernels/cpu"
	"croco/model"
	"croco/toyworld"
)

func main() {
	out := flag.String("out", "engine/demo/models", "folder for policy/ and reward/")
	seed := flag.Uint64("seed", 0, "of the weights and the corpus")
	steps := flag.Int("steps", toyworld.Pretraining.Steps, "of pre-training")
	threads := flag.Int("threads", 0, "0: one per core")
	flag.Parse()
	if err := run(*out, *seed, *steps, *threads); err != nil {
		fmt.Fprintln(os.Stderr, "toyworld:", err)
		os.Exit(1)
	}
}

func run(out string, seed uint64, steps, threads int) error {
	d, err := cpu.New(threads)
	if err != nil {
		return err
	}
	log := func(line string) { fmt.Println(line) }
	log(d.Info())
	policy, err := demo.Pretrain(d, seed, steps, log)
	if err != nil {
		return err
	}
	if err := demo.Save(policy, filepath.Join(out, "policy")); err != nil {
		return err
	}
	// The reward model starts from the policy as it is stored, in bfloat16.
	if policy, err = model.Open(filepath.Join(out, "policy"), model.Options{Device: d, Trainable: model.All}); err != nil {
		return err
	}
	reward, err := demo.TrainReward(d, policy, toyworld.RewardRounds, seed, log)
	if err != nil {
		return err
	}
	for _, l := range toyworld.Languages() {
		o := toyworld.ReportCard(l)
		pairs := toyworld.InLanguage(toyworld.PreferencePairs(o, demo.Sample(policy, o.Seed)))
		log(fmt.Sprintf("reward model: %s, right on %.1f %% of %d held-out pairs", l, 100*demo.Accuracy(reward, pairs), len(pairs)))
	}
	return demo.Save(reward, filepath.Join(out, "reward"))
}
