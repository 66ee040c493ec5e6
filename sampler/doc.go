// Package sampler writes answers: N of every prompt, each with its token ids and the log-probability of every token.
//
//	New         a sampler over a language model
//	Generate    prompts → answers, by continuous batching over the prompt forest
//	Job         one prompt: its ids, how many answers
//	Params      temperature and its relatives, limits, stop rules, the seed
//	Answer      token ids, log-probabilities, why it ended
//	Prompt, Completion   the records of the files prompts and completions
//
// The N answers of a prompt share its keys and values, and prompts that begin alike share what they have in common, in
// pages of 64 positions. New prompts are read and running answers grow in the same step: rows do not know of each other,
// so an answer is the same whatever was computed beside it.
//
// The log-probabilities are those of the raw logits, whatever temperature or truncation chose the token. A trainer that
// starts from the same weights computes the same bits, so they serve as the reference of DPO.
package sampler
