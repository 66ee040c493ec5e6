package engine

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"croco/eval/representation"
	"croco/internal/jsonl"
	"croco/kernels"
	"croco/reward/embedding"
	"croco/sampler"
)

// Shift are the options of a comparison of what two models make of translations: package eval/representation.
type Shift struct {
	ModelNameOrPath string `yaml:"model_name_or_path" name:"model_name_or_path" help:"Model A: a folder, or a repository in the Hugging Face cache."`
	Adapter         string `yaml:"adapter" name:"adapter" help:"Folder of a LoRA adapter on it."`
	Other           string `yaml:"other" name:"other" help:"Model B, such as a reward model that was trained from A; none: A without an adapter."`
	OtherAdapter    string `yaml:"other_adapter" name:"other_adapter" help:"Folder of a LoRA adapter on B."`
	Texts           string `yaml:"texts" name:"texts" help:"Parallel texts: JSON lines with prompt, one file per language, separated by commas, or one file with language and line_id."`
	Format          string `yaml:"format" name:"format" help:"What a text becomes: text (as it is) or chat (one turn of a user, by the chat template)."`
	Pooling         string `yaml:"pooling" name:"pooling" help:"A text's vector: the state of its last token (last), or the mean over all (mean)."`
	Limit           int    `yaml:"limit" name:"limit" help:"Only the first lines; 0: all."`
	MaxRows         int    `yaml:"max_rows" name:"max_rows" help:"Tokens of one forward pass; it changes no bit."`
	Out             string `yaml:"out" name:"out" help:"File for the result, as JSON."`
}

// ShiftDefaults read a text at its last token, as a reward model does.
func ShiftDefaults() Shift { return Shift{Format: "text", Pooling: "last", MaxRows: 4096} }

// Run measures both models on the same texts, layer by layer, and writes Out where it is named.
func (o Shift) Run(ctx context.Context, d kernels.Device) (s representation.Shift, err error) {
	if o.Format != "text" && o.Format != "chat" {
		return s, fmt.Errorf("format: expected text or chat, found %q", o.Format)
	}
	languages, texts, err := parallelTexts(o.Limit, splitList(o.Texts)...)
	if err != nil {
		return s, err
	}
	if o.Other == "" {
		o.Other = o.ModelNameOrPath
	}
	var profiles [2]representation.Profile
	for i, side := range [][2]string{{o.ModelNameOrPath, o.Adapter}, {o.Other, o.OtherAdapter}} {
		if profiles[i], err = o.profile(ctx, d, side[0], side[1], languages, texts); err != nil {
			return s, err
		}
	}
	if s, err = representation.Compare(languages, o.Pooling, profiles[0], profiles[1]); err != nil || o.Out == "" {
		return s, err
	}
	raw, err := s.JSON()
	if err != nil {
		return s, err
	}
	return s, jsonl.WriteFile(o.Out, raw)
}

// profile measures one model. texts are (N·L), the languages of a line side by side.
func (o Shift) profile(ctx context.Context, d kernels.Device, dir, adapter string, languages []string, texts []sampler.Prompt) (p representation.Profile, err error) {
	if err := ctx.Err(); err != nil {
		return p, err
	}
	m, codec, err := openModel(dir, adapter, 0, d)
	if err != nil {
		return p, err
	}
	defer func() { err = errors.Join(err, m.Close()) }()
	e, err := embedding.New(m, embedding.Pooling(o.Pooling), o.MaxRows)
	if err != nil {
		return p, err
	}
	ids := make([][]int32, len(texts))
	for i, t := range texts {
		ids[i] = t.PromptIDs
		if codec != nil && len(t.Prompt) > 0 {
			if ids[i], err = codec.Prompt(t.Prompt, o.Format == "chat"); err != nil {
				return p, fmt.Errorf("text %s: %w", t.ID, err)
			}
		}
		if !e.Fits(ids[i]) {
			return p, fmt.Errorf("text %s has %d tokens for %s: expected from 1 to %d; shorten it, or drop the line in every language", t.ID, len(ids[i]), dir, m.Spec.Positions)
		}
	}
	layers := make([]int, e.Layers())
	for i := range layers {
		layers[i] = i
	}
	vectors, err := e.Embed(ids, layers...)
	if err != nil {
		return p, err
	}
	name := filepath.Base(dir)
	if adapter != "" {
		name += "+" + filepath.Base(adapter)
	}
	return representation.Measure(name, languages, layers, vectors), nil
}

// parallelTexts reads prompts and keeps the lines that every language has, in the order of their first language.
func parallelTexts(limit int, files ...string) (languages []string, texts []sampler.Prompt, err error) {
	rows, err := ReadPrompts(files...)
	if err != nil {
		return nil, nil, err
	}
	lines, order := map[int]map[string]sampler.Prompt{}, []int{}
	for _, r := range rows {
		if !slices.Contains(languages, r.Language) {
			languages = append(languages, r.Language)
		}
		if lines[*r.LineID] == nil {
			lines[*r.LineID] = map[string]sampler.Prompt{}
			order = append(order, *r.LineID)
		}
		lines[*r.LineID][r.Language] = r
	}
	if len(languages) < 2 {
		return nil, nil, fmt.Errorf("%v: expected texts in two languages or more, found %v; name one file per language, or give the rows a language", files, languages)
	}
	for _, line := range order {
		if len(lines[line]) < len(languages) || limit > 0 && len(texts) >= limit*len(languages) {
			continue
		}
		for _, l := range languages {
			texts = append(texts, lines[line][l])
		}
	}
	if len(texts) == 0 {
		return nil, nil, fmt.Errorf("%v: no line_id is there in all of the languages %v: expected translations of the same lines", files, languages)
	}
	return languages, texts, nil
}
