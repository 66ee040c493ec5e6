// Package trainer tunes a model: one loop for supervised fine-tuning, preference optimisation and reward models.
//
// The verbs:
//
//	Defaults, Validate   the options, with the names and defaults of TRL and transformers
//	Run                  data and model → an adapter or a model in output_dir
//	Objective            what is trained: DPO (package dpo), Bradley–Terry (reward/bradleyterry), SFT (sft.go)
//
// and inside:
//
//	step       forward, loss, backward for each micro-batch; clip; update
//	evaluate   the same loss over held-out examples
//	pairs      the reference's log-probabilities: the sampler's record, or a forward pass made once
//	save       checkpoint-N, whole or absent; resume goes on from one as if nothing had happened
//
// # What a step computes
//
// A step's loss is the mean over its micro-batches of each one's mean (DPO, reward), or the mean over all its target
// tokens (SFT). Which examples make a micro-batch is decided by the options and the seed, never by memory. Nothing
// random has a state: the order of an epoch and the masks of dropout are functions of seed, epoch, step and place. So a
// run that was stopped after any step and resumed ends with the same bytes as one that was not.
//
// # What a run leaves in output_dir
//
//	adapter_config.json, adapter_model.safetensors    or config.json, model.safetensors; and the tokenizer's files
//	trainer_state.json    log_history with TRL's keys, no times
//	logging.jsonl         the same entries with times and speed, as they come
//	events.out.tfevents.* the same for TensorBoard
//	reference-*.json      reference log-probabilities that had to be computed
//	checkpoint-N/         the adapter or model, trainer_state.json, optimizer.safetensors, scheduler.json, data_state.json
package trainer
