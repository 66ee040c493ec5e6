package lidr

import (
	"fmt"
	"strings"

	"croco/pairing/python"
	"croco/pairing/translation"
)

// DefaultWording names the language that a reasoning prompt is to be answered in; with {language} and {question}.
const DefaultWording = "Solve the task below. Write your answer in {language}.\n\nTask:\n{question}\n\nAnswer:\n"

// Prompts are what is asked: the text under key, with the row's input, if there is one, behind a line end. A wording
// that is not empty is put around it.
func Prompts(rows []*python.Object, key, wording, language string) (prompts, instructions []string, err error) {
	name := ""
	if wording != "" {
		if name, err = translation.Name(language); err != nil {
			return nil, nil, err
		}
	}
	for i, row := range rows {
		instruction, err := row.Text(key)
		if err == nil && python.Truthy(row.Get("input")) {
			var input string
			input, err = row.Text("input")
			instruction += "\n" + input
		}
		if err != nil {
			return nil, nil, fmt.Errorf("row %d: %w", i+1, err)
		}
		prompt := instruction
		if wording != "" {
			prompt = strings.NewReplacer("{language}", name, "{question}", instruction).Replace(wording)
		}
		prompts, instructions = append(prompts, prompt), append(instructions, instruction)
	}
	return prompts, instructions, nil
}

// Answered makes the records of the answers, stripped: prompt, instruction, response, final_answer ("" if absent), id.
// With shared, rows with one prompt share the last one's answer, as with the authors.
func Answered(rows []*python.Object, prompts, instructions, answers []string, shared bool) ([]*python.Object, error) {
	if len(answers) != len(rows) {
		return nil, fmt.Errorf("expected answers to %d rows, found %d", len(rows), len(answers))
	}
	if shared {
		answers = translation.ByText(prompts, answers)
	}
	out := make([]*python.Object, len(rows))
	for i, row := range rows {
		id, ok := row.Lookup("id")
		if !ok {
			return nil, fmt.Errorf("row %d: expected the key id, found %q", i+1, row.Keys)
		}
		final, ok := row.Lookup("final_answer")
		if !ok {
			final = ""
		}
		out[i] = python.Dict("prompt", prompts[i], "instruction", instructions[i], "response", python.Strip(answers[i]),
			"final_answer", final, "id", id)
	}
	return out, nil
}

// Requests are the turns that ask for translations of the rows' answers.
func Requests(rows []*python.Object, wording translation.Wording, to string) ([]string, error) {
	name, err := translation.Name(to)
	if err != nil {
		return nil, err
	}
	texts, err := responses(rows)
	for i, text := range texts {
		texts[i] = wording.Prompt(name, text)
	}
	return texts, err
}

// Translated adds to each row the translation of its answer, read by translation.Strict from replies. With shared, rows
// with one answer share the last one's.
func Translated(rows []*python.Object, replies []string, from, to string, shared bool) ([]*python.Object, error) {
	texts, err := responses(rows)
	if err != nil {
		return nil, err
	}
	if len(replies) != len(rows) {
		return nil, fmt.Errorf("expected replies for %d rows, found %d", len(rows), len(replies))
	}
	if shared {
		replies = translation.ByText(texts, replies)
	}
	out := make([]*python.Object, len(rows))
	for i, row := range rows {
		out[i] = python.Copy(row).(*python.Object)
		out[i].Set(Key(from, to), translation.Strict(replies[i]))
	}
	return out, nil
}

func responses(rows []*python.Object) ([]string, error) {
	texts := make([]string, len(rows))
	for i, row := range rows {
		var err error
		if texts[i], err = row.Text("response"); err != nil {
			return nil, fmt.Errorf("row %d: %w", i+1, err)
		}
	}
	return texts, nil
}
