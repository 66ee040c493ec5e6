// Package tasks are the evaluations that ask a model: what eval holds of formulas and formats, with a model or an endpoint
// behind it.
//
//	Judge.Run   two models' answers, and a judge between them: verdicts, win rates
package tasks
