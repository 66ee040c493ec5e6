package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"croco/internal/jsonl"
	"croco/kernels"
	"croco/model"
	"croco/model/text"
	"croco/sampler"
)

// Generate are the options of the stage that writes answers.
type Generate struct {
	ModelNameOrPath string `yaml:"model_name_or_path" name:"model_name_or_path" help:"The language model: a folder, a GGUF file, or a repository in the Hugging Face cache."`
	Adapter         string `yaml:"adapter" name:"adapter" help:"Folder of a LoRA adapter on it."`
	Prompts         string `yaml:"prompts" name:"prompts" help:"Prompts: JSON lines with prompt (text or messages) or prompt_ids; several files, one per language, separated by commas."`
	Out             string `yaml:"out" name:"out" help:"File for the completions."`

	N                 int      `yaml:"n" name:"n" help:"Answers per prompt."`
	MaxNewTokens      int      `yaml:"max_new_tokens" name:"max_new_tokens" help:"Longest answer."`
	MinNewTokens      int      `yaml:"min_new_tokens" name:"min_new_tokens" help:"No end before so many tokens."`
	Temperature       float64  `yaml:"temperature" name:"temperature" help:"0 takes the likeliest token."`
	TopK              int      `yaml:"top_k" name:"top_k" help:"Only the k likeliest tokens; 0: all."`
	TopP              float64  `yaml:"top_p" name:"top_p" help:"Only the likeliest tokens that together reach this probability; 1: all."`
	MinP              float64  `yaml:"min_p" name:"min_p" help:"Only tokens at least so likely, relative to the likeliest; 0: all."`
	RepetitionPenalty float64  `yaml:"repetition_penalty" name:"repetition_penalty" help:"Above 1 it makes tokens that have occurred less likely."`
	Seed              uint64   `yaml:"seed" name:"seed" help:"Seed of the draws."`
	Stop              []string `yaml:"stop" name:"stop" help:"Texts that end an answer. The text is cut before them, the ids are not."`
	StopTokenIDs      []int32  `yaml:"stop_token_ids" name:"stop_token_ids" help:"More tokens that end an answer, beside the model's own."`
	IgnoreEOS         bool     `yaml:"ignore_eos" name:"ignore_eos" help:"Do not end at the model's end tokens."`
	Prefix            string   `yaml:"prefix" name:"prefix" help:"Text that every answer begins with."`
	PromptFormat      string   `yaml:"prompt_format" name:"prompt_format" help:"What a prompt that is a text becomes: text (as it is) or chat (one turn of a user, by the chat template)."`
	MaxRows           int      `yaml:"max_rows" name:"max_rows" help:"Answers written at the same time; it changes no bit. 0: 64, on a GPU as many as its memory holds, up to 256."`
	MaxModelLen       int      `yaml:"max_model_len" name:"max_model_len" help:"Positions that texts may have, for models whose context grows by another rotary scaling (longrope, dynamic); 0: their original context."`
	Shard             string   `yaml:"shard" name:"shard" help:"i/n: the i-th of n shares of the prompts, counted from 0."`
}

// GenerateDefaults are vLLM's: one answer at temperature 1 without truncation, of at most 16 tokens there, 256 here.
func GenerateDefaults() Generate {
	return Generate{N: 1, MaxNewTokens: 256, Temperature: 1, TopP: 1, RepetitionPenalty: 1, Seed: 42, PromptFormat: "text"}
}

// generation is what the rows of a completions file depend on.
type generation struct {
	Options Generate `yaml:",inline"`
	Model   string   `yaml:"model"` // hash
}

// Run writes the completions of all prompts, those of a prompt together, in the order of the prompts. What is in the
// file already is kept; ctx ends the run after whole prompts.
func (g Generate) Run(ctx context.Context, d kernels.Device, progress Progress) (err error) {
	if err := g.Validate(); err != nil {
		return err
	}
	shard, err := ParseShard(g.Shard)
	if err != nil {
		return err
	}
	files := splitList(g.Prompts)
	prompts, err := ReadPrompts(files...)
	if err != nil {
		return err
	}
	lo, hi := shard.Range(len(prompts))
	prompts = prompts[lo:hi]

	m, codec, err := openModel(g.ModelNameOrPath, g.Adapter, g.MaxModelLen, d)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, m.Close()) }()
	hash := m.Hash()
	w := writer{codec: codec, hash: hash, stops: g.Stop}
	params, jobs, err := w.plan(g, m, prompts)
	if err != nil {
		return err
	}

	same := g
	same.Out, same.MaxRows, same.ModelNameOrPath, same.Adapter, same.Prompts = "", 0, "", "", ""
	same.Shard = shard.String()
	manifest, err := newManifest("generate", generation{same, hash}, files...)
	if err != nil {
		return err
	}
	manifest.DType = d.Arithmetic().String()
	return manifest.fill(g.Out, func(out *jsonl.Writer) error {
		// Whole prompts are passed over; of one that was cut, the rows that stand in the file are not written again.
		whole := min(out.Rows/g.N, len(prompts))
		w.out, w.skip, w.prompts = out, out.Rows%g.N, prompts[whole:]
		s := sampler.New(m)
		s.Report = func(p sampler.Progress) {
			progress.tell(Update{Stage: "generate", Done: whole*g.N + p.Answers, Total: len(prompts) * g.N, Unit: "answers", Tokens: p.NewTokens,
				Shared: share(p.SharedTokens, p.PromptTokens)})
			manifest.Counts = map[string]int{"prompt_tokens_computed": p.PromptTokens, "prompt_tokens_shared": p.SharedTokens, "new_tokens": p.NewTokens}
		}
		return s.Generate(ctx, jobs[whole:], params, w.emit)
	})
}

// Validate refuses options that have no meaning, by the name of the key.
func (g Generate) Validate() error {
	if _, err := ParseShard(g.Shard); err != nil {
		return err
	}
	if g.PromptFormat != "text" && g.PromptFormat != "chat" {
		return fmt.Errorf("prompt_format: expected text or chat, found %q", g.PromptFormat)
	}
	if g.N < 1 {
		return fmt.Errorf("n: expected at least one answer per prompt, found %d", g.N)
	}
	return g.params().Validate()
}

// params are the sampler's, without what depends on the model.
func (g Generate) params() sampler.Params {
	return sampler.Params{Temperature: g.Temperature, TopK: g.TopK, TopP: g.TopP, MinP: g.MinP, RepetitionPenalty: g.RepetitionPenalty,
		MaxNewTokens: g.MaxNewTokens, MinNewTokens: g.MinNewTokens, Seed: g.Seed, MaxRows: g.MaxRows, Stop: slices.Clone(g.StopTokenIDs)}
}

// writer turns answers into rows of a completions file.
type writer struct {
	out     *jsonl.Writer
	codec   *text.Codec
	prompts []sampler.Prompt // from the first that is to be written
	hash    string
	stops   []string
	skip    int // answers of the first prompt that are in the file
}

// plan makes the sampler's jobs, and tells prompts that cannot be encoded by their id.
func (w *writer) plan(g Generate, m *model.Model, prompts []sampler.Prompt) (p sampler.Params, jobs []sampler.Job, err error) {
	p = g.params()
	if !g.IgnoreEOS {
		p.Stop = append(p.Stop, m.Generation.EOS...)
	}
	if w.codec != nil {
		p.Stopped = w.codec.Stopper(g.Stop)
		if g.Prefix != "" {
			p.Prefix, _ = w.codec.Encode(g.Prefix, false)
		}
	} else if len(g.Stop) > 0 || g.Prefix != "" {
		return p, nil, fmt.Errorf("%s has no tokenizer.json, so stop and prefix, which are texts, cannot be used", g.ModelNameOrPath)
	}
	for i := range prompts {
		row := &prompts[i]
		if len(row.PromptIDs) == 0 {
			if w.codec == nil {
				return p, nil, fmt.Errorf("prompt %s: %s has no tokenizer.json, so rows must hold prompt_ids", row.ID, g.ModelNameOrPath)
			}
			if row.PromptIDs, err = w.codec.Prompt(row.Prompt, g.PromptFormat == "chat"); err != nil {
				return p, nil, fmt.Errorf("prompt %s: %w", row.ID, err)
			}
		}
		for _, id := range row.PromptIDs {
			if id < 0 || int(id) >= m.Spec.Vocab {
				return p, nil, fmt.Errorf("prompt %s: id %d is not in the model's vocabulary of %d", row.ID, id, m.Spec.Vocab)
			}
		}
		if len(row.PromptIDs) == 0 || len(row.PromptIDs) >= m.Spec.Positions {
			return p, nil, fmt.Errorf("prompt %s has %d tokens: expected from 1 to %d, one less than the model's context; shorten it or drop it", row.ID, len(row.PromptIDs), m.Spec.Positions-1)
		}
		jobs = append(jobs, sampler.Job{Key: key(*row), Prompt: row.PromptIDs, N: g.N})
	}
	return p, jobs, nil
}

// emit appends the answers of one prompt.
func (w *writer) emit(job int, answers []sampler.Answer) error {
	p := w.prompts[job]
	var rows []any
	for i, a := range answers {
		if i < w.skip {
			continue
		}
		rows = append(rows, sampler.Completion{ID: p.ID, LineID: *p.LineID, Language: p.Language, Sample: i, Prompt: promptText(p.Prompt),
			Completion: w.text(a.IDs), PromptIDs: p.PromptIDs, CompletionIDs: a.IDs, Logprobs: a.Logprobs, FinishReason: a.Reason, Model: w.hash})
	}
	w.skip = 0
	return w.out.Append(rows...)
}

// text is an answer without special tokens, cut before the first stop string.
func (w *writer) text(ids []int32) string {
	if w.codec == nil {
		return ""
	}
	return before(w.codec.Decode(ids), w.stops)
}

// before cuts a text at the first of the stop strings.
func before(s string, stops []string) string {
	for _, stop := range stops {
		if i := strings.Index(s, stop); i >= 0 {
			s = s[:i]
		}
	}
	return s
}

// openModel opens a language model or classifier for reading, with an adapter where one is named. A reward model's adapter
// makes a classifier of a language model.
func openModel(dir, adapter string, context int, d kernels.Device) (*model.Model, *text.Codec, error) {
	o := model.Options{Device: d, Context: context}
	open := func() (*model.Model, error) { return model.Open(dir, o) }
	if classifies(adapter) {
		open = func() (*model.Model, error) { return model.OpenClassifier(dir, 0, o) }
	}
	m, err := open()
	if err != nil {
		return nil, nil, err
	}
	if adapter != "" {
		if err := m.LoadAdapter(adapter, false); err != nil {
			return nil, nil, errors.Join(err, m.Close())
		}
	}
	codec, err := text.Open(dir)
	if err != nil {
		return nil, nil, errors.Join(err, m.Close())
	}
	return m, codec, nil
}

// splitList splits at commas.
func splitList(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return r == ',' })
}

func share(part, rest int) float64 {
	if part+rest == 0 {
		return 0
	}
	return float64(part) / float64(part+rest)
}
