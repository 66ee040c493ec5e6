// Package tasks are the evaluations that ask a model: what eval holds of formulas and formats, with a model or an endpoint
// behind it.
//
//	Judge.Run   two models' answers, and a judge between them: verdicts, win rates
//	Eval.Run    a model on a task: results.json, samples, answers
//
// Under both there are two ways to ask, each through a journal, so that nothing is computed twice and a run that was
// stopped goes on:
//
//	replies       texts → what the model writes
//	likelihoods   texts and what may follow them → log-probabilities, over one forest per batch
package tasks
