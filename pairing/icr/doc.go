// Package icr makes the pairs of Implicit Cross-Lingual Rewarding (arXiv 2503.04647): a model that DPO has tuned in
// English rewards answers in other languages, by how much likelier it finds them than the model it came from.
//
//	Questions, Sampled     rows and answers → rows with the prompt that was asked and the one that scores
//	Translated             answers in English, for scoring them there (the variant R_t)
//	Table.Alpha, Table.Grid   how much length has to cost so that both sides of the pairs are equally long
//	Table.Pick             rewards and lengths → the best and the worst answer of each row
//	Pairs                  two scored files → records
//	Run                    the files of all languages → those that the script writes
//	FromScores             croco's own scored answers → croco's own pairs
//	Defaults, Options.Validate   length control and its grid
//
// The reward of answer y to x in language l is log π(y|G(x)) − log π_ref(y|G(x)), where G(x) is the English instruction with
// a line ahead that asks for language l; reward/implicit sums the log-probabilities. Then for one α per language
//
//	A = reward − α·length,    chosen = argmax A,    rejected = argmin A
//
// The files are the authors' (ZNLP/Implicit-Cross-Lingual-Rewarding, utils/), their bytes included; Options.Misaligned
// brings back their one dangerous defect.
package icr
