package engine

import (
	"context"
	"errors"
	"fmt"

	"croco/dpo"
	"croco/internal/jsonl"
	"croco/kernels"
	"croco/model"
	"croco/model/text"
	"croco/pairing/icr"
	"croco/reward"
	"croco/sampler"
)

// Implicit are the options of the stage that scores answers by how much likelier one model finds them than another, under
// a prompt that need not be the one that was answered:
//
//	score = β · (log π(y | G(x)) − log π_ref(y | G(x))),    summed over the answer's tokens, its end included
type Implicit struct {
	ModelNameOrPath  string  `yaml:"model_name_or_path" name:"model_name_or_path" help:"The tuned model π."`
	Adapter          string  `yaml:"adapter" name:"adapter" help:"Folder of a LoRA adapter on it."`
	ReferenceModel   string  `yaml:"reference_model" name:"reference_model" help:"The model π_ref that it came from; empty: the same model."`
	ReferenceAdapter string  `yaml:"reference_adapter" name:"reference_adapter" help:"Folder of a LoRA adapter on that; empty: none."`
	Completions      string  `yaml:"completions" name:"completions" help:"Answers to score."`
	Prompts          string  `yaml:"prompts" name:"prompts" help:"Prompts files with the source language's prompts; not needed by variant multilingual."`
	Translations     string  `yaml:"translations" name:"translations" help:"The answers in the source language, for variant translated (croco translate --completions)."`
	Out              string  `yaml:"out" name:"out" help:"File for the scores."`
	Variant          string  `yaml:"variant" name:"variant" help:"crosslingual: under the English prompt with a prefix that asks for the language; multilingual: under the prompt itself; translated: the translated answer under the English prompt."`
	Prefix           string  `yaml:"prefix" name:"prefix" help:"The line that asks for a {language}; none for the source language."`
	SourceLanguage   string  `yaml:"source_language" name:"source_language" help:"The language in which the tuned model was tuned."`
	PromptFormat     string  `yaml:"prompt_format" name:"prompt_format" help:"What a prompt that is a text becomes: text or chat."`
	Beta             float64 `yaml:"beta" name:"beta" help:"Factor of the score; ICR's length control is calibrated for 1."`
	MaxRows          int     `yaml:"max_rows" name:"max_rows" help:"Tokens of one forward pass; it changes no bit."`
}

// ImplicitDefaults are ICR's.
func ImplicitDefaults() Implicit {
	return Implicit{Variant: "crosslingual", Prefix: icr.DefaultPrefix, SourceLanguage: "en", PromptFormat: "text", Beta: 1, MaxRows: 4096}
}

// ImplicitScored is a row of the scores: the score, and what it is the difference of.
type ImplicitScored struct {
	reward.Scored
	PolicyLogp    float64 `json:"policy_logp"`
	ReferenceLogp float64 `json:"reference_logp"`
}

// implying is what the rows of the scores depend on.
type implying struct {
	Options   Implicit `yaml:",inline"`
	Model     string   `yaml:"model"`     // hash
	Reference string   `yaml:"reference"` // hash
}

// Run writes a row for every completion, in their order. What is in the file already is kept.
func (o Implicit) Run(ctx context.Context, d kernels.Device, progress Progress) (err error) {
	s, err := o.open(d)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	rows, err := jsonl.All[sampler.Completion](o.Completions)
	if err != nil {
		return err
	}
	if s.asked, err = o.asked(s.codec, s.policy.Generation.EOS); err != nil {
		return err
	}
	config := implying{Options: o, Model: s.policyHash, Reference: s.referenceHash}
	c := &config.Options
	c.ModelNameOrPath, c.Adapter, c.ReferenceModel, c.ReferenceAdapter = "", "", "", ""
	c.Completions, c.Prompts, c.Translations, c.Out, c.MaxRows = "", "", "", "", 0
	manifest, err := newManifest("score by likelihood", config, o.inputs()...)
	if err != nil {
		return err
	}
	manifest.DType = d.Arithmetic().String()
	return manifest.fill(o.Out, func(w *jsonl.Writer) error {
		s.out = w
		err := s.all(ctx, rows, o.MaxRows, progress)
		manifest.Counts = map[string]int{"not_scored": s.failed, "tokens_computed": s.computed, "tokens_stored": s.stored}
		return err
	})
}

func (o Implicit) inputs() []string {
	files := append([]string{o.Completions}, splitList(o.Prompts)...)
	if o.Variant == "translated" {
		files = append(files, o.Translations)
	}
	return files
}

// likelihood scores answers with two models, of which the second may be the first without its adapter.
type likelihood struct {
	Implicit
	codec                     *text.Codec
	policy, reference         *model.Model // one model where toggled
	toggled                   bool
	policyHash, referenceHash string
	asked                     *asked
	out                       *jsonl.Writer

	failed, computed, stored int
}

// open opens the two models, or the one.
func (o Implicit) open(d kernels.Device) (*likelihood, error) {
	s := &likelihood{Implicit: o}
	var err error
	if s.policy, s.codec, err = openModel(o.ModelNameOrPath, o.Adapter, 0, d); err != nil {
		return nil, err
	}
	s.policyHash = s.policy.Hash()
	if s.toggled = o.ReferenceAdapter == "" && (o.ReferenceModel == "" || o.ReferenceModel == o.ModelNameOrPath); s.toggled {
		s.reference = s.policy
		was := s.policy.SetAdapter(false)
		s.referenceHash = s.policy.Hash()
		s.policy.SetAdapter(was)
	} else {
		name := o.ReferenceModel
		if name == "" {
			name = o.ModelNameOrPath
		}
		if s.reference, _, err = openModel(name, o.ReferenceAdapter, 0, d); err != nil {
			return nil, errors.Join(err, s.policy.Close())
		}
		s.referenceHash = s.reference.Hash()
	}
	switch a, b := s.policy.Spec.Vocab, s.reference.Spec.Vocab; {
	case a != b:
		err = fmt.Errorf("the two models have vocabularies of %d and %d: expected one tokenizer for both", a, b)
	case s.policyHash == s.referenceHash:
		err = fmt.Errorf("%s and its reference are the same weights, so every score would be 0: expected a tuned model and the one it came from", o.ModelNameOrPath)
	}
	if err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

func (s *likelihood) close() error {
	if s.toggled {
		return s.policy.Close()
	}
	return errors.Join(s.policy.Close(), s.reference.Close())
}

// all scores rows, passing over those that are in the file, as many at once as maxRows tokens hold.
func (s *likelihood) all(ctx context.Context, rows []sampler.Completion, maxRows int, progress Progress) error {
	for next := min(s.out.Rows, len(rows)); next < len(rows); {
		if err := ctx.Err(); err != nil {
			return err
		}
		var texts []conversation
		tokens, first := 0, next
		for ; next < len(rows) && (next == first || tokens < maxRows); next++ {
			c, err := s.asked.conversation(rows[next])
			if err != nil {
				return fmt.Errorf("answer %d to prompt %s in %s: %w", rows[next].Sample, rows[next].ID, rows[next].Language, err)
			}
			tokens += len(c.ids)
			texts = append(texts, c)
		}
		if err := s.append(rows[first:next], texts); err != nil {
			return err
		}
		progress.tell(Update{Stage: "score", Done: s.out.Rows, Total: len(rows), Unit: "answers", Tokens: s.stored, Shared: share(s.stored-s.computed, s.computed)})
	}
	return nil
}

// append scores some answers, each under its conversation, and writes their rows.
func (s *likelihood) append(rows []sampler.Completion, texts []conversation) error {
	var ids [][]int32
	var starts, at []int
	for i, c := range texts {
		if len(c.ids) > c.prompt && len(c.ids) <= min(s.policy.Spec.Positions, s.reference.Spec.Positions) {
			ids, starts, at = append(ids, c.ids), append(starts, c.prompt), append(at, i)
		}
	}
	s.failed += len(rows) - len(at)
	scored := make([]any, len(rows))
	out := make([]ImplicitScored, len(rows))
	for i, c := range rows {
		out[i].Scored = newScored(c, "implicit "+s.policyHash+" / "+s.referenceHash, nil)
		out[i].Score = reward.FailedScore
	}
	if len(ids) > 0 {
		policy, reference, err := s.sums(dpo.NewAnswers(ids, starts))
		if err != nil {
			return err
		}
		for k, i := range at {
			out[i].PolicyLogp, out[i].ReferenceLogp = policy[k], reference[k]
			out[i].Score = s.Beta * (policy[k] - reference[k])
		}
	}
	for i := range out {
		scored[i] = out[i]
	}
	return s.out.Append(scored...)
}

// sums are the log-probabilities of answers under both models.
func (s *likelihood) sums(a *dpo.Answers) (policy, reference []float64, err error) {
	of := func(m *model.Model) []float64 {
		h := m.Forward(a.Forest, false)
		defer h.Free()
		s.computed += a.Forest.Rows()
		s.stored += a.Tokens
		return a.Sums(m.LogProbs(h, a.Picks))
	}
	policy = of(s.policy)
	if s.toggled {
		defer s.policy.SetAdapter(s.policy.SetAdapter(false))
	}
	reference = of(s.reference)
	return policy, reference, s.policy.Device().Sync()
}
