// Package demo is croco demo: the whole loop in a minute, without a download, in the toy world of package toyworld.
//
//	Run            sample, score, pair, tune twice on the same answers, measure, tell
//	Pretrain       the base policy, from the corpus (make toyworld)
//	TrainReward    the English-only reward model (make toyworld), or one of all languages
//	Unpack         the embedded policy and reward model, written to a folder
//	Sample, Accuracy   answers of a policy; how often a reward model is right
//	Save           a toy model as a Hugging Face folder
//
// The story: a reward model that has seen only English judges quality in other languages well, and loves English. Tuned
// on its raw scores, a model gets a higher reward and worse answers, since it answers in English. With a penalty for
// answers in the wrong language the same answers teach it to be better in nearly every language.
package demo
