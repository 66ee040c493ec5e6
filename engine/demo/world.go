package demo

import (
	"embed"
	"encoding/json"
	"io/fs"
	"path/filepath"

	"croco/internal/jsonl"
	"croco/reward"
	"croco/sampler"
	"croco/toyworld"
)

// models are the policy and the reward model, made by make toyworld.
//
//go:embed models
var models embed.FS

// Unpack writes the embedded models to dir/policy and dir/reward. The policy gets the world's tokenizer; the reward model
// reads token ids.
func Unpack(dir string) error {
	err := fs.WalkDir(models, "models", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		raw, err := models.ReadFile(path)
		if err != nil {
			return err
		}
		inside, err := filepath.Rel("models", filepath.FromSlash(path))
		if err != nil {
			return err
		}
		return jsonl.WriteFile(filepath.Join(dir, inside), raw)
	})
	if err != nil {
		return err
	}
	return jsonl.WriteFile(filepath.Join(dir, "policy", "tokenizer.json"), toyworld.TokenizerJSON())
}

// writePrompts asks tasks in languages: the rows of a task are parallel, and its name is their id.
func writePrompts(path string, tasks []toyworld.Task, languages []string) error {
	var rows []sampler.Prompt
	for line, t := range tasks {
		for _, l := range languages {
			question := toyworld.Prompt(t, l)
			text, err := json.Marshal(toyworld.Text(question, l))
			if err != nil {
				return err
			}
			rows = append(rows, sampler.Prompt{ID: sampler.ID(t.String()), LineID: &line, Language: l, Prompt: text, PromptIDs: toyworld.Chat(question)})
		}
	}
	return jsonl.WriteRows(path, rows)
}

// judge is the true worth of an answer, which no stage of the loop sees.
func judge(c sampler.Completion) (toyworld.Judgement, error) {
	t, err := toyworld.ParseTask(string(c.ID))
	if err != nil {
		return toyworld.Judgement{}, err
	}
	answer, ended := toyworld.Strip(c.CompletionIDs)
	return toyworld.Judge(t, c.Language, answer, ended), nil
}

// detect is the language of a toy answer: it has so few words that the world's own lists are the only judge.
func detect(s reward.Scored) (string, float32) {
	answer, _ := toyworld.Strip(s.CompletionIDs)
	return toyworld.LanguageOf(answer, s.Language), 1
}

// writeTranslations asks for translations from English, a skill that is not tuned.
func writeTranslations(path string, exercises []toyworld.Translation) error {
	var rows []sampler.Prompt
	for i, x := range exercises {
		rows = append(rows, sampler.Prompt{ID: sampler.ID(x.Task.String()), LineID: &i, Language: x.Language, PromptIDs: toyworld.Chat(x.Question)})
	}
	return jsonl.WriteRows(path, rows)
}
