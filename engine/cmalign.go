package engine

import (
	"context"
	"errors"
	"fmt"

	"croco/kernels"
	"croco/model/text"
	"croco/pairing"
	"croco/pairing/cmalign"
	"croco/pairing/translation"
	"croco/reward"
	"croco/reward/embedding"
	"croco/sampler"
)

// CMAlign is the section of method cm-align, and the options of its stage: an answer's score is the cosine of its embedding
// and that of the source language's answer which agrees best with its like. docs/methods/cm-align.md.
type CMAlign struct {
	ModelNameOrPath string `yaml:"model_name_or_path" name:"model_name_or_path" help:"The model whose hidden states are the embeddings, of any kind: a folder, or a repository in the Hugging Face cache."`
	Adapter         string `yaml:"adapter" name:"adapter" help:"Folder of a LoRA adapter on it."`
	Layer           int    `yaml:"layer" name:"layer" help:"Which hidden states: 0 the embeddings, 1 the first block's … −1 the last, normalised."`
	Pooling         string `yaml:"pooling" name:"pooling" help:"A vector for an answer: mean over its tokens, or the last token's."`
	SourceLanguage  string `yaml:"source_language" name:"source_language" help:"The language whose answers are the measure."`
	MaxRows         int    `yaml:"max_rows" name:"max_rows" help:"Tokens of one forward pass; it changes no bit."`
	Completions     string `yaml:"-" name:"completions" help:"Answers to score: croco generate writes them."`
	Out             string `yaml:"-" name:"out" help:"File for the scores."`
}

// CMAlignDefaults pool the last layer over an answer's tokens.
func CMAlignDefaults() CMAlign {
	return CMAlign{Layer: -1, Pooling: "mean", SourceLanguage: "en", MaxRows: 4096}
}

var cmalignMethod = method{
	key: "cm_align", also: []string{"pair"}, section: func(r *Recipe) any { return r.CMAlign },
	about: func(r *Recipe) string {
		return fmt.Sprintf("scored by agreement with the %s answers in the eyes of %s", r.CMAlign.SourceLanguage, r.CMAlign.ModelNameOrPath)
	},
	defaults: func(r *Recipe) {
		agreementDefaults(r)
		r.CMAlign = CMAlignDefaults()
	},
	validate: func(r *Recipe) []error {
		c := r.CMAlign
		_, err := embedding.New(nil, embedding.Pooling(c.Pooling), 0)
		return agreementFaults(r, "cm_align", c.ModelNameOrPath, c.SourceLanguage, err)
	},
	round: func(o *round) []stage { return agreementStages(o, o.align) },
}

// agreementStages are a round whose scores come from a stage of its own.
func agreementStages(o *round, score func(context.Context) error) []stage {
	return []stage{{"prompts", o.prompts}, {"generate", o.generate}, {"score", score}, {"pair", o.pair}, {"train", o.train}, {"report", o.report}}
}

// agreementDefaults pair the answer that agrees best with the one that agrees least; the rest is CroCo's.
func agreementDefaults(r *Recipe) {
	crocoDefaults(r)
	r.Generate.N, r.Pair.RejectTarget = 10, pairing.Min
}

func agreementFaults(r *Recipe, section, model, source string, more error) (faults []error) {
	if model == "" {
		faults = append(faults, fmt.Errorf("%s.model_name_or_path: expected the folder of a model, found nothing", section))
	}
	if r.Generate.N < 2 {
		faults = append(faults, fmt.Errorf("generate.n: a pair needs two answers at least, found %d", r.Generate.N))
	}
	if _, _, err := translation.Language(source); err != nil {
		faults = append(faults, fmt.Errorf("%s.source_language: %w", section, err))
	}
	if err := r.Pair.Validate(); err != nil {
		faults = append(faults, fmt.Errorf("pair.%w", err))
	}
	if more != nil {
		faults = append(faults, fmt.Errorf("%s.%w", section, more))
	}
	return faults
}

func (o *round) align(ctx context.Context) error {
	c := o.CMAlign
	c.Completions, c.Out = o.Generate.Out, o.Score.Out
	return c.Run(ctx, o.run.device, o.progress)
}

// Run writes a row for every completion, its cosine as its score.
func (o CMAlign) Run(ctx context.Context, d kernels.Device, progress Progress) (err error) {
	m, codec, err := openModel(o.ModelNameOrPath, o.Adapter, 0, d)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, m.Close()) }()
	a := aligner{options: o, codec: codec, anchors: map[int][]float32{}}
	if a.embedder, err = embedding.New(m, embedding.Pooling(o.Pooling), o.MaxRows); err != nil {
		return err
	}
	if _, err := a.embedder.Layer(o.Layer); err != nil {
		return err
	}
	same := o
	same.ModelNameOrPath, same.Adapter, same.MaxRows = "", "", 0
	config := struct {
		Options CMAlign `yaml:",inline"`
		Model   string  `yaml:"model"`
	}{same, m.Hash()}
	return agreement{name: "agreement", config: config, completions: o.Completions, out: o.Out, language: o.SourceLanguage, batch: 64, judge: a.judge}.run(ctx, progress)
}

// aligner holds answers against the anchors of their lines.
type aligner struct {
	options  CMAlign
	codec    *text.Codec
	embedder *embedding.Embedder
	anchors  map[int][]float32
}

// judge gives answers their cosine to the anchor.
func (a aligner) judge(rows []sampler.Completion, beside map[int][]sampler.Completion) ([]float64, error) {
	scores := make([]float64, len(rows))
	vectors, err := a.embed(rows)
	if err != nil {
		return nil, err
	}
	for i, r := range rows {
		if _, known := a.anchors[r.LineID]; !known {
			if a.anchors[r.LineID], err = a.anchor(beside[r.LineID]); err != nil {
				return nil, err
			}
		}
		scores[i] = reward.FailedScore
		if anchor := a.anchors[r.LineID]; anchor != nil && vectors[i] != nil {
			scores[i] = cmalign.Cosine(vectors[i], anchor)
		}
	}
	return scores, nil
}

// anchor is the vector of the answer that agrees best with the others; nil where none has one.
func (a aligner) anchor(answers []sampler.Completion) ([]float32, error) {
	all, err := a.embed(answers)
	if err != nil {
		return nil, err
	}
	var vectors [][]float32
	for _, v := range all {
		if v != nil {
			vectors = append(vectors, v)
		}
	}
	if vectors == nil {
		return nil, nil
	}
	return vectors[cmalign.Anchor(vectors)], nil
}

// embed gives answers their vectors; nil for one that is empty or too long. Without a tokenizer the model reads the ids
// that the answer was written in, and must be of the same vocabulary.
func (a aligner) embed(rows []sampler.Completion) ([][]float32, error) {
	var texts [][]int32
	var at []int
	for i, r := range rows {
		ids := r.CompletionIDs
		if a.codec != nil && r.Completion != "" {
			var err error
			if ids, err = a.codec.Encode(r.Completion, true); err != nil {
				return nil, err
			}
		}
		if a.embedder.Fits(ids) {
			texts, at = append(texts, ids), append(at, i)
		}
	}
	found, err := a.embedder.Embed(texts, a.options.Layer)
	if err != nil {
		return nil, err
	}
	vectors := make([][]float32, len(rows))
	for k, i := range at {
		vectors[i] = found[0][k]
	}
	return vectors, nil
}
