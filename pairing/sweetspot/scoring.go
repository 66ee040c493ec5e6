package sweetspot

import (
	"errors"
	"fmt"

	"croco/model/chat"
	"croco/pairing/dialogue"
	"croco/pairing/python"
)

// Scoring gives the answers [Begin, End) of each row their rewards.
type Scoring struct {
	Begin, End int
	Size       int // conversations that the reward model sees at once
	// Authors cuts batches as the released script does: the last one may run past End, so that there are more scores than
	// answers, and a batch of one answer fails. Else exactly output[Begin:End] is scored.
	Authors bool
}

// Prompts maps a prompt in its chat template, stripped, to its turns: how rows find their conversation. examples hold
// chosen, whose last turn is the answer. With system, prompts get an empty system turn as the sampler gave them one.
func Prompts(examples []*python.Object, render func(messages []chat.Message, generationPrompt bool) (string, error), system bool) (map[string][]any, error) {
	prompts := map[string][]any{}
	for i, example := range examples {
		chosen, err := example.List("chosen")
		if err == nil && len(chosen) < 2 {
			err = errors.New("chosen: expected a prompt and an answer")
		}
		if err != nil {
			return nil, fmt.Errorf("example %d: %w", i+1, err)
		}
		turns := chosen[:len(chosen)-1]
		if system {
			turns = dialogue.WithSystem(turns)
		}
		messages, err := dialogue.Messages(turns)
		if err != nil {
			return nil, fmt.Errorf("example %d: %w", i+1, err)
		}
		text, err := render(messages, true)
		if err != nil {
			return nil, fmt.Errorf("example %d: %w", i+1, err)
		}
		prompts[python.Strip(text)] = turns
	}
	return prompts, nil
}

// Rewards scores conversations, one number each.
type Rewards func(conversations [][]chat.Message) ([]float64, error)

// Score makes one record a row: scores, output, instruction.
func (s Scoring) Score(rows []*python.Object, prompts map[string][]any, rewards Rewards) ([]*python.Object, error) {
	if s.Begin < 0 || s.End < s.Begin || s.Size < 1 {
		return nil, fmt.Errorf("expected 0 ≤ begin ≤ end and a batch size of 1 or more, found %d, %d and %d", s.Begin, s.End, s.Size)
	}
	var out []*python.Object
	for i, row := range rows {
		record, err := s.row(row, prompts, rewards)
		if err != nil {
			return nil, fmt.Errorf("row %d: %w", i+1, err)
		}
		out = append(out, record)
	}
	return out, nil
}

func (s Scoring) row(row *python.Object, prompts map[string][]any, rewards Rewards) (*python.Object, error) {
	instruction, err := row.Text("instruction")
	if err != nil {
		return nil, err
	}
	answers, err := row.Texts("output")
	if err != nil {
		return nil, err
	}
	turns, ok := prompts[python.Strip(instruction)]
	if !ok {
		return nil, fmt.Errorf("instruction %.60q is the prompt of no example", instruction)
	}
	prompt, err := dialogue.Messages(turns)
	if err != nil {
		return nil, err
	}
	end := min(s.End, len(answers))
	scores, output := []any{}, []any{}
	for from := s.Begin; from < s.End; from += s.Size {
		to := min(from+s.Size, end)
		if s.Authors {
			to = min(from+s.Size, len(answers))
			if to-from <= 1 {
				return nil, fmt.Errorf("answers %d to %d: the script cannot score a batch of %d", from, to, max(0, to-from))
			}
		}
		if from >= to {
			break
		}
		var batch [][]chat.Message
		for _, answer := range answers[from:to] {
			batch = append(batch, append(prompt[:len(prompt):len(prompt)], chat.Message{Role: "assistant", Content: answer}))
		}
		values, err := rewards(batch)
		if err != nil {
			return nil, err
		}
		if len(values) != len(batch) {
			return nil, fmt.Errorf("expected rewards of %d answers, found %d", len(batch), len(values))
		}
		for _, v := range values {
			scores = append(scores, v)
		}
	}
	for _, answer := range answers[min(s.Begin, end):end] {
		output = append(output, answer)
	}
	return python.Dict("scores", scores, "output", output, "instruction", row.Get("instruction")), nil
}
