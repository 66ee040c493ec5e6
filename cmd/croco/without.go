package main

import (
	"fmt"
	"slices"
	"strings"
)

// foreignOptions are arguments of TRL and transformers that may stand in a command because they change nothing here: the
// values that are so, none for any, and the reason.
var foreignOptions = map[string]struct{ values, why string }{
	"attn_implementation":           {"", "there is one attention"},
	"average_tokens_across_devices": {"", "there is one device"},
	"bf16_full_eval":                {"false", "--dtype says what products multiply"},
	"dataloader_drop_last":          {"false", "a short last batch is used"},
	"dataloader_num_workers":        {"", "data are read before the first step"},
	"dataloader_pin_memory":         {"", "data are read before the first step"},
	"dataloader_prefetch_factor":    {"", "data are read before the first step"},
	"dataset_num_proc":              {"", "data are read before the first step"},
	"ddp_find_unused_parameters":    {"", "there is one device"},
	"disable_tqdm":                  {"", "use --quiet"},
	"do_eval":                       {"", "eval_strategy says it"},
	"do_train":                      {"true", "train trains"},
	"fp16":                          {"false", "there is no float16 arithmetic"},
	"fp16_full_eval":                {"false", "there is no float16 arithmetic"},
	"gradient_checkpointing_kwargs": {"", "there is one kind of checkpointing"},
	"group_by_length":               {"false", "there is no padding to save"},
	"load_best_model_at_end":        {"false", "the last step's model is kept"},
	"load_in_4bit":                  {"false", "weights keep the dtype of their file"},
	"load_in_8bit":                  {"false", "weights keep the dtype of their file"},
	"log_level":                     {"", "use --quiet"},
	"logging_dir":                   {"", "logs go to output_dir"},
	"logging_strategy":              {"steps", "logging_steps says it"},
	"lora_bias":                     {"none", "biases stay as they are"},
	"lora_task_type":                {"", "the command says it"},
	"optim":                         {"adamw_torch,adamw_torch_fused,adamw_hf", "AdamW is the optimizer"},
	"packing":                       {"false", "there is no padding to save"},
	"padding_free":                  {"", "there is no padding anywhere"},
	"precompute_ref_log_probs":      {"", "reference log-probabilities are computed once or taken from the record"},
	"push_to_hub":                   {"false", "nothing is uploaded"},
	"remove_unused_columns":         {"", "columns that are not read are passed over"},
	"run_name":                      {"", "output_dir names the run"},
	"save_only_model":               {"false", "checkpoints hold what resume needs"},
	"save_safetensors":              {"true", "files are safetensors"},
	"torch_compile":                 {"", "there is nothing to compile"},
	"torch_dtype":                   {"", "weights keep the dtype of their file, --dtype says what products multiply"},
	"truncation_mode":               {"keep_start", "what is too long loses its end"},
	"trust_remote_code":             {"", "no code is loaded"},
	"use_cpu":                       {"", "--device says it"},
	"use_dora":                      {"false", "adapters are LoRA"},
	"use_liger_kernel":              {"", "the kernels are croco's"},
}

// without says why an option of TRL's may be left out: "" where it is not one of them. A value that would change
// something is an error.
func without(name, value string) (note string, err error) {
	o, ok := foreignOptions[name]
	switch {
	case !ok:
		return "", nil
	case o.values != "" && !slices.Contains(strings.Split(o.values, ","), strings.ToLower(value)):
		return "", fmt.Errorf("%s %s is not supported: %s; expected %s", name, value, o.why, strings.ReplaceAll(o.values, ",", " or "))
	}
	return fmt.Sprintf("note: %s changes nothing: %s", name, o.why), nil
}
