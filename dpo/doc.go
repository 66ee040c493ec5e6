// Package dpo is direct preference optimisation: from pairs of answers to a loss and its gradient.
//
// The verbs:
//
//	NewAnswers  sequences → a prompt forest and the picks of their answers' tokens; NewPicked of any tokens
//	Sums        log-probabilities of picks → log π of every answer
//	NewBatch    pairs → a batch, each prompt stored once for its chosen and rejected answer
//	Loss        log-probabilities → loss, gradient and TRL's metrics
//	Names       the losses by TRL's names, each one formula in losses.go
//	Validate    the combinations of options that TRL refuses
//
// # Letters
//
// B pairs of a micro-batch, P picks. For a pair, c = log π(chosen) and r = log π(rejected) are sums over the answer's
// tokens, its end token included; x = c − log π_ref(chosen) and y = r − log π_ref(rejected) are the log-ratios,
// Δ = x − y, and n the number of tokens of an answer.
//
// # Exactness
//
// An answer's log π is the float64 sum, in the order of its tokens, of float32 log-probabilities, whether they come
// from the model or from the record that the sampler kept. As both hold the same bits, the first step of a policy that
// is its own reference has Δ = 0 exactly, and its loss is ln 2.
package dpo
