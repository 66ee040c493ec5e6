// Package implicit scores an answer by how much likelier one model finds it than another: the reward that DPO training
// leaves in a policy (Rafailov et al. 2023), which ICR reads out under a prompt in English.
//
//	Reward            log-probabilities of two models → β · log π/π_ref
//	Sum               the log-probability of an answer, all of its tokens and the end
//	Options.Scores    rows → one number per row: log_probs, loss, avg_loss or ppl
//	ParseOptions      the authors' flags
//
// Shape letter: T tokens of a row: prompt, answer, end of turn.
package implicit

import (
	"fmt"
	"math"
	"strconv"
)

// Row is one answer under its prompt.
type Row struct {
	IDs    []int32 // (T), the end of the turn included
	Prompt int     // how many of them are the prompt
}

// LogProbs gives log π(x_{t+1} | x_0 … x_t) of a sequence of T tokens: T−1 numbers.
type LogProbs func(ids []int32) []float64

// Reward is β · Σ log π − log π_ref over an answer's tokens, the end included.
func Reward(policy, reference []float64, beta float64) float64 {
	if len(policy) != len(reference) {
		panic(fmt.Sprintf("implicit: %d log-probabilities of the policy, %d of the reference", len(policy), len(reference)))
	}
	sum := 0.0
	for t, p := range policy {
		sum += p - reference[t]
	}
	return beta * sum
}

// Sum is log π(answer | prompt): Σ over the tokens behind the prompt.
func Sum(row Row, of LogProbs) float64 {
	sum := 0.0
	for _, lp := range of(row.IDs)[row.Prompt-1:] {
		sum += lp
	}
	return sum
}

// Options of Scores. The zero value is the reward that one wants: log_probs over every token of the answer.
type Options struct {
	Type string // log_probs | loss, its negative | avg_loss, per token | ppl, exp of that
	// Mask "authors" is the released script's (ZNLP/Implicit-Cross-Lingual-Rewarding, utils/compute_reward_score.py): it
	// masks the token that predicts instead of the predicted one. So the first token of the answer is not counted; and
	// rows are padded to the longest of Batch, where the end of the turn predicts a first Pad, which is counted, unless
	// Pad is the end itself. A score then depends on the rows beside it. The default is "intended".
	Mask  string
	Batch int   // rows of one padded batch; authors only
	Pad   int32 // authors only
}

// Scores gives every row its number. Nothing is rounded.
func (o Options) Scores(rows []Row, of LogProbs) []float64 {
	scores := make([]float64, len(rows))
	if o.Mask != "authors" {
		for i, row := range rows {
			scores[i] = o.score(Sum(row, of), len(row.IDs)-row.Prompt)
		}
		return scores
	}
	for from := 0; from < len(rows); from += o.Batch {
		batch := rows[from:min(from+o.Batch, len(rows))]
		longest := 0
		for _, row := range batch {
			longest = max(longest, len(row.IDs))
		}
		for i, row := range batch {
			scores[from+i] = o.score(o.authors(row, longest, of))
		}
	}
	return scores
}

// authors sums log π(x_{t+1} | …) over x_t ≠ pad with t ≥ L, for L tokens of prompt in a padded row; and counts those t,
// the last one too, which predicts nothing.
func (o Options) authors(row Row, padded int, of LogProbs) (sum float64, tokens int) {
	ids := make([]int32, padded)
	for t := copy(ids, row.IDs); t < padded; t++ {
		ids[t] = o.Pad
	}
	lps := of(ids)
	for t := row.Prompt; t < padded; t++ {
		if ids[t] == o.Pad {
			continue
		}
		tokens++
		if t < len(lps) {
			sum += lps[t]
		}
	}
	return sum, tokens
}

// score turns a sum into the wanted number. No tokens make a mean NaN.
func (o Options) score(sum float64, tokens int) float64 {
	switch o.Type {
	case "loss":
		return 0 - sum
	case "avg_loss":
		return (0 - sum) / float64(tokens)
	case "ppl":
		return math.Exp((0 - sum) / float64(tokens))
	}
	return sum
}

// ParseOptions reads --score_type, --mask, --batch_size and --pad_id; anything else is refused.
func ParseOptions(args []string) (Options, error) {
	o := Options{Type: "log_probs", Mask: "intended", Batch: 16}
	for i := 0; i < len(args); i += 2 {
		if i+1 == len(args) {
			return o, fmt.Errorf("%s: expected a value", args[i])
		}
		value := args[i+1]
		n, err := strconv.ParseInt(value, 10, 32)
		switch args[i] {
		case "--score_type":
			o.Type, err = value, oneOf(value, "log_probs", "loss", "avg_loss", "ppl")
		case "--mask":
			o.Mask, err = value, oneOf(value, "intended", "authors")
		case "--batch_size":
			if o.Batch = int(n); err != nil || n < 1 {
				err = fmt.Errorf("expected a number of 1 or more, found %q", value)
			}
		case "--pad_id":
			o.Pad = int32(n)
		default:
			return o, fmt.Errorf("%s: unknown flag; expected --score_type, --mask, --batch_size or --pad_id", args[i])
		}
		if err != nil {
			return o, fmt.Errorf("%s: %w", args[i], err)
		}
	}
	return o, nil
}

func oneOf(word string, allowed ...string) error {
	for _, a := range allowed {
		if word == a {
			return nil
		}
	}
	return fmt.Errorf("expected one of %v, found %q", allowed, word)
}
