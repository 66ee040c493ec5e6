// Package pairing turns pools of scored answers into preference pairs. The methods are pure functions of the pools;
// reading and writing files is a thin layer around them.
//
//	Chosen, Rejected   the rule of CroCo on bare scores
//	Croco              candidates → pairs, inside a language or across languages
//	MaxReward          candidates → the best answer of each pool, for supervised fine-tuning
//	Defaults, AuthorsOptions, Options.Validate   the switches
//	ReadCandidates     scores.jsonl → candidates; Options.Read with what chosen_file and scores_file add
//	WritePairs, ReadPairs, WriteSFT, Pair.AppendJSON   the records
//	Report             what was kept, what was skipped and why; printable
//	Authors, Command   the authors' command line: byte for byte, or with the repaired defaults
//
// Shape letter: N answers in a pool. Scores are float64; a higher score is a better answer.
package pairing
