package engine

import (
	"context"
	"encoding/json"
	"fmt"

	"croco/internal/jsonl"
	"croco/model"
	"croco/model/text"
	"croco/pairing/lidr"
	"croco/pairing/translation"
	"croco/sampler"
)

// LIDR is the section of method lidr: docs/methods/lidr.md.
type LIDR struct {
	SourceLanguage string `yaml:"source_language"` // the language in which the model is better
	EnglishPairs   string `yaml:"english_pairs"`   // all | first | last: of which languages' pairs those of the source language are
	Empty          string `yaml:"empty"`           // drop | authors: an empty translation may stand in a pair
	Instructions   string `yaml:"instructions"`    // a file whose rows' ids are of prompts about translating: their answers are not translated
	Translation    Asking `yaml:"translation"`     // how the policy translates its answers
}

// lidrMethod teaches a model to prefer what it says in its better language, translated by itself.
var lidrMethod = method{
	key: "lidr", section: func(r *Recipe) any { return r.LIDR },
	about: func(r *Recipe) string {
		return fmt.Sprintf("translated from and to %s by the model itself and paired both ways", r.LIDR.SourceLanguage)
	},
	defaults: lidrDefaults, validate: lidrFaults,
	round: func(o *round) []stage {
		return []stage{{"prompts", o.prompts}, {"generate", o.generate}, {"translate answers", o.bothWays}, {"pair", o.lidrPairs},
			{"train", o.train}, {"report", o.report}}
	},
}

// lidrDefaults are the paper's; of training, which it does not tell, those of method icr.
func lidrDefaults(r *Recipe) {
	r.Rounds.N, r.Rounds.Prompts = 2, "divide"
	g := &r.Generate
	g.N, g.Temperature, g.RepetitionPenalty, g.MaxNewTokens = 1, 0, 1.1, 2400
	t := &r.Train
	t.LearningRate, t.WarmupSteps, t.MaxLength, t.RPOAlpha = 1e-6, 20, 3072, 1
	ask := AskingDefaults()
	ask.Format, ask.MaxNewTokens = "tagged", 4096
	o := lidr.Defaults()
	r.LIDR = LIDR{SourceLanguage: "en", EnglishPairs: o.EnglishPairs, Empty: o.Empty, Translation: ask}
}

func lidrFaults(r *Recipe) (faults []error) {
	if r.Generate.N != 1 {
		faults = append(faults, fmt.Errorf("generate.n: expected 1, as each answer is paired with a translation, found %d", r.Generate.N))
	}
	if _, _, err := translation.Language(r.LIDR.SourceLanguage); err != nil {
		faults = append(faults, fmt.Errorf("lidr.source_language: %w", err))
	}
	o := lidr.Defaults()
	o.EnglishPairs, o.Empty = r.LIDR.EnglishPairs, r.LIDR.Empty
	return append(faults, within("lidr.", o.Validate()), within("lidr.translation.", r.LIDR.Translation.Validate()))
}

// translations are the options of the round's policy translating its answers.
func (o *round) translations(source string, ask Asking, oneWay bool) Translations {
	return Translations{ModelNameOrPath: o.start.model, Adapter: o.start.adapter, Completions: o.Generate.Out,
		Out: o.path("translations", "translations.jsonl"), SourceLanguage: source, OneWay: oneWay, Asking: ask}
}

func (o *round) bothWays(ctx context.Context) error {
	return o.translations(o.LIDR.SourceLanguage, o.LIDR.Translation, false).Run(ctx, o.run.device, o.progress)
}

// lidrPairs makes the round's pairs of answers and translations.
func (o *round) lidrPairs(context.Context) error {
	p := LIDRPairs{LIDR: o.LIDR, ModelNameOrPath: o.start.model, PromptFormat: o.Generate.PromptFormat, Completions: o.Generate.Out,
		Translations: o.path("translations", "translations.jsonl"), Out: o.Train.TrainFile}
	return o.run.tell(p.Run())
}

// LIDRPairs are the options of pairing croco's own answers with their translations.
type LIDRPairs struct {
	LIDR            `yaml:",inline"`
	ModelNameOrPath string `yaml:"model_name_or_path"` // whose tokenizer makes ids; empty: the pairs hold texts alone
	PromptFormat    string `yaml:"prompt_format"`
	Completions     string `yaml:"completions"`
	Translations    string `yaml:"translations"`
	Out             string `yaml:"out"`
}

// Run makes the file of pairs, whole or not at all; the report is empty where it was made before.
func (p LIDRPairs) Run() (report string, err error) {
	same := p
	same.Translation, same.ModelNameOrPath, same.Completions, same.Translations, same.Out, same.Instructions = Asking{}, "", "", "", "", ""
	inputs := []string{p.Completions, p.Translations}
	if p.Instructions != "" {
		inputs = append(inputs, p.Instructions)
	}
	return pairsOf("pair lidr", same, p.Out, p.pairs, inputs...)
}

func (p LIDRPairs) pairs() (m found, err error) {
	answers, err := jsonl.All[sampler.Completion](p.Completions)
	if err != nil {
		return m, err
	}
	translations, err := jsonl.All[translation.Row](p.Translations)
	if err != nil {
		return m, err
	}
	o := lidr.Own{Source: p.SourceLanguage, EnglishPairs: p.EnglishPairs, Empty: p.Empty, Untranslated: map[sampler.ID]bool{}}
	if p.Instructions != "" {
		err := jsonl.Read(p.Instructions, func(_ int, row struct{ ID sampler.ID }) error {
			o.Untranslated[row.ID] = true
			return nil
		})
		if err != nil {
			return m, err
		}
	}
	if p.ModelNameOrPath != "" {
		if o.Encode, err = p.encoder(); err != nil {
			return m, err
		}
	}
	pairs, counts, err := lidr.FromAnswers(answers, translations, o)
	return foundPairs(pairs, lidr.Table(counts)), err
}

// encoder makes ids of a text as the model would have written it.
func (p LIDRPairs) encoder() (func(prompt json.RawMessage, answer string) ([]int32, error), error) {
	codec, err := text.Open(p.ModelNameOrPath)
	if err != nil {
		return nil, err
	}
	if codec == nil {
		return nil, fmt.Errorf("%s has no tokenizer.json, and translations are texts", p.ModelNameOrPath)
	}
	g, err := model.ReadGeneration(p.ModelNameOrPath)
	return func(prompt json.RawMessage, answer string) ([]int32, error) {
		return codec.Answer(prompt, answer, p.PromptFormat == "chat", g.EOS)
	}, err
}
