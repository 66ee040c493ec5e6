package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"croco/dpo"
	"croco/kernels"
	"croco/reward"
	"croco/sampler"
)

// MAPO is the section of method mapo, and the options of its stage: an answer's score is how likely a translator finds the
// source language's answers as its translation,
//
//	score(y) = mean over the source answers e of  log P(e | translate y) / |e|
//
// (MAPO: Advancing Multilingual Reasoning through Multilingual-Alignment-as-Preference Optimization, arXiv 2401.06838).
// Answers in the source language all score 0, and make no pairs.
type MAPO struct {
	ModelNameOrPath string `yaml:"model_name_or_path" name:"model_name_or_path" help:"The translator: a language model that can be asked for a translation."`
	Adapter         string `yaml:"adapter" name:"adapter" help:"Folder of a LoRA adapter on it."`
	Wording         string `yaml:"wording" name:"wording" help:"The text that asks, with {text}, {language} and {source}; empty: croco's own."`
	PromptFormat    string `yaml:"prompt_format" name:"prompt_format" help:"What the wording becomes: chat (one turn of a user) or text (as it is)."`
	SourceLanguage  string `yaml:"source_language" name:"source_language" help:"The language whose answers are the measure."`
	MaxRows         int    `yaml:"max_rows" name:"max_rows" help:"Tokens of one forward pass; it changes no bit."`
	Completions     string `yaml:"-" name:"completions" help:"Answers to score: croco generate writes them."`
	Out             string `yaml:"-" name:"out" help:"File for the scores."`
}

// MAPODefaults ask as croco translate does.
func MAPODefaults() MAPO { return MAPO{PromptFormat: "chat", SourceLanguage: "en", MaxRows: 4096} }

var mapoMethod = method{
	key: "mapo", also: []string{"pair"}, section: func(r *Recipe) any { return r.MAPO },
	about: func(r *Recipe) string {
		return fmt.Sprintf("scored by how likely %s finds the %s answers as their translations", r.MAPO.ModelNameOrPath, r.MAPO.SourceLanguage)
	},
	defaults: func(r *Recipe) {
		agreementDefaults(r)
		r.MAPO = MAPODefaults()
	},
	validate: func(r *Recipe) []error {
		return agreementFaults(r, "mapo", r.MAPO.ModelNameOrPath, r.MAPO.SourceLanguage, r.MAPO.asking().Validate())
	},
	round: func(o *round) []stage { return agreementStages(o, o.likely) },
}

func (o *round) likely(ctx context.Context) error {
	s := o.MAPO
	s.Completions, s.Out = o.Generate.Out, o.Score.Out
	return s.Run(ctx, o.run.device, o.progress)
}

func (o MAPO) asking() Asking {
	a := AskingDefaults()
	a.Wording, a.PromptFormat = o.Wording, o.PromptFormat
	return a
}

// Run writes a row for every completion, its mean log-probability per token as its score.
func (o MAPO) Run(ctx context.Context, d kernels.Device, progress Progress) (err error) {
	t, err := openTranslator(o.asking(), o.ModelNameOrPath, o.Adapter, d)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, t.model.Close()) }()
	same := o
	same.ModelNameOrPath, same.Adapter, same.MaxRows, same.Wording = "", "", 0, t.wording
	config := struct {
		Options MAPO   `yaml:",inline"`
		Model   string `yaml:"model"`
	}{same, t.model.Hash()}
	judge := func(rows []sampler.Completion, beside map[int][]sampler.Completion) ([]float64, error) {
		scores := make([]float64, len(rows))
		for i, r := range rows {
			if spokenIn(r.Language, o.SourceLanguage) {
				continue
			}
			if scores[i], err = o.score(t, r, beside[r.LineID]); err != nil {
				return nil, fmt.Errorf("answer %d to prompt %s in %s: %w", r.Sample, r.ID, r.Language, err)
			}
		}
		return scores, nil
	}
	return agreement{name: "translation", config: config, completions: o.Completions, out: o.Out, language: o.SourceLanguage, batch: 16, judge: judge}.run(ctx, progress)
}

// score is that of one answer beside the source language's answers e. They share its prompt in the forest.
func (o MAPO) score(t *translator, r sampler.Completion, e []sampler.Completion) (float64, error) {
	prompt, err := t.prompt(request{r.Completion, r.Language, o.SourceLanguage})
	if err != nil {
		return 0, err
	}
	var texts [][]int32
	var starts []int
	tokens, sum, n := 0, 0.0, 0
	flush := func() {
		if len(texts) == 0 {
			return
		}
		a := dpo.NewAnswers(texts, starts)
		h := t.model.Forward(a.Forest, false)
		for i, logp := range a.Sums(t.model.LogProbs(h, a.Picks)) {
			sum += logp / float64(a.Count[i])
			n++
		}
		h.Free()
		texts, starts, tokens = nil, nil, 0
	}
	asked, err := json.Marshal("") // the form of the turn is that of any text
	if err != nil {
		return 0, err
	}
	for _, source := range e {
		if strings.TrimSpace(source.Completion) == "" {
			continue
		}
		answer, err := t.codec.Answer(asked, source.Completion, o.PromptFormat == "chat", t.model.Generation.EOS)
		if err != nil {
			return 0, err
		}
		ids := append(append([]int32{}, prompt...), answer...)
		if len(ids) > t.model.Spec.Positions {
			continue
		}
		texts, starts = append(texts, ids), append(starts, len(prompt))
		if tokens += len(answer); tokens >= o.MaxRows {
			flush()
		}
	}
	flush()
	if n == 0 || strings.TrimSpace(r.Completion) == "" {
		return reward.FailedScore, nil
	}
	return sum / float64(n), nil
}
