package exchange

import (
	"fmt"

	"croco/pairing/python"
)

// FailedScore stands where no score could be read.
const FailedScore = -999.0

// Left counts the rows that are not scored.
type Left struct{ WithoutMessages, TooLong int }

// Scorable keeps the rows with messages (an empty list is one) that tokens counts to at most maxTokens, and returns
// their lengths.
func Scorable(rows []*python.Object, tokens func(row *python.Object) (int, error), maxTokens int) (kept []*python.Object, lengths []int, left Left, err error) {
	for i, row := range rows {
		if _, ok := row.Lookup("messages"); !ok {
			left.WithoutMessages++
			continue
		}
		n, err := tokens(row)
		if err != nil {
			return nil, nil, left, fmt.Errorf("row %d: %w", i+1, err)
		}
		if n > maxTokens {
			left.TooLong++
			continue
		}
		kept, lengths = append(kept, row), append(lengths, n)
	}
	return kept, lengths, left, nil
}

// Score reads what a reward model answered: the first of a list as it is, else a number or a text that reads as one,
// else FailedScore.
func Score(answer any) any {
	if list, ok := answer.([]any); ok && len(list) > 0 {
		return list[0]
	}
	x, err := python.ToFloat(answer)
	if err != nil {
		return FailedScore
	}
	return x
}

// Scored is the row of a score. Absent id, source_dataset and domain are null.
func Scored(row *python.Object, score any, tokens int, model string) *python.Object {
	messages, ok := row.Lookup("messages")
	if !ok {
		messages = []any{}
	}
	return python.Dict("id", row.Get("id"), "source_dataset", row.Get("source_dataset"), "domain", row.Get("domain"),
		"messages", messages, "reward_score", score, "token_length", python.Int(fmt.Sprint(tokens)), "model", model)
}
