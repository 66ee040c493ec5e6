package trainer

import (
	"fmt"
	"slices"
	"strings"

	"croco/dpo"
)

// Validate refuses values that make no sense and combinations that TRL refuses. Errors name the key.
func (a *Args) Validate(kind Kind) error {
	for _, c := range []struct {
		key, value string
		missing    string
	}{
		{"model_name_or_path", a.ModelNameOrPath, "the folder of a model"},
		{"train_file", a.TrainFile, "a file of training data"},
		{"output_dir", a.OutputDir, "a folder to write to"},
	} {
		if c.value == "" {
			return fmt.Errorf("%s: expected %s, found nothing", c.key, c.missing)
		}
	}
	for _, c := range []struct {
		key   string
		value float64
		ok    bool
		want  string
	}{
		{"per_device_train_batch_size", float64(a.PerDeviceTrainBatchSize), a.PerDeviceTrainBatchSize >= 1, "at least 1"},
		{"per_device_eval_batch_size", float64(a.PerDeviceEvalBatchSize), a.PerDeviceEvalBatchSize >= 1, "at least 1"},
		{"gradient_accumulation_steps", float64(a.GradientAccumulationSteps), a.GradientAccumulationSteps >= 1, "at least 1"},
		{"num_train_epochs", a.NumTrainEpochs, a.MaxSteps > 0 || a.NumTrainEpochs > 0, "above 0, or max_steps above 0"},
		{"max_length", float64(a.MaxLength), a.MaxLength >= 0, "0 or more"},
		{"test_size", a.TestSize, a.TestSize >= 0 && a.TestSize < 1, "a share in [0, 1)"},
		{"learning_rate", a.LearningRate, a.LearningRate >= 0, "0 or more"},
		{"warmup_steps", a.WarmupSteps, a.WarmupSteps >= 0, "0 or more"},
		{"warmup_ratio", a.WarmupRatio, a.WarmupRatio >= 0 && a.WarmupRatio <= 1, "a share in [0, 1]"},
		{"weight_decay", a.WeightDecay, a.WeightDecay >= 0, "0 or more"},
		{"adam_beta1", a.AdamBeta1, a.AdamBeta1 >= 0 && a.AdamBeta1 < 1, "in [0, 1)"},
		{"adam_beta2", a.AdamBeta2, a.AdamBeta2 >= 0 && a.AdamBeta2 < 1, "in [0, 1)"},
		{"adam_epsilon", a.AdamEpsilon, a.AdamEpsilon > 0, "above 0"},
		{"max_grad_norm", a.MaxGradNorm, a.MaxGradNorm >= 0, "0 or more"},
		{"lora_r", float64(a.LoraR), !a.UsePEFT || a.LoraR >= 1, "at least 1"},
		{"lora_dropout", a.LoraDropout, a.LoraDropout >= 0 && a.LoraDropout < 1, "in [0, 1)"},
		{"logging_steps", float64(a.LoggingSteps), a.LoggingSteps >= 1, "at least 1"},
		{"save_steps", float64(a.SaveSteps), a.SaveStrategy != "steps" || a.SaveSteps >= 1, "at least 1"},
		{"save_total_limit", float64(a.SaveTotalLimit), a.SaveTotalLimit >= 0, "0 or more"},
	} {
		if !c.ok {
			return fmt.Errorf("%s: expected %s, found %g", c.key, c.want, c.value)
		}
	}
	for _, c := range []struct {
		key, value string
		known      []string
	}{
		{"lr_scheduler_type", a.LRSchedulerType, schedules},
		{"eval_strategy", a.EvalStrategy, []string{"no", "steps", "epoch"}},
		{"save_strategy", a.SaveStrategy, []string{"no", "steps", "epoch"}},
		{"report_to", a.ReportTo, []string{"tensorboard", "none"}},
	} {
		if !slices.Contains(c.known, c.value) {
			return fmt.Errorf("%s: expected one of %s, found %q", c.key, strings.Join(c.known, ", "), c.value)
		}
	}
	return a.together(kind)
}

// together checks options against each other.
func (a *Args) together(kind Kind) error {
	switch {
	case a.Adapter != "" && !a.UsePEFT:
		return fmt.Errorf("adapter %s: use_peft false trains all weights and has no use for an adapter; merge it into the model first", a.Adapter)
	case a.EvalStrategy != "no" && a.EvalFile == "" && a.TestSize == 0:
		return fmt.Errorf("eval_strategy %s: there is nothing to evaluate on; give eval_file or test_size", a.EvalStrategy)
	case a.EvalFile != "" && a.TestSize > 0:
		return fmt.Errorf("eval_file and test_size: only one of the two")
	}
	if kind != DPO {
		return nil
	}
	if a.Reference == "" {
		return fmt.Errorf("reference: expected start, base, none or a model's folder, found nothing")
	}
	if a.Reference == "base" && !a.UsePEFT {
		return fmt.Errorf("reference base: without an adapter the base is the start; say start")
	}
	objective, err := a.dpoObjective()
	if err != nil || !a.SyncRefModel {
		return err
	}
	return a.validateSync(objective)
}

// dpoObjective is the objective that loss_type, loss_weights, loss_formula and rpo_alpha describe.
func (a *Args) dpoObjective() (*dpo.Objective, error) {
	losses := a.LossType
	if a.LossFormula != "" && slices.Equal(losses, Names{"sigmoid"}) {
		losses = Names{"formula"}
	}
	if len(a.LossWeights) > 0 && len(a.LossWeights) != len(a.LossType) {
		return nil, fmt.Errorf("loss_weights: expected %d, one for each loss_type, found %d", len(a.LossType), len(a.LossWeights))
	}
	var terms []dpo.Term
	for i, name := range losses {
		weight := 1.0
		if len(a.LossWeights) > 0 {
			weight = a.LossWeights[i]
		}
		terms = append(terms, dpo.Term{Loss: name, Weight: weight})
	}
	if a.RPOAlpha != 0 {
		terms = append(terms, dpo.Term{Loss: "sft_per_pair", Weight: a.RPOAlpha})
	}
	return dpo.New(terms, dpo.Options{Beta: a.Beta, LabelSmoothing: a.LabelSmoothing, DiscopopTau: a.DiscopopTau,
		SimPOGamma: a.SimPOGamma, CPOAlpha: a.CPOAlpha, FDivergence: a.FDivergence, FAlpha: a.FAlpha, LDAlpha: a.LDAlpha,
		UseWeighting: a.UseWeighting, Formula: a.LossFormula})
}
