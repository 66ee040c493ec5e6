package engine

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"croco/engine/trainer"
)

// RewardModel is the section of the methods that train a reward model: rm-transfer, which then tunes a policy by it, and
// murating, which ends there. docs/methods/rm-transfer.md and raters.md.
type RewardModel struct {
	ModelNameOrPath string       `yaml:"model_name_or_path"` // what becomes a reward model; empty: the recipe's model_name_or_path
	TrainFile       string       `yaml:"train_file"`         // preferences, in one language or several
	Train           trainer.Args `yaml:"train"`              // croco train rm
	Pairs           []string     `yaml:"pairs"`              // held-out preferences, one file per language: croco rewardbench
	Texts           []string     `yaml:"texts"`              // parallel texts, one file per language: croco shift against the model it came from
	Format          string       `yaml:"format"`             // what such a text becomes: text | chat
	Pooling         string       `yaml:"pooling"`            // and its vector: last | mean
}

// rmTransferMethod trains a reward model in some languages and tunes a policy by it in others.
var rmTransferMethod = method{
	key: "reward", also: []string{"pair"}, section: func(r *Recipe) any { return r.Reward },
	about: func(r *Recipe) string {
		return fmt.Sprintf("scored by a reward model trained on %s, paired by %s/%s", r.Reward.TrainFile, r.Pair.Scope, r.Pair.RejectTarget)
	},
	defaults: func(r *Recipe) {
		crocoDefaults(r)
		r.Reward = rewardModelDefaults()
	},
	validate: func(r *Recipe) []error {
		faults := append(rewardModelFaults(r), crocoFaults(r)...)
		if r.Score.ModelNameOrPath != "" {
			faults = append(faults, fmt.Errorf("score.model_name_or_path: the run trains its reward model, found %q: remove the key, or take method croco", r.Score.ModelNameOrPath))
		}
		return faults
	},
	before: func(r *run) (policy, []stage) { return policy{r.ModelNameOrPath, r.Adapter}, r.rewardStages() },
	round:  crocoMethod.round,
}

// muratingMethod trains a rater on pairs of texts, translations of one text among them, and tests it.
var muratingMethod = method{
	key: "reward", section: func(r *Recipe) any { return r.Reward },
	about: func(r *Recipe) string {
		return fmt.Sprintf("a rater from %s by the pairs of %s", r.rewarded(), r.Reward.TrainFile)
	},
	defaults: func(r *Recipe) { r.Reward = rewardModelDefaults() },
	validate: rewardModelFaults,
	before:   func(r *run) (policy, []stage) { return policy{}, r.rewardStages() },
}

// rewardModelDefaults are those of Hong et al., but for the size of their machines and a LoRA adapter in place of all weights.
func rewardModelDefaults() RewardModel {
	t := trainer.Defaults(trainer.Reward)
	t.LearningRate, t.LRSchedulerType, t.WarmupRatio, t.NumTrainEpochs, t.MaxLength = 1e-5, "cosine", 0.1, 1, 2048
	t.PerDeviceTrainBatchSize, t.GradientAccumulationSteps, t.LoggingSteps, t.SaveStrategy = 8, 16, 1, "epoch"
	return RewardModel{Train: t, Format: "chat", Pooling: "last"}
}

func rewardModelFaults(r *Recipe) (faults []error) {
	w := r.Reward
	if w.TrainFile == "" {
		faults = append(faults, errors.New("reward.train_file: expected a file of preferences (prompt, chosen, rejected), found nothing"))
	}
	if r.rewarded() == "" {
		faults = append(faults, errors.New("reward.model_name_or_path: expected the folder of a model, found nothing"))
	}
	for _, t := range []struct{ key, value string }{{"model_name_or_path", w.Train.ModelNameOrPath}, {"train_file", w.Train.TrainFile}, {"output_dir", w.Train.OutputDir}} {
		if t.value != "" {
			faults = append(faults, fmt.Errorf("reward.train.%s: expected reward.%s or nothing, found %q: move the key up, or remove it", t.key, t.key, t.value))
		}
	}
	for _, err := range []error{oneOf("format", w.Format, "text chat"), oneOf("pooling", w.Pooling, "last mean")} {
		if err != nil {
			faults = append(faults, fmt.Errorf("reward.%w", err))
		}
	}
	return faults
}

// rewarded is the model that becomes a reward model.
func (r *Recipe) rewarded() string {
	if r.Reward.ModelNameOrPath != "" {
		return r.Reward.ModelNameOrPath
	}
	return r.ModelNameOrPath
}

// judgeMade is the reward model that the run trains: a folder, and an adapter where it is one.
func (r *Recipe) judgeMade() policy {
	dir := r.path("reward", "model")
	if r.Reward.Train.UsePEFT {
		return policy{r.rewarded(), dir}
	}
	return policy{dir, ""}
}

// rewardStages train the reward model, test it, and hold it beside the model that it came from.
func (r *run) rewardStages() []stage {
	return []stage{{"reward model", r.trainReward}, {"rewardbench", r.testReward}, {"shift", r.shiftOfReward}}
}

func (r *run) trainReward(ctx context.Context) error {
	a := r.Reward.Train
	a.ModelNameOrPath, a.TrainFile, a.OutputDir = r.rewarded(), r.Reward.TrainFile, r.path("reward", "model")
	job := trainer.Job{Kind: trainer.Reward, Args: a, Device: r.device, Log: r.hooks.Log, Progress: r.hooks.Step}
	if r.hooks.Ready != nil {
		job.Ready = func(s trainer.Summary) { r.hooks.Ready(s, a) }
	}
	return Train(ctx, job)
}

// testReward writes reward/bench.
func (r *run) testReward(ctx context.Context) error {
	if len(r.Reward.Pairs) == 0 {
		return nil
	}
	o, made := RewardBenchDefaults(), r.judgeMade()
	o.ModelNameOrPath, o.Adapter, o.Pairs, o.MaxRows = made.model, made.adapter, strings.Join(r.Reward.Pairs, ","), r.Score.MaxRows
	o.Out = r.path("reward", "bench")
	s, err := o.Run(ctx, r.device, r.hooks.Progress)
	if err == nil {
		r.hooks.Tell("the reward model on held-out pairs\n%s", s.Table().Text())
	}
	return err
}

// shiftOfReward writes reward/shift.json.
func (r *run) shiftOfReward(ctx context.Context) error {
	if len(r.Reward.Texts) == 0 {
		return nil
	}
	o, made := ShiftDefaults(), r.judgeMade()
	o.ModelNameOrPath, o.Other, o.OtherAdapter, o.Texts = r.rewarded(), made.model, made.adapter, strings.Join(r.Reward.Texts, ",")
	o.Format, o.Pooling, o.MaxRows, o.Out = r.Reward.Format, r.Reward.Pooling, r.Score.MaxRows, r.path("reward", "shift.json")
	s, err := o.Run(ctx, r.device)
	if err == nil {
		r.hooks.Tell("where %s and the reward model put translations\n%s\n%s", filepath.Base(r.rewarded()), s.Table().Text(), s.NormTable().Text())
	}
	return err
}
