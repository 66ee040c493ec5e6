// Package exchange reads and writes the rows that CroCo's scripts hand to each other before pairing: translated prompts,
// generated answers, scores. What a model does between two rows is the caller's.
//
//	Conversations, Sample, Fit, Requests, Translated   English conversations → the same in another language
//	Translator, FileName                how a translation model is asked; what the file of a language is called
//	Prompts, Answers                    prompts → one row per answer
//	Scorable, Scored, Score             answers → one row per score
//
// Rows are python.Object values, so that what passes through keeps its keys, their order and its numbers' digits: the
// files equal the authors' byte for byte (jjzha/CroCo: src/vllm_inference.py, score_reward.py, vllm_translate.py).
//
// Three things are lost on the authors' way, and Carry and the reports of this package keep them: an answer's row says
// which line and id it answers and what the prompt was before a suffix was added, and what is left out is counted.
package exchange
