package data

import "slices"

// encode returns the ids of a prompt and of the answer to it: what follows the prompt's ids in the ids of both together.
// Where the whole is wanted there is no boundary to find, and the answer is all of it.
func (r Row) encode(prompt, answer piece, o Options, report *Report) (promptIDs, answerIDs []int32, err error) {
	if !answer.chat {
		answer.text = o.Encoder.WithEnd(answer.text)
	}
	if !prompt.empty() && !o.Whole {
		if n := len(prompt.turns); prompt.chat && prompt.turns[n-1].role == "assistant" {
			return nil, nil, r.errorf("the prompt ends in an assistant's turn, which an answer cannot follow; end it in a user's turn")
		}
		if promptIDs, err = prompt.encode(o.Encoder, true); err != nil {
			return nil, nil, r.errorf("prompt: %w", err)
		}
	}
	both, err := prompt.add(answer).encode(o.Encoder, false)
	if err != nil {
		return nil, nil, r.errorf("prompt and answer: %w", err)
	}
	if n := len(promptIDs); n > len(both) || !slices.Equal(both[:n], promptIDs) {
		report.Note(r.Where(), "warning: the prompt's ids do not begin the ids of prompt and answer together; the answer is what follows as many ids")
	}
	answerIDs = both[min(len(promptIDs), len(both)):]
	isEnd := func(id int32) bool { return slices.Contains(o.Ends, id) }
	if len(o.Ends) > 0 && !o.Whole && !slices.ContainsFunc(answerIDs, isEnd) {
		report.Note(r.Where(), "warning: the answer holds no end token of the model's, so nothing teaches it to stop")
	}
	return promptIDs, answerIDs, nil
}

func (p piece) empty() bool { return p.text == "" && len(p.turns) == 0 }

// fit applies max_length, keeping the start, and tells whether the example can be trained on.
func (e *Example) fit(row Row, o Options, pairs bool, report *Report) bool {
	answers := []*[]int32{&e.Chosen}
	if pairs {
		answers = append(answers, &e.Rejected)
	}
	for _, a := range answers {
		if len(*a) == 0 {
			report.Note(row.Where(), "dropped: an answer has no tokens")
			return false
		}
		if len(e.Prompt)+len(*a) < 2 {
			report.Note(row.Where(), "dropped: a single token predicts nothing")
			return false
		}
		if o.Whole && o.MaxLength > 0 && len(e.Prompt)+len(*a) > o.MaxLength {
			report.Note(row.Where(), "dropped: longer than max_length %d", o.MaxLength)
			return false
		}
	}
	if o.MaxLength <= 0 {
		return e.teaches(row, report)
	}
	if len(e.Prompt) >= o.MaxLength {
		report.Note(row.Where(), "dropped: the prompt alone fills max_length %d", o.MaxLength)
		return false
	}
	cut := false
	for _, a := range answers {
		if room := o.MaxLength - len(e.Prompt); len(*a) > room {
			*a, cut = (*a)[:room], true
		}
	}
	e.ChosenLogprobs, e.RejectedLogprobs = first(e.ChosenLogprobs, len(e.Chosen)), first(e.RejectedLogprobs, len(e.Rejected))
	e.Wanted = first(e.Wanted, len(e.Chosen))
	if cut {
		report.Note(row.Where(), "cut: an answer ended after max_length %d", o.MaxLength)
	}
	return e.teaches(row, report)
}

// teaches tells whether a token is left to train on.
func (e *Example) teaches(row Row, report *Report) bool {
	start := 0
	if len(e.Prompt) == 0 {
		start = 1 // nothing stands before the first token, so nothing predicts it
	}
	if e.Wanted != nil && !slices.Contains(e.Wanted[start:], true) {
		report.Note(row.Where(), "dropped: no token of an assistant's turn to train on")
		return false
	}
	return true
}

// first is v[:n]; what is not there stays so.
func first[T any](v []T, n int) []T {
	if v == nil {
		return nil
	}
	return v[:n]
}
