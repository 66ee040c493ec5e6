// Package study asks of the toy world what the papers ask of the real one: which ways of making preference pairs help,
// which harm, and how sure that is. It makes docs/study.md.
//
//	Study.Run   what is missing of the results: seeds × arms, one line of JSON each, appended as they come
//	Arms        the table of arms: how pairs are made, how they are trained on
//	Read        a results file
//	Page        results → docs/study.md, a pure function
//	Findings    the papers' claims as differences of two arms
//
// One seed is everything that can differ: the base policy's weights and corpus, its two reward models, the tasks tuned
// on, the tasks measured with, every draw. So the spread between seeds is the spread of the whole experiment, and the
// differences of two arms are taken within a seed. The pool of answers of a seed is sampled once and shared by all arms.
//
// The truth (toyworld.Judge) is known to no arm but the ones that say so in their name.
package study
