package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"croco/internal/jsonl"
	"croco/kernels"
	"croco/pairing/translation"
	"croco/sampler"
)

// Translations are the options of the stage in which a model translates answers, most often its own: those in the source
// language to every other language of the file, the others to the source language.
type Translations struct {
	ModelNameOrPath string `yaml:"model_name_or_path"`
	Adapter         string `yaml:"adapter"`
	Completions     string `yaml:"completions"`
	Out             string `yaml:"out"`
	SourceLanguage  string `yaml:"source_language"`
	OneWay          bool   `yaml:"one_way"` // to the source language only
	Asking          `yaml:",inline"`
}

// translating is what the rows of a translations file depend on.
type translating struct {
	Options Translations `yaml:",inline"`
	Model   string       `yaml:"model"` // hash
}

// Run writes a row per answer and language, in the order of the answers. What is in the file already is kept.
func (o Translations) Run(ctx context.Context, d kernels.Device, progress Progress) (err error) {
	answers, err := jsonl.All[sampler.Completion](o.Completions)
	if err != nil {
		return err
	}
	rows, err := o.rows(answers)
	if err != nil {
		return err
	}
	t, err := openTranslator(o.Asking, o.ModelNameOrPath, o.Adapter, d)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, t.model.Close()) }()
	config := translating{o, t.model.Hash()}
	config.Options.ModelNameOrPath, config.Options.Adapter, config.Options.Completions, config.Options.Out = "", "", "", ""
	config.Options.Asking = o.Asking.same()
	manifest, err := newManifest("translate answers", config, o.Completions)
	if err != nil {
		return err
	}
	manifest.DType = d.Arithmetic().String()
	return manifest.fill(o.Out, func(out *jsonl.Writer) error {
		rows = rows[min(out.Rows, len(rows)):]
		requests, total := make([]request, len(rows)), out.Rows+len(rows)
		for i, r := range rows {
			requests[i] = request{r.Text, r.Language, r.To}
		}
		return t.all(ctx, requests, func(p sampler.Progress) {
			progress.tell(Update{Stage: "translate answers", Done: out.Rows, Total: total, Unit: "texts", Tokens: p.NewTokens, Shared: share(p.SharedTokens, p.PromptTokens)})
			manifest.Counts = map[string]int{"prompt_tokens_computed": p.PromptTokens, "prompt_tokens_shared": p.SharedTokens, "new_tokens": p.NewTokens}
		}, func(i int, r reply) error {
			rows[i].Translation, rows[i].Reply, rows[i].FinishReason, rows[i].Model = r.translation, r.raw, r.reason, config.Model
			return out.Append(rows[i])
		})
	})
}

// rows are the translations that are wanted, still empty.
func (o Translations) rows(answers []sampler.Completion) ([]translation.Row, error) {
	source, _, err := translation.Language(o.SourceLanguage)
	if err != nil {
		return nil, fmt.Errorf("source_language: %w", err)
	}
	var languages, codes []string
	of := map[string]string{} // language as the rows spell it → code
	for _, a := range answers {
		if _, seen := of[a.Language]; seen {
			continue
		}
		code, _, err := translation.Language(a.Language)
		if err != nil {
			return nil, fmt.Errorf("%s: prompt %s: %w", o.Completions, a.ID, err)
		}
		if of[a.Language] = code; code != source && !slices.Contains(codes, code) {
			languages, codes = append(languages, a.Language), append(codes, code)
		}
	}
	var rows []translation.Row
	for _, a := range answers {
		targets := languages
		switch {
		case of[a.Language] != source:
			targets = []string{o.SourceLanguage}
		case o.OneWay:
			targets = nil
		}
		for _, to := range targets {
			rows = append(rows, translation.Row{ID: a.ID, LineID: a.LineID, Language: a.Language, Sample: a.Sample, To: to, Text: a.Completion})
		}
	}
	return rows, nil
}
