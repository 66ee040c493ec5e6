package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"croco/internal/jsonl"
	"croco/kernels"
	"croco/model/text"
	"croco/reward"
	"croco/reward/classifier"
	"croco/reward/language"
	"croco/reward/rules"
	"croco/sampler"
)

// Score are the options of the stage that gives every answer a number: ModelWeight · classifier + rules.
type Score struct {
	ModelNameOrPath string           `yaml:"model_name_or_path" name:"model_name_or_path" help:"A sequence-classification model: a folder, or a repository in the Hugging Face cache; none: the rules alone."`
	Adapter         string           `yaml:"adapter" name:"adapter" help:"Folder of a LoRA adapter on it."`
	ModelWeight     float64          `yaml:"model_weight" name:"model_weight" help:"Weight of the classifier's score beside the rules."`
	Rules           []map[string]any `yaml:"rules" kong:"-"` // see package rules
	Prompts         string           `yaml:"prompts" name:"prompts" help:"Prompts files, which hold the answers that rules verify."`
	Completions     string           `yaml:"completions" name:"completions" help:"Completions to score."`
	Out             string           `yaml:"out" name:"out" help:"File for the scores."`
	MaxRows         int              `yaml:"max_rows" name:"max_rows" help:"Tokens of one forward pass; it changes no bit."`
	MaxModelLen     int              `yaml:"max_model_len" name:"max_model_len" help:"Positions that texts may have, for models whose context grows by another rotary scaling; 0: their original context."`
	Shard           string           `yaml:"shard" name:"shard" help:"i/n: the i-th of n shares of the prompts, counted from 0."`

	// Detect, where not nil, tells an answer's language in place of package language.
	Detect func(reward.Scored) (code string, probability float32) `yaml:"-" kong:"-" json:"-"`
}

// ScoreDefaults are a classifier alone.
func ScoreDefaults() Score { return Score{ModelWeight: 1, MaxRows: 4096} }

// scoring is what the rows of a scores file depend on.
type scoring struct {
	Options Score  `yaml:",inline"`
	Model   string `yaml:"model"` // hash; "" for the rules alone
}

// scorer scores answers, those to a prompt together.
type scorer struct {
	options Score
	model   *classifier.Scorer // nil: the rules alone
	codec   *text.Codec        // of the model
	rules   *rules.Scorer      // nil: the model alone
	answers map[promptName]string
	name    string
	out     *jsonl.Writer
	tooLong int
}

type promptName struct {
	id       sampler.ID
	language string
}

// Run writes a row for every completion, in their order. What is in the file already is kept.
func (o Score) Run(ctx context.Context, d kernels.Device, progress Progress) (err error) {
	shard, err := ParseShard(o.Shard)
	if err != nil {
		return err
	}
	s := &scorer{options: o, name: "rules"}
	config := scoring{Options: o}
	if o.ModelNameOrPath != "" {
		m, codec, err := openModel(o.ModelNameOrPath, o.Adapter, o.MaxModelLen, d)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, m.Close()) }()
		if s.model, err = classifier.New(m, o.MaxRows); err != nil {
			return err
		}
		s.codec, config.Model = codec, m.Hash()
		s.name = config.Model
	}
	if err := s.readRules(); err != nil {
		return err
	}
	completions, err := jsonl.All[sampler.Completion](o.Completions)
	if err != nil {
		return err
	}
	rows := s.share(shard, completions)

	inputs := append([]string{o.Completions}, splitList(o.Prompts)...)
	config.Options.Out, config.Options.MaxRows, config.Options.ModelNameOrPath, config.Options.Adapter = "", 0, "", ""
	config.Options.Completions, config.Options.Prompts, config.Options.Shard = "", "", shard.String()
	manifest, err := newManifest("score", config, inputs...)
	if err != nil {
		return err
	}
	manifest.DType = d.Arithmetic().String()
	return manifest.fill(o.Out, func(w *jsonl.Writer) error {
		s.out = w
		err := s.all(ctx, rows, progress)
		manifest.Counts = map[string]int{"too_long": s.tooLong}
		if s.model != nil {
			manifest.Counts["tokens_computed"], manifest.Counts["tokens_stored"] = s.model.Computed, s.model.Stored
		}
		return err
	})
}

// readRules prepares the rules, and the verifiable answers of the prompts.
func (s *scorer) readRules() (err error) {
	if len(s.options.Rules) == 0 {
		if s.model == nil {
			return errors.New("nothing to score with: expected model_name_or_path (a sequence-classification model), rules, or both")
		}
		return nil
	}
	if s.rules, err = rules.Parse(s.options.Rules); err != nil || s.options.Prompts == "" {
		return err
	}
	prompts, err := ReadPrompts(splitList(s.options.Prompts)...)
	if err != nil {
		return err
	}
	s.answers = map[promptName]string{}
	for _, p := range prompts {
		var answer string
		if len(p.Answer) > 0 && json.Unmarshal(p.Answer, &answer) != nil {
			answer = string(p.Answer) // a number, say
		}
		s.answers[promptName{p.ID, p.Language}] = answer
	}
	return nil
}

// share is a shard's part of the completions: those of its prompts, all answers of a prompt together.
func (s *scorer) share(shard Shard, rows []sampler.Completion) []sampler.Completion {
	begins := []int{}
	for i, r := range rows {
		if i == 0 || r.ID != rows[i-1].ID || r.Language != rows[i-1].Language {
			begins = append(begins, i)
		}
	}
	lo, hi := shard.Range(len(begins))
	begins = append(begins, len(rows))
	return rows[begins[lo]:begins[hi]]
}

// all scores rows, passing over those that are in the file. Answers to a prompt stand together and share it in the
// classifier; where they are few, several prompts go through it at once.
func (s *scorer) all(ctx context.Context, rows []sampler.Completion, progress Progress) error {
	for next := min(s.out.Rows, len(rows)); next < len(rows); {
		if err := ctx.Err(); err != nil {
			return err
		}
		n, tokens := 0, 0
		for next+n < len(rows) && n < 1024 && (n == 0 || tokens < s.options.MaxRows) {
			r := rows[next+n]
			if tokens += len(r.CompletionIDs); n == 0 || r.ID != rows[next+n-1].ID || r.Language != rows[next+n-1].Language {
				tokens += len(r.PromptIDs)
			}
			n++
		}
		scored, err := s.score(rows[next : next+n])
		if err != nil {
			return err
		}
		next += n
		if err := s.out.Append(scored...); err != nil {
			return err
		}
		u := Update{Stage: "score", Done: s.out.Rows, Total: len(rows), Unit: "answers"}
		if s.model != nil {
			u.Tokens, u.Shared = s.model.Stored, share(s.model.Stored-s.model.Computed, s.model.Computed)
		}
		progress.tell(u)
	}
	return nil
}

// score scores answers.
func (s *scorer) score(answers []sampler.Completion) ([]any, error) {
	rows := make([]reward.Scored, len(answers))
	for i, c := range answers {
		rows[i] = newScored(c, s.name, s.options.Detect)
	}
	if s.model != nil {
		if err := s.classify(rows); err != nil {
			return nil, err
		}
	}
	if s.rules != nil {
		if err := s.applyRules(rows); err != nil {
			return nil, err
		}
	}
	out := make([]any, len(rows))
	for i := range rows {
		out[i] = rows[i]
	}
	return out, nil
}

// newScored is the row of an answer that has no score yet. detect, where not nil, tells its language in place of package
// language.
func newScored(c sampler.Completion, scorer string, detect func(reward.Scored) (string, float32)) reward.Scored {
	row := reward.Scored{Completion: c, Scorer: scorer, Length: utf8.RuneCountInString(c.Completion)}
	switch {
	case detect != nil:
		row.DetectedLanguage, row.LanguageProbability = detect(row)
	case strings.ContainsFunc(c.Completion, unicode.IsLetter): // "42." is of every language
		row.DetectedLanguage, row.LanguageProbability = language.Detect(c.Completion)
	}
	return row
}

// classify sets the scores to the classifier's, FailedScore for what does not fit its context.
func (s *scorer) classify(rows []reward.Scored) error {
	var texts [][]int32
	var at []int
	for i, r := range rows {
		ids := slices.Concat(r.PromptIDs, r.CompletionIDs) // without a tokenizer of its own the classifier reads the ids
		if s.codec != nil && string(promptText(r.Prompt)) != "null" {
			var err error
			if ids, err = s.codec.Conversation(r.Prompt, r.Completion.Completion); err != nil {
				return fmt.Errorf("answer %d to prompt %s: %w", r.Sample, r.ID, err)
			}
		}
		if len(ids) == 0 {
			return fmt.Errorf("answer %d to prompt %s has no token ids, and %s has no tokenizer.json to make them: write completions with croco generate, or put the tokenizer into the folder",
				r.Sample, r.ID, s.options.ModelNameOrPath)
		}
		if !s.model.Fits(ids) {
			rows[i].Score = reward.FailedScore
			s.tooLong++
			continue
		}
		texts, at = append(texts, ids), append(at, i)
	}
	for i, v := range s.model.Score(texts) {
		rows[at[i]].Score = s.options.ModelWeight * v
	}
	return nil
}

// applyRules adds the rules' score.
func (s *scorer) applyRules(rows []reward.Scored) error {
	for i := range rows {
		r := &rows[i]
		if r.Score == reward.FailedScore {
			continue
		}
		var prompt string
		if json.Unmarshal(r.Prompt, &prompt) != nil {
			prompt = string(r.Prompt)
		}
		row := rules.Row{Prompt: prompt, Language: r.Language, Completion: r.Completion.Completion,
			Answer: s.answers[promptName{r.ID, r.Language}], FinishReason: r.FinishReason, Tokens: len(r.CompletionIDs)}
		if err := s.rules.Check(row); err != nil {
			return fmt.Errorf("prompt %s: %w", r.ID, err)
		}
		v, _ := s.rules.Score(row)
		r.Score += v
		if !strings.Contains(r.Scorer, "rules") {
			r.Scorer += "+rules"
		}
	}
	return nil
}
