package exact

import (
	"bytes"
	"fmt"
	"os"

	"croco/internal/jsonl"
	"croco/kernels"
	"croco/model/text"
)

// questions are prompts for models that read text: pieces that begin alike, and pieces that do not.
var questions = []string{"Question: what is %d + 4?\nAnswer:", "Question: name %d cities.\nAnswer:", "Frage: Wie viel ist %d mal 3?\nAntwort:",
	"Question : combien font %d et 5 ?\nRéponse :", "Pregunta: ¿cuánto es %d menos 2?\nRespuesta:"}

const (
	promptCount = 25
	perPrompt   = 4
	newTokens   = 12
)

// row is a row of the prompts file.
type row struct {
	ID        string  `json:"id"`
	LineID    int     `json:"line_id"`
	Language  string  `json:"language"`
	Prompt    string  `json:"prompt,omitempty"`
	PromptIDs []int32 `json:"prompt_ids,omitempty"`
}

// makePrompts fills c.prompts.
func (c *check) makePrompts() error {
	codec, err := text.Open(c.Model)
	if err != nil {
		return err
	}
	c.text = codec != nil
	for i := range promptCount {
		r := row{ID: fmt.Sprint("p", i), LineID: i, Language: "en"}
		if c.text {
			r.Prompt = fmt.Sprintf(questions[i%len(questions)], i)
		} else {
			r.PromptIDs = c.randomIDs(uint64(i%5), promptLength(i, c.context))
		}
		b, err := jsonl.Marshal(r)
		if err != nil {
			return err
		}
		c.prompts = append(c.prompts, append(b, '\n'))
	}
	return nil
}

// promptLength goes from 1 to beyond two tiles of attention, as far as the model's context reaches.
func promptLength(i, context int) int { return min(1+i*37%150, max(1, context-newTokens-1)) }

// randomIDs are n pseudo-random ids. The same seed gives the same beginning, for prompts to share.
func (c *check) randomIDs(seed uint64, n int) []int32 {
	ids := make([]int32, n)
	for i := range ids {
		ids[i] = int32(kernels.Uniform(kernels.Mix(seed, 77), uint64(i)) * float64(c.vocab))
	}
	return ids
}

// writePrompts writes some of the prompts.
func (c *check) writePrompts(name string, some [][]byte) (string, error) {
	path := c.file(name)
	return path, os.WriteFile(path, bytes.Join(some, nil), 0o644)
}
