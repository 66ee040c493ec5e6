package engine

import (
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"path/filepath"

	"croco/internal/jsonl"
	"croco/kernels"
	"croco/pairing"
	"croco/pairing/translation"
	"croco/sampler"
)

// ReadPrompts reads one file of prompts with their languages, or one file per language whose name ends in the language
// (prompts_danish.jsonl; the name of a single file counts where it ends in a language that croco knows). Rows of different
// languages are translations of each other where their line ids are equal; a row without line_id has its place in its
// file, one without id gets LANGUAGE-LINE. Two rows of one language may not share an id. A row with messages and no prompt
// is a conversation: its first turn of a user is the prompt.
func ReadPrompts(files ...string) ([]sampler.Prompt, error) {
	var all []sampler.Prompt
	type name struct {
		id       sampler.ID
		language string
	}
	seen := map[name]string{}
	for _, file := range files {
		place, fallback := 0, pairing.FileLanguage(file)
		if _, _, err := translation.Language(fallback); err != nil && len(files) == 1 {
			fallback = "" // a single file may have any name
		}
		err := jsonl.Read(file, func(line int, row promptRow) error {
			p, err := row.asked()
			if err != nil {
				return err
			}
			if p.Language == "" {
				p.Language = fallback
			}
			if p.LineID == nil {
				at := place
				p.LineID = &at
			}
			place++
			if p.ID == "" {
				p.ID = sampler.ID(fmt.Sprintf("%s-%d", p.Language, *p.LineID))
				if p.Language == "" {
					p.ID = sampler.ID(fmt.Sprint(*p.LineID))
				}
			}
			if len(p.Prompt) == 0 && len(p.PromptIDs) == 0 {
				return fmt.Errorf(`expected "prompt" (a text or messages) or "prompt_ids", found neither`)
			}
			here := fmt.Sprintf("%s:%d", filepath.Base(file), line)
			if first, ok := seen[name{p.ID, p.Language}]; ok {
				return fmt.Errorf("id %q in language %q has been used at %s: ids must differ, since they seed the random numbers", p.ID, p.Language, first)
			}
			seen[name{p.ID, p.Language}] = here
			all = append(all, p)
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("%v: no prompts: expected JSON lines with \"prompt\"", files)
	}
	return all, nil
}

// promptRow is a row of a prompts file as it may come from elsewhere.
type promptRow struct {
	sampler.Prompt
	Messages []struct {
		Role    string          `json:"role"`
		Content json.RawMessage `json:"content"`
	} `json:"messages"`
}

// asked is the prompt of a row.
func (r promptRow) asked() (sampler.Prompt, error) {
	if len(r.Prompt.Prompt) > 0 || len(r.PromptIDs) > 0 || len(r.Messages) == 0 {
		return r.Prompt, nil
	}
	for _, m := range r.Messages {
		if m.Role == "user" {
			r.Prompt.Prompt = m.Content
			return r.Prompt, nil
		}
	}
	return r.Prompt, errors.New("messages: expected a turn of a user, found none")
}

// key is the stable number of a prompt, from which its random numbers derive.
func key(p sampler.Prompt) uint64 {
	h := fnv.New64a()
	h.Write([]byte(p.ID))
	return kernels.Mix(h.Sum64(), hash(p.Language))
}

func hash(s string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(s))
	return h.Sum64()
}

// promptText is the prompt of a record: null where it was given as ids alone.
func promptText(raw json.RawMessage) json.RawMessage {
	if len(raw) == 0 {
		return json.RawMessage("null")
	}
	return raw
}
