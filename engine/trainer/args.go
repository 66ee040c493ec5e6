package trainer

import (
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Kind is what is trained.
type Kind string

const (
	DPO    Kind = "dpo"
	SFT    Kind = "sft"
	Reward Kind = "reward"
)

// Names is a list that YAML may also spell as one text, with commas: loss_type: sigmoid.
type Names []string

// UnmarshalYAML reads a list or a text.
func (n *Names) UnmarshalYAML(node *yaml.Node) error {
	if node.Kind == yaml.SequenceNode {
		return node.Decode((*[]string)(n))
	}
	*n = nil
	for _, name := range strings.Split(node.Value, ",") {
		if name = strings.TrimSpace(name); name != "" {
			*n = append(*n, name)
		}
	}
	return nil
}

// Args are the options of a run. Names, meanings and defaults are those of transformers and TRL 1.16 (SFTConfig,
// DPOConfig, RewardConfig, ModelConfig) unless the help says otherwise; Defaults knows the ones that differ by kind.
type Args struct {
	ModelNameOrPath string  `yaml:"model_name_or_path" name:"model_name_or_path" help:"The model to train: a folder, a GGUF file, or a repository in the Hugging Face cache."`
	Adapter         string  `yaml:"adapter" name:"adapter" help:"Folder of a LoRA adapter to go on training."`
	TrainFile       string  `yaml:"train_file" name:"train_file" help:"Training data: JSON lines of TRL's shapes."`
	EvalFile        string  `yaml:"eval_file" name:"eval_file" help:"Evaluation data."`
	TestSize        float64 `yaml:"test_size" name:"test_size" help:"Share of the training data to hold out for evaluation where there is no eval_file."`
	OutputDir       string  `yaml:"output_dir" name:"output_dir" help:"Folder for the result and its checkpoints."`

	NumTrainEpochs            float64 `yaml:"num_train_epochs" name:"num_train_epochs" help:"Passes over the data."`
	MaxSteps                  int     `yaml:"max_steps" name:"max_steps" help:"Optimizer steps; above 0 it overrides num_train_epochs."`
	PerDeviceTrainBatchSize   int     `yaml:"per_device_train_batch_size" name:"per_device_train_batch_size" help:"Examples of a micro-batch."`
	PerDeviceEvalBatchSize    int     `yaml:"per_device_eval_batch_size" name:"per_device_eval_batch_size" help:"Examples of an evaluation batch."`
	GradientAccumulationSteps int     `yaml:"gradient_accumulation_steps" name:"gradient_accumulation_steps" help:"Micro-batches of a step."`
	MaxLength                 int     `yaml:"max_length" name:"max_length" help:"Tokens of prompt and answer; what is beyond is cut (reward models: dropped). 0: no limit."`
	Shuffle                   bool    `yaml:"shuffle" name:"shuffle" help:"Draw a new order every epoch; false is the order of the file."`
	Seed                      uint64  `yaml:"seed" name:"seed" help:"Seed of LoRA's start, dropout and, without data_seed, the data order."`
	DataSeed                  *uint64 `yaml:"data_seed" name:"data_seed" help:"Seed of the data order."`

	LearningRate    float64 `yaml:"learning_rate" name:"learning_rate" help:"Peak learning rate."`
	LRSchedulerType string  `yaml:"lr_scheduler_type" name:"lr_scheduler_type" help:"linear, cosine, constant or constant_with_warmup."`
	WarmupSteps     float64 `yaml:"warmup_steps" name:"warmup_steps" help:"Steps of warm-up; below 1 a share of all steps."`
	WarmupRatio     float64 `yaml:"warmup_ratio" name:"warmup_ratio" help:"Share of all steps to warm up in, where warmup_steps is 0."`
	WeightDecay     float64 `yaml:"weight_decay" name:"weight_decay" help:"Decoupled weight decay; biases and norms have none."`
	AdamBeta1       float64 `yaml:"adam_beta1" name:"adam_beta1" help:"Decay of AdamW's first moment."`
	AdamBeta2       float64 `yaml:"adam_beta2" name:"adam_beta2" help:"Decay of AdamW's second moment."`
	AdamEpsilon     float64 `yaml:"adam_epsilon" name:"adam_epsilon" help:"AdamW's epsilon."`
	MaxGradNorm     float64 `yaml:"max_grad_norm" name:"max_grad_norm" help:"Clip the global gradient norm to this; 0: never."`

	UsePEFT           bool    `yaml:"use_peft" name:"use_peft" help:"Train a LoRA adapter (TRL's default is false, here it is true); false trains all weights."`
	LoraR             int     `yaml:"lora_r" name:"lora_r" help:"LoRA rank."`
	LoraAlpha         float64 `yaml:"lora_alpha" name:"lora_alpha" help:"LoRA alpha; the update is scaled by alpha/r."`
	LoraDropout       float64 `yaml:"lora_dropout" name:"lora_dropout" help:"Dropout before LoRA's A, where disable_dropout is false; an adapter that is loaded keeps its own."`
	LoraTargetModules Names   `yaml:"lora_target_modules" name:"lora_target_modules" help:"Modules that get a LoRA pair; empty: all linear layers."`
	UseRSLora         bool    `yaml:"use_rslora" name:"use_rslora" help:"Scale by alpha/sqrt(r)."`
	DisableDropout    bool    `yaml:"disable_dropout" name:"disable_dropout" help:"Switch dropout off, LoRA's too, as TRL does in DPO and reward training."`

	GradientCheckpointing *bool `yaml:"gradient_checkpointing" name:"gradient_checkpointing" help:"Keep only each block's input and compute the rest again: less memory, a third more time, the same bits. Nothing: true, but on a GPU only where a step would not fit otherwise (TRL's default is true)."`
	BF16                  bool  `yaml:"bf16" name:"bf16" help:"Insist on bfloat16 arithmetic, which --dtype bfloat16 gives (TRL's default is true; here the device decides)."`

	LoggingSteps         int    `yaml:"logging_steps" name:"logging_steps" help:"Steps between log entries, which are means."`
	LoggingFirstStep     bool   `yaml:"logging_first_step" name:"logging_first_step" help:"Log the first step by itself."`
	EvalStrategy         string `yaml:"eval_strategy" name:"eval_strategy" help:"no, steps or epoch."`
	EvalSteps            int    `yaml:"eval_steps" name:"eval_steps" help:"Steps between evaluations; 0: logging_steps."`
	EvalOnStart          bool   `yaml:"eval_on_start" name:"eval_on_start" help:"Evaluate before the first step."`
	SaveStrategy         string `yaml:"save_strategy" name:"save_strategy" help:"no, steps or epoch."`
	SaveSteps            int    `yaml:"save_steps" name:"save_steps" help:"Steps between checkpoints."`
	SaveTotalLimit       int    `yaml:"save_total_limit" name:"save_total_limit" help:"Checkpoints to keep, the newest; 0: all."`
	ResumeFromCheckpoint string `yaml:"resume_from_checkpoint" name:"resume_from_checkpoint" help:"true or newest: the newest checkpoint in output_dir, or none if there is none; or a checkpoint's folder."`
	ReportTo             string `yaml:"report_to" name:"report_to" help:"tensorboard or none."`

	Beta           float64   `yaml:"beta" name:"beta" help:"DPO: strength of the pull towards the reference." kinds:"dpo"`
	LossType       Names     `yaml:"loss_type" name:"loss_type" help:"DPO: the losses to add up, of aot, aot_unpaired, apo_down, apo_zero, bco_pair, cpo, discopop, exo_pair, hinge, ipo, nca_pair, orpo, robust, sft, sft_per_pair, sigmoid, sigmoid_norm, sigmoid_smoothed, simpo, sppo_hard, and formula, which is loss_formula. The numbers are TRL's; the same name means something else elsewhere: ipo divides log-ratios by length (OpenRLHF: sums), bco_pair has no running baseline (LLaMA-Factory, swift: a running mean)." kinds:"dpo"`
	LossFormula    string    `yaml:"loss_formula" name:"loss_formula" help:"DPO: a loss of a pair of your own, like -logsigmoid(beta*(c-r)), over c, r (log-ratios), logp_c, logp_r, ref_c, ref_r, n_c, n_r (tokens), n_mean, beta and epsilon, with + - * / ^ and exp, log, sqrt, square, abs, tanh, sigmoid, logsigmoid, softplus, relu, min, max. It takes the place of the default loss_type; to add it to others, name formula there." kinds:"dpo"`
	LossWeights    []float64 `yaml:"loss_weights" name:"loss_weights" help:"DPO: a weight for each loss; empty: 1 each." kinds:"dpo"`
	LabelSmoothing float64   `yaml:"label_smoothing" name:"label_smoothing" help:"DPO: share of pairs labelled the wrong way round, read by aot, aot_unpaired, cpo, exo_pair, robust, sigmoid_smoothed and simpo. sigmoid does not read it, as in TRL; what OpenRLHF, torchtune and LLaMA-Factory do with it (cDPO) is sigmoid_smoothed." kinds:"dpo"`
	DiscopopTau    float64   `yaml:"discopop_tau" name:"discopop_tau" help:"DPO: temperature of discopop." kinds:"dpo"`
	SimPOGamma     float64   `yaml:"simpo_gamma" name:"simpo_gamma" help:"DPO: the margin of loss_type simpo, whose usual beta is 2 to 2.5." kinds:"dpo"`
	CPOAlpha       float64   `yaml:"cpo_alpha" name:"cpo_alpha" help:"DPO: weight of the NLL in loss_type cpo. (TRL adds it to simpo as well: here that is loss_type simpo,sft.)" kinds:"dpo"`
	FDivergence    string    `yaml:"f_divergence_type" name:"f_divergence_type" help:"DPO: reverse_kl, forward_kl, js_divergence or alpha_divergence, for the losses of βδ: apo_down, discopop, exo_pair, hinge, robust, sigmoid, sigmoid_smoothed." kinds:"dpo"`
	FAlpha         float64   `yaml:"f_alpha_divergence_coef" name:"f_alpha_divergence_coef" help:"DPO: alpha of alpha_divergence; 1 is reverse_kl." kinds:"dpo"`
	LDAlpha        *float64  `yaml:"ld_alpha" name:"ld_alpha" help:"DPO: weight, in log-ratios, of the tokens by which an answer is longer than the other (LD-DPO), in policy and reference; nothing or 1: all tokens alike." kinds:"dpo"`
	UseWeighting   bool      `yaml:"use_weighting" name:"use_weighting" help:"DPO: weigh pairs by how likely the policy itself is to write their answers (WPO); sft and sft_per_pair are not weighed." kinds:"dpo"`
	RPOAlpha       float64   `yaml:"rpo_alpha" name:"rpo_alpha" help:"DPO: weight of the chosen answers' NLL per token, each answer's own mean (LLaMA-Factory's pref_ftx). loss_type sigmoid,sft is TRL's term, a mean over all tokens of the micro-batch." kinds:"dpo"`
	Reference      string    `yaml:"reference" name:"reference" help:"DPO: start (the policy as this run found it, its adapter included), base (without adapter), none (reference-free), or a model's folder. Losses that read no reference (simpo, orpo, cpo, sft) make none." kinds:"dpo"`

	SyncRefModel       bool    `yaml:"sync_ref_model" name:"sync_ref_model" help:"DPO: let the reference follow the policy (TR-DPO); all weights must be trained, and its log-probabilities are computed at every step." kinds:"dpo"`
	RefModelMixupAlpha float64 `yaml:"ref_model_mixup_alpha" name:"ref_model_mixup_alpha" help:"DPO: share of the policy in the reference's new weights." kinds:"dpo"`
	RefModelSyncSteps  int     `yaml:"ref_model_sync_steps" name:"ref_model_sync_steps" help:"DPO: steps between two of the reference's." kinds:"dpo"`

	CompletionOnlyLoss *bool `yaml:"completion_only_loss" name:"completion_only_loss" help:"SFT: true trains on completions only and needs rows with a prompt; false on prompts, too (LLaMA-Factory's train_on_prompt); nothing: on completions where rows have a prompt, else on all." kinds:"sft"`
	AssistantOnlyLoss  bool  `yaml:"assistant_only_loss" name:"assistant_only_loss" help:"SFT: train on what the assistant wrote only, in rows of messages; the chat template must mark it with generation blocks." kinds:"sft"`

	CenterRewardsCoefficient float64 `yaml:"center_rewards_coefficient" name:"center_rewards_coefficient" help:"Reward: weight of (chosen + rejected)²." kinds:"reward"`
}

// Defaults are the options that hold where the user says nothing.
func Defaults(kind Kind) Args {
	a := Args{
		NumTrainEpochs: 3, MaxSteps: -1, PerDeviceTrainBatchSize: 8, PerDeviceEvalBatchSize: 8, GradientAccumulationSteps: 1,
		MaxLength: 1024, Shuffle: true, Seed: 42,
		LRSchedulerType: "linear", AdamBeta1: 0.9, AdamBeta2: 0.999, AdamEpsilon: 1e-8, MaxGradNorm: 1,
		UsePEFT: true, LoraR: 16, LoraAlpha: 32, LoraDropout: 0.05, DisableDropout: kind != SFT,
		LoggingSteps: 10, EvalStrategy: "no", SaveStrategy: "steps", SaveSteps: 500, ReportTo: "tensorboard",
		Beta: 0.1, LossType: []string{"sigmoid"}, DiscopopTau: 0.05, Reference: "start",
		SimPOGamma: 0.5, CPOAlpha: 1, FDivergence: "reverse_kl", FAlpha: 0.5, RefModelMixupAlpha: 0.6, RefModelSyncSteps: 512,
	}
	switch kind {
	case DPO:
		a.LearningRate = 1e-6
	case SFT:
		a.LearningRate = 2e-5
	case Reward:
		a.LearningRate = 1e-4
	default:
		panic(fmt.Sprintf("trainer: kind %q", kind))
	}
	return a
}

// dataSeed is data_seed, or seed.
func (a *Args) dataSeed() uint64 {
	if a.DataSeed != nil {
		return *a.DataSeed
	}
	return a.Seed
}

// dropout is the probability that takes effect.
func (a *Args) dropout() float64 {
	if a.DisableDropout {
		return 0
	}
	return a.LoraDropout
}
